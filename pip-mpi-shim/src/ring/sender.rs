//! The writing end of a ring.

use super::{CELL, Envelope, FIRM, INLINE, INLINE_MAX, KIND, LINES_MAX, LINK, MORE, OFFER, Offered, Ring, more_lines};
use crate::primitive::Ordering;
use core::mem::MaybeUninit;
use core::ptr;
use std::collections::VecDeque;

/// A ring the sender has left, to be used again once the receiver left it too.
#[derive(Debug)]
struct Left {
    ring: *const Ring,
    tail: u64,
    byte_tail: u64,
}

/// The writing end.
#[derive(Debug)]
pub struct Sender {
    ring: *const Ring,
    /// Next position to write.
    tail: u64,
    /// The reader's head as last seen.
    head: u64,
    /// Next byte position to write, and the position below which the reader is done.
    byte_tail: u64,
    byte_head: u64,
    /// Byte position behind each line's payload.
    ends: Vec<u64>,
    left: VecDeque<Left>,
    most_bytes: u64,
}

// SAFETY: the ring outlives both ends, and only this end writes to it.
unsafe impl Send for Sender {}

/// The ring has no room now.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

impl Sender {
    /// The writing end of a new ring; later rings grow to at most `most_bytes` (unless one payload is larger).
    pub fn new(lines: usize, bytes: usize, most_bytes: usize) -> Sender {
        let (ring, ends) = (Ring::leak(lines, bytes), vec![0; lines]);
        Sender {
            ring,
            tail: 0,
            head: 0,
            byte_tail: 0,
            byte_head: 0,
            ends,
            left: VecDeque::new(),
            most_bytes: most_bytes as u64,
        }
    }

    /// The ring to tell the receiver of.
    pub fn ring(&self) -> *const Ring {
        self.ring
    }

    fn shared(&self) -> &'static Ring {
        // SAFETY: an end's own ring is not freed.
        unsafe { &*self.ring }
    }

    /// Whether there is room for a line and `bytes` payload bytes; one line stays in reserve for a link.
    #[inline]
    fn make_room(&mut self, bytes: u64) -> Result<(), Full> {
        if self.has_room(bytes) {
            return Ok(());
        }
        let ring = self.shared();
        self.head = ring.head.lines.load(Ordering::Acquire);
        if self.head > 0 {
            self.byte_head = self.ends[((self.head - 1) & (ring.line_count - 1)) as usize];
        }
        if self.has_room(bytes) { Ok(()) } else { Err(Full) }
    }

    #[inline]
    fn has_room(&self, bytes: u64) -> bool {
        let ring = self.shared();
        self.tail - self.head < ring.line_count - 1
            && (bytes == 0 || self.cell_start(bytes) + bytes - self.byte_head <= ring.byte_count)
    }

    /// Where a contiguous payload of `bytes` bytes begins: it never wraps.
    fn cell_start(&self, bytes: u64) -> u64 {
        let count = self.shared().byte_count;
        let offset = self.byte_tail & (count - 1);
        if offset + bytes > count { self.byte_tail + count - offset } else { self.byte_tail }
    }

    #[inline]
    fn publish(&mut self, kind: u32, envelope: Envelope, fill: impl FnOnce(*mut u8)) {
        let ring = self.shared();
        let line = ring.line(self.tail);
        line.body.with_mut(|body| {
            // SAFETY: `make_room` found the line free: the receiver is done with it and will not look before `turn`.
            unsafe {
                (*body).context = envelope.context;
                (*body).tag = envelope.tag;
                (*body).source_kind = envelope.source | kind << KIND;
                fill((&raw mut (*body).bytes).cast());
            }
        });
        self.ends[(self.tail & (ring.line_count - 1)) as usize] = self.byte_tail;
        self.tail += 1;
        line.turn.store(self.tail as u32, Ordering::Release);
        ring.own_ahead(self.tail);
    }

    /// Sends up to [`INLINE_MAX`] bytes, which `fill` writes to the place it is given.
    #[inline]
    pub fn send_inline(&mut self, envelope: Envelope, len: usize, fill: impl FnOnce(*mut u8)) -> Result<(), Full> {
        debug_assert!(len <= INLINE_MAX);
        self.make_room(0)?;
        self.publish(INLINE + len as u32, envelope, fill);
        Ok(())
    }

    /// Sends up to [`LINES_MAX`] bytes in one line and those behind it. [`Full`] also where the table of lines ends.
    #[inline(never)]
    pub fn send_lines(&mut self, envelope: Envelope, len: usize, fill: impl FnOnce(*mut u8)) -> Result<(), Full> {
        debug_assert!(len <= LINES_MAX);
        let (more, count) = (more_lines(len), self.shared().line_count);
        self.make_room(0)?;
        if (self.tail & (count - 1)) + more >= count || self.tail + more - self.head >= count - 1 {
            return Err(Full);
        }
        let mut data = [MaybeUninit::<u8>::uninit(); LINES_MAX]; // what the last line has beyond the message nobody looks at
        fill(data.as_mut_ptr().cast());
        for i in 0..more as usize {
            let line = self.shared().line(self.tail + 1 + i as u64);
            let from = &data[INLINE_MAX + i * MORE..][..MORE];
            // SAFETY: these lines are free, too; a body holds MORE bytes, and their own turn stays what it was.
            line.body.with_mut(|body| unsafe { ptr::copy_nonoverlapping(from.as_ptr(), body.cast(), MORE) });
        }
        let end = self.tail + more;
        self.publish(INLINE + len as u32, envelope, |first| {
            // SAFETY: a line's payload holds INLINE_MAX bytes.
            unsafe { ptr::copy_nonoverlapping(data.as_ptr(), first.cast(), INLINE_MAX) }
        });
        self.ends[(end & (count - 1)) as usize] = self.byte_tail;
        self.tail = end + 1;
        Ok(())
    }

    /// Sends `len` bytes through the ring's bytes.
    pub fn send_cell(&mut self, envelope: Envelope, len: usize, fill: impl FnOnce(*mut u8)) -> Result<(), Full> {
        let room = (len as u64).next_multiple_of(64);
        self.make_room(room)?;
        let start = self.cell_start(room);
        let ring = self.shared();
        let offset = start & (ring.byte_count - 1);
        // SAFETY: `make_room` found offset..offset+len free and within the ring's bytes.
        fill(unsafe { ring.bytes.add(offset as usize) });
        self.byte_tail = start + room;
        self.publish(CELL, envelope, |line| write_words(line, [offset, len as u64, 0, 0]));
        Ok(())
    }

    /// Sends word of an offer.
    #[inline]
    pub fn send_offer(&mut self, envelope: Envelope, offered: &Offered) -> Result<(), Full> {
        self.make_room(0)?;
        let words = [offered.descriptor as u64, offered.data as u64, offered.len as u64, offered.number];
        self.publish(if offered.firm { FIRM } else { OFFER }, envelope, |line| write_words(line, words));
        Ok(())
    }

    /// Links another ring behind the full one, with room for at least `bytes`: one the receiver has drained, or a new
    /// one of twice the size.
    pub fn extend(&mut self, bytes: usize) {
        let need = (bytes as u64).next_power_of_two();
        let next = self.reclaim(need).unwrap_or_else(|| {
            let old = self.shared();
            let bytes = (old.byte_count * 2).min(self.most_bytes).max(need);
            let lines = (old.line_count * 2).min(self.most_bytes / 64).max(old.line_count);
            Left { ring: Ring::leak(lines as usize, bytes as usize), tail: 0, byte_tail: 0 }
        });
        let envelope = Envelope { context: 0, source: 0, tag: 0 };
        self.publish(LINK, envelope, |line| write_words(line, [next.ring as u64, next.tail, 0, 0]));
        self.left.push_back(Left { ring: self.ring, tail: self.tail, byte_tail: self.byte_tail });
        (self.ring, self.tail, self.head) = (next.ring, next.tail, next.tail);
        (self.byte_tail, self.byte_head) = (next.byte_tail, next.byte_tail);
        self.ends.clear();
        self.ends.resize(self.shared().line_count as usize, next.byte_tail);
    }
}

impl Sender {
    /// Takes the rings that the receiver has drained: one of at least `need` bytes to use again, the rest is freed. The
    /// receiver drains them in the order they were left.
    fn reclaim(&mut self, need: u64) -> Option<Left> {
        let mut again = None;
        while let Some(left) = self.left.front() {
            // SAFETY: not freed yet.
            let ring = unsafe { &*left.ring };
            if ring.head.lines.load(Ordering::Acquire) != left.tail {
                break;
            }
            let fits = ring.byte_count >= need && again.is_none();
            let left = self.left.pop_front()?;
            if fits {
                again = Some(left);
            } else {
                // SAFETY: the receiver's last access to a ring is the store of its head behind the link.
                unsafe { Ring::free(left.ring) };
            }
        }
        again
    }

    /// Bytes of rings that the receiver has yet to drain.
    pub fn backlog(&self) -> u64 {
        // SAFETY: not freed yet.
        self.left.iter().map(|left| unsafe { (*left.ring).footprint() }).sum()
    }
}

fn write_words(at: *mut u8, words: [u64; 4]) {
    // SAFETY: a line's payload holds six words.
    unsafe { at.cast::<[u64; 4]>().write_unaligned(words) }
}
