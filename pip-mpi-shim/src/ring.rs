//! The mailbox of one ordered pair of ranks: a ring of 64-byte lines with one writer and one reader, and a ring of bytes
//! beside it for payloads that do not fit into a line. A line carries an envelope and up to 48 bytes, and is published by
//! one store to a word of the same line: envelope and payload travel in one cache-line transfer.
//!
//! A full ring is no obstacle: the sender links a new one behind it ([`Sender::extend`]), so a send never waits for its
//! receiver to have room. The sender frees rings that the receiver has drained, or uses them again.
//!
//! This module knows neither MPI nor the operating system.

use crate::primitive::{AtomicPtr, AtomicU32, AtomicU64, Ordering, UnsafeCell};
use core::ptr;
use std::collections::VecDeque;

/// Bytes of payload in a line, beside the envelope.
pub const INLINE_MAX: usize = 48;
/// Bytes of payload in a line that continues the one before.
const MORE: usize = 60;
/// Lines that a message may continue in.
const MORE_LINES: usize = 4;
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

    fn line(&self, position: u64) -> &Line {
        // SAFETY: the table has line_count lines, a power of two.
        unsafe { &*self.lines.add((position & (self.line_count - 1)) as usize) }
    }
}

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
        let mut data = [0u8; LINES_MAX];
        fill(data.as_mut_ptr());
        for i in 0..more as usize {
            let line = self.shared().line(self.tail + 1 + i as u64);
            let from = &data[INLINE_MAX + i * MORE..][..MORE];
            // SAFETY: these lines are free, too; a body holds MORE bytes, and their own turn stays what it was.
            line.body.with_mut(|body| unsafe { ptr::copy_nonoverlapping(from.as_ptr(), body.cast(), MORE) });
        }
        let end = self.tail + more;
        self.publish(INLINE + len as u32, envelope, |first| {
            // SAFETY: a line's payload holds INLINE_MAX bytes.
            unsafe { ptr::copy_nonoverlapping(data.as_ptr(), first, INLINE_MAX) }
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
        self.publish(CELL, envelope, |line| write_words(line, [offset, len as u64, 0]));
        Ok(())
    }

    /// Sends word of an offer.
    #[inline]
    pub fn send_offer(&mut self, envelope: Envelope, offered: &Offered) -> Result<(), Full> {
        self.make_room(0)?;
        let words = [offered.descriptor as u64, offered.data as u64, offered.len as u64];
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
        self.publish(LINK, envelope, |line| write_words(line, [next.ring as u64, next.tail, 0]));
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

fn write_words(at: *mut u8, words: [u64; 3]) {
    // SAFETY: a line's payload holds six words.
    unsafe { at.cast::<[u64; 3]>().write_unaligned(words) }
}

/// A message at the head of a ring; its payload stays in place until [`Receiver::advance`].
#[derive(Debug)]
pub struct Arrival {
    /// What to match on.
    pub envelope: Envelope,
    /// How the payload travels.
    pub payload: Payload,
    /// The payload's bytes; unused for an offer.
    pub data: *const u8,
}

/// The reading end.
#[derive(Debug)]
pub struct Receiver {
    ring: *const Ring,
    position: u64,
    /// Bytes and lines since the head was last published.
    unpublished: u64,
    /// The payload of a message in several lines, in a row.
    gathered: Box<[u8; LINES_MAX]>,
}

// SAFETY: the ring outlives both ends, and only this end reads from it.
unsafe impl Send for Receiver {}

impl Receiver {
    /// The reading end of `ring`.
    ///
    /// # Safety
    /// `ring` came from [`Sender::ring`] before anything was sent, and there is one receiver only.
    pub unsafe fn new(ring: *const Ring) -> Receiver {
        Receiver { ring, position: 0, unpublished: 0, gathered: Box::new([0; LINES_MAX]) }
    }

    fn shared(&self) -> &'static Ring {
        // SAFETY: an end's own ring is not freed.
        unsafe { &*self.ring }
    }

    /// The next message, if it has arrived.
    #[inline]
    pub fn peek(&mut self) -> Option<Arrival> {
        loop {
            let ring = self.shared();
            let line = ring.line(self.position);
            if line.turn.load(Ordering::Acquire) != (self.position + 1) as u32 {
                return None;
            }
            let (envelope, kind, words, data) = line.body.with(|body| {
                // SAFETY: `turn` says the sender is done with this line.
                let body = unsafe { &*body };
                let source = body.source_kind & ((1 << KIND) - 1);
                let envelope = Envelope { context: body.context, source, tag: body.tag };
                let bytes = body.bytes.as_ptr();
                // SAFETY: six words fit, though the type promises alignment for half words only.
                let words = unsafe { bytes.cast::<[u64; 3]>().read_unaligned() };
                (envelope, body.source_kind >> KIND, words, bytes.cast::<u8>())
            });
            let (payload, data) = match kind {
                LINK => {
                    self.position += 1;
                    ring.head.lines.store(self.position, Ordering::Release);
                    (self.ring, self.position, self.unpublished) = (words[0] as *const Ring, words[1], 0);
                    continue;
                }
                OFFER | FIRM => {
                    let (descriptor, data, len) = (words[0] as usize, words[1] as *mut u8, words[2] as usize);
                    (Payload::Offer(Offered { descriptor, data, len, firm: kind == FIRM }), ptr::null())
                }
                // SAFETY: the sender wrote the payload at this offset.
                CELL => (Payload::Cell(words[0] as usize, words[1] as usize), unsafe {
                    ring.bytes.add(words[0] as usize).cast_const()
                }),
                inline => {
                    let len = (inline - INLINE) as usize;
                    let data = if len <= INLINE_MAX { data } else { self.gather(data, len) };
                    (Payload::Inline(len), data)
                }
            };
            return Some(Arrival { envelope, payload, data });
        }
    }

    /// Fetches the line some messages ahead: of a burst of messages, several lines travel at a time.
    #[inline]
    fn look_ahead(&self) {
        const AHEAD: u64 = 3;
        #[cfg(not(loom))]
        // SAFETY: a prefetch has no effect that a program can see.
        unsafe {
            use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<{ _MM_HINT_T0 }>(ptr::from_ref(self.shared().line(self.position + AHEAD)).cast());
        }
    }

    #[inline(never)]
    fn gather(&mut self, first: *const u8, len: usize) -> *const u8 {
        let ring = self.shared();
        // SAFETY: the sender has filled these lines before it published the first one.
        unsafe { ptr::copy_nonoverlapping(first, self.gathered.as_mut_ptr(), INLINE_MAX) };
        for i in 0..more_lines(len) as usize {
            let to = &mut self.gathered[INLINE_MAX + i * MORE..][..MORE];
            // SAFETY: as above.
            ring.line(self.position + 1 + i as u64).body.with(|body| unsafe {
                ptr::copy_nonoverlapping(body.cast(), to.as_mut_ptr(), MORE);
            });
        }
        self.gathered.as_ptr()
    }

    /// Gives the line and the payload of the message last peeked back to the sender.
    #[inline]
    pub fn advance(&mut self, payload: Payload) {
        let ring = self.shared();
        self.position += 1;
        self.look_ahead();
        self.unpublished += match payload {
            Payload::Cell(_, len) => 64 + len as u64 * ring.line_count * 64 / ring.byte_count,
            Payload::Inline(len) if len > INLINE_MAX => {
                self.position += more_lines(len);
                64 + 64 * more_lines(len)
            }
            _ => 64,
        };
        // A quarter of the ring: seldom enough to cost nothing, often enough that the sender rarely sees it full.
        if self.unpublished >= ring.line_count * 16 {
            ring.head.lines.store(self.position, Ordering::Release);
            self.unpublished = 0;
        }
    }
}

/// A cell for a ring's address, through which a receiver learns of a sender.
pub type Inbox = AtomicPtr<Ring>;

#[cfg(test)]
mod tests;
