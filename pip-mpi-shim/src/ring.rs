//! The mailbox of one ordered pair of ranks: a ring of 64-byte lines with one writer and one reader, and a ring of bytes
//! beside it for payloads that do not fit into a line. A line carries an envelope and up to 48 bytes, and is published by
//! one store to a word of the same line: envelope and payload travel in one cache-line transfer.
//!
//! A full ring is no obstacle: the sender links a new one behind it ([`Sender::extend`]), so a send never waits for its
//! receiver to have room. The sender frees rings that the receiver has drained, or uses them again.
//!
//! This module knows neither MPI nor the operating system.

use crate::primitive::{self, AtomicPtr, AtomicU32, AtomicU64, UnsafeCell};
use core::ptr;

/// Bytes of payload in a line, beside the envelope.
pub const INLINE_MAX: usize = 48;
/// Bytes of payload in a line that continues the one before.
const MORE: usize = 60;
/// Lines that a message may continue in.
const MORE_LINES: usize = 8;
/// The most payload that travels in lines.
pub const LINES_MAX: usize = INLINE_MAX + MORE_LINES * MORE;

/// What the receiver matches on, and how the payload travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Envelope {
    /// Communicator.
    pub context: u32,
    /// Rank of the sender in that communicator.
    pub source: u32,
    /// MPI tag.
    pub tag: i32,
}

/// How a message's payload travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// In the line itself, and if it is more than [`INLINE_MAX`] in those behind it: number of bytes.
    Inline(usize),
    /// In the ring's bytes: offset and number of bytes.
    Cell(usize, usize),
    /// At the sender's.
    Offer(Offered),
}

/// A message that stays in the sender's memory until the receiver copies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offered {
    /// Address of the sender's descriptor.
    pub descriptor: usize,
    /// Where the data lies; null if that takes more than an address to say.
    pub data: *mut u8,
    /// Bytes of the data.
    pub len: usize,
    /// The offer's number, by which it can be [claimed](crate::claims); 0 if it must be taken.
    pub number: u64,
    /// Whether the sender watches the descriptor, and will neither take the offer back nor move the data.
    pub firm: bool,
}

const OFFER: u32 = 0;
const FIRM: u32 = 3;
const CELL: u32 = 1;
const LINK: u32 = 2;
/// `INLINE + n`: n bytes in lines.
const INLINE: u32 = 64;
/// The kind stands above the rank.
const KIND: u32 = 20;

/// Lines behind the first that `len` bytes take.
#[inline]
fn more_lines(len: usize) -> u64 {
    len.saturating_sub(INLINE_MAX).div_ceil(MORE) as u64
}

/// The part of a line behind the word that publishes it.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct Body {
    context: u32,
    tag: i32,
    /// Source rank and, from bit 20 on, the kind.
    source_kind: u32,
    bytes: [u32; INLINE_MAX / 4],
}

#[derive(Debug)]
#[repr(C, align(64))]
struct Line {
    /// Position in the stream + 1, truncated: tells the reader that the line is the one it waits for.
    turn: AtomicU32,
    body: UnsafeCell<Body>,
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<Line>() == 64);

/// One ring; shared between its two ranks, reached by pointer.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Ring {
    lines: *const Line,
    line_count: u64,
    bytes: *mut u8,
    byte_count: u64,
    /// Lines the reader has finished with; it says so now and then.
    head: Head,
}

#[derive(Debug)]
#[repr(C, align(64))]
struct Head {
    lines: AtomicU64,
}

// SAFETY: one Sender and one Receiver use a ring; lines are handed over by `turn`, bytes by line, room by `head`.
unsafe impl Send for Ring {}
// SAFETY: as above.
unsafe impl Sync for Ring {}

/// The unit in which a ring's bytes are allocated.
#[repr(C, align(64))]
#[derive(Clone, Copy)]
struct Chunk([u8; 64]);

impl Ring {
    /// A ring of `lines` lines (a power of two, at least 4) and `bytes` bytes (a power of two, at least 64), allocated
    /// for good.
    pub fn leak(lines: usize, bytes: usize) -> *const Ring {
        assert!(lines.is_power_of_two() && lines >= 4 && bytes.is_power_of_two() && bytes >= 64);
        let empty = Body { context: 0, tag: 0, source_kind: 0, bytes: [0; INLINE_MAX / 4] };
        let line = || Line { turn: AtomicU32::new(0), body: UnsafeCell::new(empty) };
        let line_table: Box<[Line]> = (0..lines).map(|_| line()).collect();
        let chunks: Box<[Chunk]> = vec![Chunk([0; 64]); bytes / 64].into_boxed_slice();
        Box::leak(Box::new(Ring {
            lines: Box::leak(line_table).as_ptr(),
            line_count: lines as u64,
            bytes: Box::leak(chunks).as_mut_ptr().cast(),
            byte_count: bytes as u64,
            head: Head { lines: AtomicU64::new(0) },
        }))
    }

    /// Gives the memory of a ring back.
    ///
    /// # Safety
    /// `ring` came from [`Ring::leak`] in this process, and both ends have left it.
    unsafe fn free(ring: *const Ring) {
        // SAFETY: the three allocations of `leak`, which nobody refers to any more.
        unsafe {
            let ring = Box::from_raw(ring.cast_mut());
            drop(Box::from_raw(ptr::slice_from_raw_parts_mut(ring.lines.cast_mut(), ring.line_count as usize)));
            let chunks = ring.bytes.cast::<Chunk>();
            drop(Box::from_raw(ptr::slice_from_raw_parts_mut(chunks, ring.byte_count as usize / 64)));
        }
    }

    /// Bytes it occupies.
    fn footprint(&self) -> u64 {
        self.line_count * 64 + self.byte_count
    }

    /// Sender, about to write the line at `position` soon: takes lines further on away from the reader's cache. Of a burst of
    /// messages, several lines come at a time.
    #[inline(always)]
    fn own_ahead(&self, position: u64) {
        const AHEAD: u64 = 8;
        primitive::prefetch_for_writing(self.line(position + AHEAD));
    }

    fn line(&self, position: u64) -> &Line {
        // SAFETY: the table has line_count lines, a power of two.
        unsafe { &*self.lines.add((position & (self.line_count - 1)) as usize) }
    }
}

mod receiver;
mod sender;
pub use receiver::{Arrival, Receiver};
pub use sender::{Full, Sender};

/// A cell for a ring's address, through which a receiver learns of a sender.
pub type Inbox = AtomicPtr<Ring>;

#[cfg(test)]
mod tests;
