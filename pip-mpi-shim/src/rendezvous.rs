//! The transfer of one long message: the sender offers its buffer, the receiver copies straight out of it. A sender that
//! waits copies along: the receiver works from the front, the sender from the back, until they meet.
//!
//! Each side polls memory of its own, which the other writes last: the sender the offer's reply, the receiver a
//! [`Landing`]. What both need at the same time, the reply, is one cache line.
//!
//! This module knows neither MPI nor the operating system.

use crate::claims::Number;
use crate::layout::{self, View};
use crate::primitive::{AtomicPtr, AtomicU32, Ordering, UnsafeCell};

/// Nobody has taken it.
const OFFERED: u32 = 0;
/// The receiver copies, alone or before it invites the sender.
const TAKEN: u32 = 1;
/// The sender took it back.
const CANCELLED: u32 = 2;
/// The sender is replacing its buffer by a copy.
const MOVING: u32 = 3;
/// The sender may copy along: the reply says where to.
const SHARED: u32 = 4;
/// The receiver has copied its part. Its last access, unless the sender copies along.
const DONE: u32 = 5;

/// A shared copy is divided into units of whole pages, and into fewer than 2^15 of them.
const PAGE: usize = 4096;

fn unit_of(bytes: usize) -> usize {
    (bytes >> 15).next_multiple_of(PAGE).max(PAGE)
}

/// A sender's offer. It stays in place until [`Rendezvous::is_complete`], or after a successful cancel for good.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct Rendezvous {
    /// The sender's data: the receiver's to read once it took the offer, the sender's to change while it moves it.
    source: UnsafeCell<View>,
    bytes: usize,
    /// Ranks in MPI_COMM_WORLD.
    sender: u32,
    receiver: u32,
    /// By which the receiver may claim it; 0 if it must take it.
    number: Number,
    /// Whether the sender accepts help with the copy, and gives it.
    together: bool,
    reply: Reply,
}

/// What the receiver writes and the sender polls.
#[derive(Debug)]
#[repr(C, align(64))]
struct Reply {
    /// Where the receiver wants the data; before the state is SHARED.
    target: UnsafeCell<View>,
    landing: AtomicPtr<Landing>,
    /// Units taken: by the receiver from the front (low half), by the sender from the back (high half).
    taken: AtomicU32,
    state: AtomicU32,
}

/// Where the sender says that its part has been copied; the receiver's.
#[derive(Debug, Default)]
pub struct Landing(AtomicU32);

impl Landing {
    /// Before the sender is told of it.
    pub fn prepare(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Waits until the sender's part has been copied, which it is doing.
    pub fn wait(&self) {
        let mut polls = 0;
        while !self.has_landed() {
            polls += 1;
            if polls % 4096 == 0 { rest() } else { pause() }
        }
    }

    /// Whether the sender's part has been copied.
    #[inline]
    pub fn has_landed(&self) -> bool {
        self.0.load(Ordering::Acquire) != 0
    }
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<Reply>() == 64);

// SAFETY: the views point to buffers that MPI forbids to touch during the transfer; the rest is atomic.
unsafe impl Send for Rendezvous {}
// SAFETY: as above.
unsafe impl Sync for Rendezvous {}

/// How the copy is shared out between the two sides.
#[derive(Debug, Clone, Copy)]
pub struct Sharing {
    /// Messages shorter than this are copied by the receiver alone.
    pub least: usize,
    /// Bytes a side takes at a time, at least.
    pub chunk: usize,
    /// What the receiver copies more than half, since it begins earlier.
    pub lead: usize,
}

impl Sharing {
    /// Units the receiver takes when it begins.
    fn first(&self, bytes: usize) -> u32 {
        let units = bytes.div_ceil(unit_of(bytes));
        (units.div_ceil(2) + self.lead / unit_of(bytes)).min(units) as u32
    }
}

/// What a receiver has of a message after its own part of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pulled {
    /// Everything.
    Whole,
    /// The rest has been copied when the [`Landing`] says so.
    Front,
}

impl Rendezvous {
    /// An offer of `source` from rank `sender` to rank `receiver`; `together` if the sender may copy too.
    pub fn new(source: View, sender: u32, receiver: u32, number: Number, together: bool) -> Rendezvous {
        Rendezvous {
            bytes: source.len(),
            source: UnsafeCell::new(source),
            sender,
            receiver,
            number,
            together,
            reply: Reply {
                target: UnsafeCell::new(View::bytes(core::ptr::null_mut(), 0)),
                taken: AtomicU32::new(0),
                landing: AtomicPtr::new(core::ptr::null_mut()),
                state: AtomicU32::new(OFFERED),
            },
        }
    }

    /// Bytes on offer.
    #[allow(clippy::len_without_is_empty)] // a number of bytes, not a collection
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Whether the sender accepts help with the copy, and gives it.
    pub fn together(&self) -> bool {
        self.together
    }

    /// Rank of the sender in MPI_COMM_WORLD.
    pub fn sender(&self) -> u32 {
        self.sender
    }

    /// Rank of the receiver in MPI_COMM_WORLD.
    pub fn receiver(&self) -> u32 {
        self.receiver
    }

    /// By which the receiver may claim it; 0 if it must take it.
    pub fn number(&self) -> Number {
        self.number
    }

    fn source(&self) -> View {
        // SAFETY: see the field.
        self.source.with(|view| unsafe { *view })
    }

    /// Sender: whether the buffer may be used again.
    #[inline]
    pub fn is_complete(&self) -> bool {
        self.reply.state.load(Ordering::Acquire) == DONE
    }

    /// Sender: takes the offer back, unless the receiver has taken it.
    pub fn cancel(&self) -> bool {
        self.turn(OFFERED, CANCELLED).is_ok()
    }

    fn turn(&self, from: u32, to: u32) -> Result<u32, u32> {
        self.reply.state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire)
    }

    /// Whether the sender took the offer back.
    pub fn is_cancelled(&self) -> bool {
        self.reply.state.load(Ordering::Acquire) == CANCELLED
    }

    /// Sender: puts the data that `copy` yields in the place of its buffer, which it may use again then. False if the
    /// receiver has taken the offer.
    pub fn relocate(&self, copy: impl FnOnce(View) -> View) -> bool {
        if self.turn(OFFERED, MOVING).is_err() {
            return false;
        }
        let view = copy(self.source());
        // SAFETY: while the state is MOVING the receiver stays away.
        self.source.with_mut(|source| unsafe { *source = view });
        self.reply.state.store(OFFERED, Ordering::Release);
        true
    }

    /// Receiver: takes the offer; false if it was cancelled meanwhile.
    #[inline]
    pub fn take(&self) -> bool {
        loop {
            match self.turn(OFFERED, TAKEN) {
                Ok(_) => return true,
                Err(MOVING) => pause(),
                Err(_) => return false,
            }
        }
    }

    /// Receiver, after [`Rendezvous::take`], or without if the sender will neither cancel nor relocate: copies as much as
    /// fits into `target`. `source` is the offer's if the receiver knows it already. `invite` is called when the sender may
    /// copy along: it should make it call [`Rendezvous::help`].
    #[inline]
    pub fn pull(
        &self,
        source: Option<View>,
        target: &View,
        sharing: Sharing,
        landing: &Landing,
        invite: impl FnOnce(),
    ) -> Pulled {
        let source = source.unwrap_or_else(|| self.source());
        let bytes = source.len().min(target.len());
        if bytes < sharing.least || !self.together {
            // SAFETY: the sender's buffer, which it offered, and the receiver's.
            unsafe { layout::copy(&source, target, bytes) };
            self.reply.state.store(DONE, Ordering::Release);
            return Pulled::Whole;
        }
        let first = sharing.first(bytes);
        self.invite(target, landing, first);
        invite();
        self.finish_front(&source, target, first, sharing)
    }

    /// Receiver, after [`Rendezvous::take`]: copies the first half, and leaves the other to the sender until it
    /// [joins](Rendezvous::join). `invite` as in [`Rendezvous::pull`].
    pub fn halve(&self, target: &View, landing: &Landing, invite: impl FnOnce()) {
        let source = self.source();
        let bytes = source.len().min(target.len());
        let first = bytes.div_ceil(unit_of(bytes)).div_ceil(2) as u32;
        self.invite(target, landing, first);
        invite();
        Part { source: &source, target, bytes }.copy(0, first);
    }

    /// Receiver of a halved transfer: copies what the sender has not begun. [`Rendezvous::conclude`] ends it.
    pub fn join(&self, target: &View, sharing: Sharing) -> Pulled {
        let source = self.source();
        let part = Part { source: &source, target, bytes: source.len().min(target.len()) };
        if self.work(End::Front, &part, sharing) > 0 { Pulled::Front } else { Pulled::Whole }
    }

    /// Receiver of a halved transfer that has everything: the sender may use its memory again.
    pub fn conclude(&self) {
        self.reply.state.store(DONE, Ordering::Release);
    }

    /// Receiver: lets the sender copy along, but for the first `first` units.
    fn invite(&self, target: &View, landing: &Landing, first: u32) {
        landing.prepare();
        // SAFETY: before the state is SHARED the sender stays away.
        self.reply.target.with_mut(|place| unsafe { *place = *target });
        self.reply.landing.store(core::ptr::from_ref(landing).cast_mut(), Ordering::Relaxed);
        self.reply.taken.store(first, Ordering::Relaxed);
        self.reply.state.store(SHARED, Ordering::Release);
    }

    /// Receiver: copies the first `first` units and what it gets of the rest.
    fn finish_front(&self, source: &View, target: &View, first: u32, sharing: Sharing) -> Pulled {
        let part = Part { source, target, bytes: source.len().min(target.len()) };
        part.copy(0, first);
        let back = self.work(End::Front, &part, sharing);
        self.reply.state.store(DONE, Ordering::Release);
        if back > 0 { Pulled::Front } else { Pulled::Whole }
    }

    /// Sender: copies along until nothing is left, if the receiver has invited it; the bytes it copied.
    #[inline]
    pub fn help(&self, sharing: Sharing) -> Option<usize> {
        if self.reply.state.load(Ordering::Acquire) == SHARED { self.help_shared(sharing) } else { None }
    }

    /// Units that the sender has copied so far.
    pub fn helped(&self) -> u32 {
        self.reply.taken.load(Ordering::Relaxed) >> 16
    }

    #[cold]
    fn help_shared(&self, sharing: Sharing) -> Option<usize> {
        // SAFETY: the receiver does not write it while the state is SHARED, nor after.
        let target = self.reply.target.with(|place| unsafe { *place });
        let source = self.source();
        let part = Part { source: &source, target: &target, bytes: source.len().min(target.len()) };
        let landing = self.reply.landing.load(Ordering::Relaxed);
        let copied = self.work(End::Back, &part, sharing);
        if copied > 0 {
            // SAFETY: the receiver waits for it, since the sender has taken units.
            unsafe { (*landing).0.store(1, Ordering::Release) };
        }
        Some((copied as usize * unit_of(part.bytes)).min(part.bytes))
    }

    /// Takes units from one end and copies them until none is left. Each side stays at its end, so that in a program that
    /// uses the same buffers again each core finds its part in its own cache. Returns the units taken from the back.
    fn work(&self, end: End, part: &Part<'_>, sharing: Sharing) -> u32 {
        let unit = unit_of(part.bytes);
        let (units, least) = (part.bytes.div_ceil(unit) as u32, (sharing.chunk / unit).max(1) as u32);
        loop {
            let before = self.reply.taken.load(Ordering::Relaxed);
            let (front, back) = (before & 0xffff, before >> 16);
            let left = units - front - back;
            if left == 0 {
                return back;
            }
            // Less and less, so that both end at about the same time.
            let take = if left <= 2 * least { left } else { (left / 2).max(least) };
            let after = before + (take << end as u32);
            let exchange = self.reply.taken.compare_exchange(before, after, Ordering::Relaxed, Ordering::Relaxed);
            if exchange.is_ok() {
                let from = if let End::Front = end { front } else { units - back - take };
                part.copy(from, take);
            }
        }
    }
}

/// The end from which a side takes its units; the value is the place of its count in `taken`.
#[derive(Debug, Clone, Copy)]
enum End {
    Front = 0,
    Back = 16,
}

/// What is copied in a shared transfer.
struct Part<'a> {
    source: &'a View,
    target: &'a View,
    bytes: usize,
}

impl Part<'_> {
    fn copy(&self, first: u32, units: u32) {
        let unit = unit_of(self.bytes);
        let from = first as usize * unit;
        let bytes = (units as usize * unit).min(self.bytes - from);
        // SAFETY: both views have the bytes, and `taken` gave these to us alone.
        unsafe { layout::copy_part(self.source, self.target, from, bytes) };
    }
}

/// Gives the core away: the other side may have lost its own.
fn rest() {
    #[cfg(loom)]
    loom::thread::yield_now();
    #[cfg(not(loom))]
    std::thread::yield_now();
}

#[inline]
fn pause() {
    #[cfg(loom)]
    loom::thread::yield_now();
    #[cfg(not(loom))]
    core::hint::spin_loop();
}

#[cfg(test)]
mod tests;
