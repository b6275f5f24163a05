//! What exporter and readers of a field share, and the protocol by which they keep out of each other's way.
//!
//! A field has n buffers and n - 2 *places*. A reader takes a place, writes into it which buffer it wants, and looks whether that
//! still holds the step it wanted; only then it reads. The exporter takes a step out of a buffer first and looks at the places
//! then. Between the two writes and the two looks stand fences, so that one of them sees the other: either the reader finds the
//! step gone, or the exporter finds the buffer held and takes another.
//!
//! The exporter never waits: of n buffers one is the newest, and n - 2 places name at most n - 2 others. A reader that was killed
//! or stopped leaves one buffer out of use and costs nothing else; its place is taken over by the next reader that needs one.

use super::{Dtype, Layout, MAX_DIMS};
use crate::raw::{futex_wait, futex_wake};
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};

/// The most buffers of a field.
pub const MAX_BUFFERS: usize = 16;
/// The fewest: one being written, one that is the newest, and one for a reader.
pub const MIN_BUFFERS: usize = 3;

const MAGIC: u64 = u64::from_le_bytes(*b"PiP-fld\0");
const VERSION: u32 = 1;

/// In the exporter's memory, from the export to the exporter's end.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Block {
    magic: u64,
    version: u32,
    buffers: u32,
    dtype: [u8; 8],
    dims: usize,
    shape: [usize; MAX_DIMS],
    strides: [usize; MAX_DIMS],
    offset: usize,
    len: usize,
    data: [AtomicUsize; MAX_BUFFERS],
    /// Not 0: no more steps will come.
    closed: AtomicU32,
    /// Not 0: somebody sleeps until `changes` changes.
    asleep: AtomicU32,
    changes: AtomicU32,
    /// The newest step + 1; 0 before the first.
    latest: AtomicU64,
    /// Per buffer: the step in it + 1, or 0 if readers must not take it.
    steps: [AtomicU64; MAX_BUFFERS],
    /// Per place: 0, or PID, task and buffer + 1 of who holds it.
    places: [AtomicU64; MAX_BUFFERS],
}

/// Who holds a place: PID in the high half, the position in the table of tasks above the low byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner(u64);

impl Owner {
    pub fn new(pid: i32, index: usize) -> Owner {
        Owner(u64::from(pid as u32) << 32 | (index as u64) << 8)
    }

    pub fn pid(self) -> i32 {
        (self.0 >> 32) as i32
    }

    pub fn index(self) -> usize {
        (self.0 as u32 >> 8) as usize
    }
}

/// The buffer that a place's word names.
fn named(place: u64) -> Option<usize> {
    (place as u8 as usize).checked_sub(1)
}

impl Block {
    /// `data`: the addresses of the buffers, of `layout.len()` elements each.
    pub fn new(dtype: Dtype, layout: &Layout, data: &[usize]) -> Block {
        let dims = layout.shape().len();
        let padded = |values: &[usize]| core::array::from_fn(|dim| values.get(dim).copied().unwrap_or(0));
        Block {
            magic: MAGIC,
            version: VERSION,
            buffers: data.len() as u32,
            dtype: dtype.bytes(),
            dims,
            shape: padded(layout.shape()),
            strides: padded(layout.strides()),
            offset: layout.offset(),
            len: layout.len(),
            data: core::array::from_fn(|buffer| AtomicUsize::new(data.get(buffer).copied().unwrap_or(0))),
            closed: AtomicU32::new(0),
            asleep: AtomicU32::new(0),
            changes: AtomicU32::new(0),
            latest: AtomicU64::new(0),
            steps: [const { AtomicU64::new(0) }; MAX_BUFFERS],
            places: [const { AtomicU64::new(0) }; MAX_BUFFERS],
        }
    }

    /// The block at `address`, if it is one of this version.
    ///
    /// # Safety
    /// A task exported the address under a name of this module, and its memory is held for as long as the result is used.
    pub unsafe fn at(address: usize) -> Option<&'static Block> {
        if address == 0 || !address.is_multiple_of(align_of::<Block>()) {
            return None;
        }
        // SAFETY: the caller's promise; magic and version come first in all versions, and are compared before anything is used.
        let found = unsafe { &*(address as *const Block) };
        let buffers = (MIN_BUFFERS..=MAX_BUFFERS).contains(&(found.buffers as usize));
        (found.magic == MAGIC && found.version == VERSION && buffers && found.dims <= MAX_DIMS).then_some(found)
    }

    pub fn buffers(&self) -> usize {
        self.buffers as usize
    }

    /// How many may hold a buffer at a time.
    pub fn places(&self) -> usize {
        self.buffers() - 2
    }

    pub fn dtype(&self) -> Option<Dtype> {
        Dtype::from_bytes(self.dtype)
    }

    pub fn layout(&self) -> Option<Layout> {
        let (shape, strides) = (self.shape[..self.dims].to_vec(), self.strides[..self.dims].to_vec());
        Layout::checked(shape, strides, self.offset, self.len)
    }

    pub fn address(&self, buffer: usize) -> usize {
        self.data[buffer].load(Ordering::Relaxed)
    }

    pub fn latest(&self) -> Option<u64> {
        self.latest.load(Ordering::Acquire).checked_sub(1)
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire) != 0
    }

    /// Exporter: readers may take `buffer`, which holds `step`.
    pub fn publish(&self, buffer: usize, step: u64) {
        self.steps[buffer].store(step + 1, Ordering::Release);
        self.latest.store(step + 1, Ordering::Release);
        self.announce();
    }

    /// Wakes those who wait for a step. They note that before they look at the count, and it grows before the look at the note.
    fn announce(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst) != 0 {
            self.asleep.store(0, Ordering::SeqCst);
            futex_wake(&self.changes, i32::MAX);
        }
    }

    /// Exporter: a buffer to write that nobody reads, the one with the oldest step if possible; never `current`.
    pub fn choose(&self, current: usize) -> usize {
        let others = || (0..self.buffers()).filter(|buffer| *buffer != current);
        // What is held keeps its step for now, so that more readers may come to it.
        let unheld = others().filter(|buffer| !self.is_held(*buffer));
        let oldest = unheld.min_by_key(|buffer| self.steps[*buffer].load(Ordering::Relaxed));
        if let Some(buffer) = oldest.filter(|buffer| self.evict(*buffer)) {
            return buffer;
        }
        // Readers that change places at this very moment can make each buffer look held in turn. Without steps the buffers
        // get no new readers, so those who are just coming are the last, and one buffer more than there are places is free.
        others().cycle().find(|buffer| self.evict(*buffer)).unwrap_or(current)
    }

    /// Takes the step out of a buffer; whether nobody holds it.
    fn evict(&self, buffer: usize) -> bool {
        self.steps[buffer].store(0, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        !self.is_held(buffer)
    }

    fn is_held(&self, buffer: usize) -> bool {
        self.places[..self.places()].iter().any(|place| named(place.load(Ordering::SeqCst)) == Some(buffer))
    }

    /// Exporter: no more steps. Whether nobody holds a buffer, so that they may be freed.
    pub fn close(&self) -> bool {
        self.closed.store(1, Ordering::SeqCst);
        let held = (0..self.buffers()).filter(|buffer| !self.evict(*buffer)).count();
        self.announce();
        held == 0
    }

    /// Reader: takes a place; None if all are taken by those who live.
    pub fn enter(&self, owner: Owner, lives: impl Fn(Owner) -> bool) -> Option<usize> {
        let claim = |place: usize, old: u64| {
            self.places[place].compare_exchange(old, owner.0, Ordering::SeqCst, Ordering::Relaxed).is_ok()
        };
        let free = (0..self.places()).find(|place| claim(*place, 0));
        free.or_else(|| {
            (0..self.places()).find(|place| {
                let old = self.places[*place].load(Ordering::SeqCst);
                (old == 0 || !lives(Owner(old & !0xff))) && claim(*place, old)
            })
        })
    }

    /// Reader: makes a place hold the buffer with `step`; None if there is none any more.
    pub fn hold(&self, place: usize, owner: Owner, step: u64) -> Option<usize> {
        let is_wanted = |buffer: &usize| self.steps[*buffer].load(Ordering::SeqCst) == step + 1;
        let buffer = (0..self.buffers()).find(is_wanted)?;
        self.places[place].store(owner.0 | (buffer as u64 + 1), Ordering::SeqCst);
        fence(Ordering::SeqCst);
        // A step is published once, so if it has gone from here it is nowhere.
        is_wanted(&buffer).then_some(buffer)
    }

    /// Reader: gives a place back.
    pub fn leave(&self, place: usize) {
        self.places[place].store(0, Ordering::SeqCst);
    }

    /// Reader: sleeps until a step is published, at most `milliseconds`, unless `enough` holds already.
    pub fn sleep(&self, milliseconds: u64, enough: impl Fn() -> bool) {
        let changes = self.changes.load(Ordering::SeqCst);
        self.asleep.store(1, Ordering::SeqCst);
        if !enough() {
            futex_wait(&self.changes, changes, milliseconds);
        }
    }
}
