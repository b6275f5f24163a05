//! What a rank brings to a collective call: its buffer as blocks, one or one per peer, each with a layout of its own.

use crate::abi::{Count, Datatype};
use crate::layout::{Layout, View, copy};
use crate::{abi, operation};
use core::ffi::{c_int, c_void};
use std::sync::Arc;

/// Blocks of data at addresses that all ranks may use; peers read it.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Blocks {
    base: *mut u8,
    /// Bytes of a block, and from one to the next, if `views` is null.
    bytes: usize,
    stride: isize,
    /// A view per block.
    views: *const View,
}

impl Blocks {
    /// No data.
    pub const NONE: Blocks = Blocks { base: core::ptr::null_mut(), bytes: 0, stride: 0, views: core::ptr::null() };

    /// A block.
    ///
    /// # Safety
    /// There are more than `index` blocks, and their owner has not taken them back.
    #[inline]
    pub unsafe fn block(&self, index: u32) -> View {
        if self.views.is_null() {
            View::bytes(self.base.wrapping_offset(index as isize * self.stride), self.bytes)
        } else {
            // SAFETY: the caller's promise.
            unsafe { *self.views.add(index as usize) }
        }
    }
}

/// An array of counts or displacements of a call with `int`s or with MPI_Count.
#[derive(Debug, Clone, Copy)]
pub enum Array {
    Int(*const c_int),
    Large(*const Count),
}

impl Array {
    fn is_null(self) -> bool {
        match self {
            Array::Int(array) => array.is_null(),
            Array::Large(array) => array.is_null(),
        }
    }

    /// `count` numbers; None if the array is null.
    ///
    /// # Safety
    /// The array is null or has so many.
    pub unsafe fn read(self, count: u32) -> Option<Vec<Count>> {
        if self.is_null() {
            return None;
        }
        // SAFETY: the caller's promise.
        Some((0..count as usize).map(|i| unsafe { self.get(i) }).collect())
    }

    /// SAFETY of callers: the array is longer than `index`.
    unsafe fn get(self, index: usize) -> Count {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Array::Int(array) => Count::from(*array.add(index)),
                Array::Large(array) => *array.add(index),
            }
        }
    }
}

/// Blocks of this rank's, with what they point to.
#[derive(Debug)]
pub struct Side {
    blocks: Blocks,
    count: u32,
    /// What `blocks` points to. Most have nothing of it, and are moved often.
    parts: Option<Box<Parts>>,
}

/// Views of blocks, with what they point to.
#[derive(Debug)]
struct Parts {
    views: Box<[View]>,
    layouts: Vec<Arc<Layout>>,
    _copy: Option<Box<[u8]>>,
}

// SAFETY: the addresses are the program's buffers, valid in every thread.
unsafe impl Send for Side {}
// SAFETY: as above.
unsafe impl Sync for Side {}

impl Side {
    /// `count` elements, the same for all peers; None if the MPI library must judge the arguments.
    #[inline]
    pub fn one(buffer: *mut c_void, count: Count, datatype: Datatype) -> Option<Side> {
        let (view, layout) = operation::data(buffer, count, datatype)?;
        if let Some(base) = view.contiguous() {
            return Some(Side::plain(Blocks { base, bytes: view.len(), stride: 0, views: core::ptr::null() }, 1));
        }
        Some(Side::of_views(Box::new([view]), layout.into_iter().collect(), None))
    }

    /// Blocks of `count` elements each, one after the other.
    pub fn rows(buffer: *mut c_void, count: Count, datatype: Datatype, blocks: u32) -> Option<Side> {
        let (first, layout) = operation::data(buffer, count, datatype)?;
        let extent = layout.as_ref().map_or(first.len() as isize, |layout| layout.extent() * count as isize);
        if let Some(base) = first.contiguous() {
            return Some(Side::plain(Blocks { base, bytes: first.len(), stride: extent, views: core::ptr::null() }, blocks));
        }
        let layout = layout?;
        let at = |i: u32| buffer.cast::<u8>().wrapping_offset(i as isize * extent);
        let views = (0..blocks).map(|i| layout.view(at(i), count as usize)).collect();
        Some(Side::of_views(views, vec![layout], None))
    }

    /// Blocks of `counts[i]` elements at `displacements[i]` extents.
    ///
    /// # Safety
    /// The arrays have a number per block.
    pub unsafe fn varying(
        buffer: *mut c_void,
        counts: Array,
        displacements: Array,
        datatype: Datatype,
        blocks: u32,
    ) -> Option<Side> {
        if counts.is_null() || displacements.is_null() {
            return None;
        }
        let extent = match abi::builtin_size(datatype) {
            Some(size) => size as isize,
            None => crate::datatype::layout(datatype)?.extent(),
        };
        let (mut views, mut layouts) = (Vec::with_capacity(blocks as usize), Vec::new());
        for i in 0..blocks as usize {
            // SAFETY: the caller's promise.
            let (count, displacement) = unsafe { (counts.get(i), displacements.get(i)) };
            let (view, layout) = Side::block_at(buffer, extent * displacement as isize, count, datatype)?;
            views.push(view);
            if layouts.is_empty() {
                layouts.extend(layout); // the same for all
            }
        }
        Some(Side::of_views(views.into(), layouts, None))
    }

    /// Blocks of `counts[i]` elements of `types[i]` at `displacements[i]` bytes.
    ///
    /// # Safety
    /// The arrays have an element per block.
    pub unsafe fn typed(
        buffer: *mut c_void,
        counts: Array,
        displacements: Array,
        types: *const Datatype,
        blocks: u32,
    ) -> Option<Side> {
        if counts.is_null() || displacements.is_null() || types.is_null() {
            return None;
        }
        let (mut views, mut layouts) = (Vec::with_capacity(blocks as usize), Vec::new());
        for i in 0..blocks as usize {
            // SAFETY: the caller's promise.
            let (count, displacement, datatype) = unsafe { (counts.get(i), displacements.get(i), *types.add(i)) };
            let (view, layout) = Side::block_at(buffer, displacement as isize, count, datatype)?;
            views.push(view);
            layouts.extend(layout);
        }
        Some(Side::of_views(views.into(), layouts, None))
    }

    /// NULL is MPI_BOTTOM: a displacement may make an address of it.
    fn block_at(buffer: *mut c_void, offset: isize, count: Count, datatype: Datatype) -> Option<(View, Option<Arc<Layout>>)> {
        operation::data(buffer.wrapping_byte_offset(offset), count, datatype)
    }

    /// A copy of the blocks of `other`, for a rank that overwrites them before its peers have read them.
    ///
    /// # Safety
    /// The blocks can be read.
    pub unsafe fn copy_of(other: &Side) -> Side {
        let views: Vec<View> = (0..other.count).map(|i| other.block(i)).collect();
        let mut copied = vec![0u8; views.iter().map(View::len).sum()].into_boxed_slice();
        let mut at = copied.as_mut_ptr();
        let copies = views
            .iter()
            .map(|view| {
                let copy_view = View::bytes(at, view.len());
                at = at.wrapping_add(view.len());
                // SAFETY: the caller's promise, and memory of our own of the same length.
                unsafe { copy(view, &copy_view, view.len()) };
                copy_view
            })
            .collect();
        Side::of_views(copies, Vec::new(), Some(copied))
    }

    /// No blocks.
    pub fn nothing() -> Side {
        Side::plain(Blocks::NONE, 0)
    }

    /// `bytes` bytes of memory of our own, as one block.
    pub fn scratch(bytes: usize) -> Side {
        let mut memory = vec![0u8; bytes].into_boxed_slice();
        let view = View::bytes(memory.as_mut_ptr(), bytes);
        Side::of_views(Box::new([view]), Vec::new(), Some(memory))
    }

    /// Block `index` of `other`, which must stay.
    pub fn part_of(other: &Side, index: u32) -> Side {
        let view = other.block(index);
        match view.contiguous() {
            Some(base) => Side::plain(Blocks { base, bytes: view.len(), stride: 0, views: core::ptr::null() }, 1),
            None => Side::of_views(Box::new([view]), other.layouts(), None),
        }
    }

    #[inline]
    fn plain(blocks: Blocks, count: u32) -> Side {
        Side { blocks, count, parts: None }
    }

    fn layouts(&self) -> Vec<Arc<Layout>> {
        self.parts.as_ref().map(|parts| parts.layouts.clone()).unwrap_or_default()
    }

    fn of_views(views: Box<[View]>, layouts: Vec<Arc<Layout>>, copy: Option<Box<[u8]>>) -> Side {
        let blocks = Blocks { views: views.as_ptr(), ..Blocks::NONE };
        Side { blocks, count: views.len() as u32, parts: Some(Box::new(Parts { views, layouts, _copy: copy })) }
    }

    /// Number of blocks.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Whether the blocks lie in rows of equal length and fit into `room` bytes together.
    pub fn is_short(&self, room: usize) -> bool {
        self.parts.is_none() && self.blocks.bytes * self.count as usize <= room
    }

    /// For peers; to be taken back before this goes.
    #[inline]
    pub fn blocks(&self) -> Blocks {
        self.blocks
    }

    /// A block.
    #[inline]
    pub fn block(&self, index: u32) -> View {
        assert!(index < self.count);
        match &self.parts {
            // SAFETY: there is no array.
            None => unsafe { self.blocks.block(index) },
            Some(parts) => parts.views[index as usize],
        }
    }
}
