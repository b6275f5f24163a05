//! The reading end of a ring.

use super::{
    CELL, Envelope, FIRM, INLINE, INLINE_MAX, KIND, LINES_MAX, LINK, MORE, OFFER, Offered, Payload, Ring, more_lines,
};
use crate::primitive::{self, Ordering};
use core::ptr;

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
    /// Whether the last look found a message.
    streaming: bool,
    /// The last line fetched ahead.
    fetched: u64,
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
        Receiver { ring, position: 0, streaming: false, fetched: 0, unpublished: 0, gathered: Box::new([0; LINES_MAX]) }
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
                self.streaming = false;
                return None;
            }
            let (envelope, kind, words, data) = line.body.with(|body| {
                // SAFETY: `turn` says the sender is done with this line.
                let body = unsafe { &*body };
                let source = body.source_kind & ((1 << KIND) - 1);
                let envelope = Envelope { context: body.context, source, tag: body.tag };
                let bytes = body.bytes.as_ptr();
                // SAFETY: six words fit, though the type promises alignment for half words only.
                let words = unsafe { bytes.cast::<[u64; 4]>().read_unaligned() };
                (envelope, body.source_kind >> KIND, words, bytes.cast::<u8>())
            });
            let (payload, data) = match kind {
                LINK => {
                    self.position += 1;
                    ring.head.lines.store(self.position, Ordering::Release);
                    (self.ring, self.position, self.unpublished) = (words[0] as *const Ring, words[1], 0);
                    self.streaming = false;
                    continue;
                }
                OFFER | FIRM => {
                    let (descriptor, data, len) = (words[0] as usize, words[1] as *mut u8, words[2] as usize);
                    (
                        Payload::Offer(Offered { descriptor, data, len, number: words[3], firm: kind == FIRM }),
                        ptr::null(),
                    )
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

    /// Fetches the lines behind the present one if messages come faster than they are taken, so that several lines travel at
    /// a time. If they come one by one those lines are yet to be written, and fetching them would only be in the way.
    #[inline]
    fn look_ahead(&mut self) {
        const AHEAD: u64 = 6;
        if !std::mem::replace(&mut self.streaming, true) {
            self.fetched = self.position;
            return;
        }
        while self.fetched < self.position + AHEAD {
            self.fetched += 1;
            primitive::prefetch(self.shared().line(self.fetched));
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
