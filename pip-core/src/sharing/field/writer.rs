//! The exporter's side of a field: its buffers, which it fills one after the other.

use super::block::{Block, MAX_BUFFERS, MIN_BUFFERS};
use super::{Dtype, Element, FieldError, Layout, key};
use crate::registry::NameError;
use crate::sharing::{Sharing, SharingError};
use core::marker::PhantomData;
use core::ptr::NonNull;
use std::alloc;

/// Buffers begin at cache lines, so that exporter and readers do not write and read the same ones.
const ALIGNMENT: usize = 128;

/// A field by its code of elements; [`FieldWriter`] is the same for a Rust type. Dropping it withdraws the name and the steps ([`Writer::leave`] does not);
/// buffers that somebody still holds stay until this task ends, as does the description of the field, some 600 bytes.
#[derive(Debug)]
pub struct Writer {
    sharing: Sharing,
    key: Vec<u8>,
    block: &'static Block,
    dtype: Dtype,
    layout: Layout,
    memory: NonNull<u8>,
    memory_layout: alloc::Layout,
    /// The buffer that was written last.
    current: Option<usize>,
    next: usize,
    last: Option<u64>,
}

// SAFETY: the memory is this writer's own; what readers read of it is changed by `&mut self` alone, and never while they do.
unsafe impl Send for Writer {}
// SAFETY: as above.
unsafe impl Sync for Writer {}

impl Writer {
    /// Exports an array of the layout as `name`, with `buffers` buffers of zeros, for `buffers - 2` readers at a time.
    pub fn export(
        sharing: Sharing,
        name: &str,
        dtype: Dtype,
        layout: &Layout,
        buffers: usize,
    ) -> Result<Writer, FieldError> {
        sharing.check()?;
        if !(MIN_BUFFERS..=MAX_BUFFERS).contains(&buffers) {
            return Err(FieldError::BadBuffers(buffers));
        }
        let bytes = layout.len() * dtype.size();
        let no_memory = || FieldError::NoMemory(buffers, bytes);
        let stride = bytes.next_multiple_of(ALIGNMENT);
        let size = stride.checked_mul(buffers).ok_or_else(no_memory)?;
        let memory_layout = alloc::Layout::from_size_align(size, ALIGNMENT).map_err(|_| no_memory())?;
        // SAFETY: a layout of at least one element is not empty.
        let memory = NonNull::new(unsafe { alloc::alloc_zeroed(memory_layout) }).ok_or_else(no_memory)?;
        let data: Vec<usize> = (0..buffers).map(|buffer| memory.as_ptr() as usize + buffer * stride).collect();
        let block: &'static Block = Box::leak(Box::new(Block::new(dtype, layout, &data)));
        let key = key(name);
        let exported = sharing.own_entry().names().export(&key, core::ptr::from_ref(block) as usize);
        let layout = layout.clone();
        let writer =
            Writer { sharing, key, block, dtype, layout, memory, memory_layout, current: None, next: 0, last: None };
        match exported {
            Ok(()) => Ok(writer),
            Err(error) => {
                let who = if sharing.id.is_some() { "task" } else { "root" };
                writer.discard();
                Err(FieldError::Sharing(match error {
                    NameError::Exists => SharingError::Exists(who, name.to_owned()),
                    NameError::NoMemory => SharingError::NoMemory(name.to_owned()),
                }))
            }
        }
    }

    /// The elements.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Where elements are in a buffer.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The step published last.
    pub fn last(&self) -> Option<u64> {
        self.last
    }

    /// Address of the buffer that was finished last and is not written any more, if there is one, and of the one to be written.
    pub fn addresses(&self) -> (Option<usize>, usize) {
        (self.current.map(|buffer| self.block.address(buffer)), self.block.address(self.next))
    }

    /// Says that the buffer being written is finished and is `step`, wakes those who wait for it, and goes on to a buffer
    /// that nobody reads. Never waits.
    pub fn publish(&mut self, step: u64) -> Result<(), FieldError> {
        let last = self.last.unwrap_or(0);
        if step == u64::MAX || step < last || self.last == Some(step) {
            return Err(FieldError::BadStep(step, last));
        }
        self.last = Some(step);
        self.block.publish(self.next, step);
        self.advance();
        Ok(())
    }

    /// Like [`Writer::publish`], but no reader gets to see this step.
    pub fn advance(&mut self) {
        self.current = Some(self.next);
        self.next = self.block.choose(self.next);
    }

    /// Ends writing, but leaves name and steps for readers until this task ends, and the last step even longer for those who
    /// have attached by then.
    pub fn leave(self) {
        core::mem::forget(self);
    }

    /// Frees a field that nobody has seen.
    fn discard(mut self) {
        self.free();
        core::mem::forget(self);
    }

    fn free(&mut self) {
        // SAFETY: from the allocator with this layout; nobody reads it any more.
        unsafe { alloc::dealloc(self.memory.as_ptr(), self.memory_layout) };
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // A process that was forked meanwhile has a copy, but the name and the readers are its parent's.
        if self.sharing.check().is_ok() {
            self.sharing.own_entry().names().withdraw(&self.key);
            if self.block.close() {
                self.free();
            }
        }
    }
}

/// An array that is exported step by step.
#[derive(Debug)]
pub struct FieldWriter<T: Element> {
    writer: Writer,
    element: PhantomData<T>,
}

impl<T: Element> FieldWriter<T> {
    pub(super) fn new(writer: Writer) -> FieldWriter<T> {
        FieldWriter { writer, element: PhantomData }
    }

    /// The whole buffer to write the next step into. What is in it is old, not of the last step.
    pub fn next_buffer(&mut self) -> &mut [T] {
        self.both().1
    }

    /// The buffer that was finished last (zeros before the first), and the one to write: what a solver reads and writes.
    pub fn both(&mut self) -> (&[T], &mut [T]) {
        let (current, next) = self.writer.addresses();
        let len = self.writer.layout.len();
        // SAFETY: `len` elements of T, for which the writer was made, zeroed at first; any bits are a T. The next buffer is
        // nobody else's before it is published, and the borrow ends before that; the current one is another, and is only read.
        unsafe {
            let next = core::slice::from_raw_parts_mut(next as *mut T, len);
            let current = current.unwrap_or_else(|| self.writer.block.address(self.writer.block.buffers() - 1));
            (core::slice::from_raw_parts(current as *const T, len), next)
        }
    }

    /// Copies an array of the buffer's length in and publishes it.
    ///
    /// # Panics
    /// If it has another length.
    pub fn put(&mut self, step: u64, data: &[T]) -> Result<(), FieldError> {
        self.next_buffer().copy_from_slice(data);
        self.publish(step)
    }

    /// [`Writer::publish`].
    pub fn publish(&mut self, step: u64) -> Result<(), FieldError> {
        self.writer.publish(step)
    }

    /// [`Writer::advance`].
    pub fn advance(&mut self) {
        self.writer.advance();
    }

    /// [`Writer::leave`].
    pub fn leave(self) {
        self.writer.leave();
    }

    /// Where elements are in a buffer.
    pub fn layout(&self) -> &Layout {
        self.writer.layout()
    }
}
