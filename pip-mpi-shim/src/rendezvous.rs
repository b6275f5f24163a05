//! The transfer of one long message: the sender offers its buffer, the receiver copies straight out of it. While both
//! wait, both copy: they take chunks from a shared cursor. The receiver ends the transfer when no byte is left.
//!
//! This module knows neither MPI nor the operating system.

use crate::layout::{self, View};
use crate::primitive::{AtomicIsize, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, UnsafeCell};

const OFFERED: u32 = 0;
const TAKEN: u32 = 1;
const CANCELLED: u32 = 2;
/// The sender is replacing its buffer by a copy.
const MOVING: u32 = 3;

/// A sender's offer. It stays in place until [`Rendezvous::is_complete`], or after a successful cancel for good.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct Rendezvous {
    /// The sender's data: the receiver's to read once it took the offer, the sender's to change while it moves it.
    source: UnsafeCell<View>,
    bytes: usize,
    /// Whether the sender accepts help with the copy, and gives it.
    together: bool,
    state: AtomicU32,
    /// Bytes not yet copied of a shared transfer.
    left: AtomicIsize,
    /// Set by the receiver as the last thing it does here: then the sender may use the memory again.
    done: AtomicU32,
    /// Where the receiver wants the data, and how many bytes; set before the offer is shared out.
    to: AtomicPtr<u8>,
    length: AtomicUsize,
    chunk: AtomicUsize,
    /// Chunks taken: by the receiver from the front (low half), by the sender from the back (high half).
    taken: AtomicU64,
}

// SAFETY: the views point to buffers that MPI forbids to touch during the transfer; the rest is atomic.
unsafe impl Send for Rendezvous {}
// SAFETY: as above.
unsafe impl Sync for Rendezvous {}

/// How the copy is shared out between the two sides.
#[derive(Debug, Clone, Copy)]
pub struct Sharing {
    /// Messages shorter than this are copied by the receiver alone.
    pub least: usize,
    /// Bytes a side takes at a time, at most; each side gets at least one such piece.
    pub chunk: usize,
}

impl Sharing {
    /// Half of a short message, `chunk` of a long one; whole pages, so that the sides do not share cache lines.
    fn chunk_of(&self, length: usize) -> usize {
        const PAGE: usize = 4096;
        self.chunk.min(length.div_ceil(2).next_multiple_of(PAGE)).max(1)
    }
}

impl Rendezvous {
    /// An offer of `source`; `together` if the sender may copy too.
    pub fn new(source: View, together: bool) -> Rendezvous {
        Rendezvous {
            bytes: source.len(),
            source: UnsafeCell::new(source),
            together,
            state: AtomicU32::new(OFFERED),
            left: AtomicIsize::new(0),
            done: AtomicU32::new(0),
            to: AtomicPtr::new(core::ptr::null_mut()),
            length: AtomicUsize::new(0),
            chunk: AtomicUsize::new(0),
            taken: AtomicU64::new(0),
        }
    }

    /// Bytes on offer.
    #[allow(clippy::len_without_is_empty)] // a number of bytes, not a collection
    pub fn len(&self) -> usize {
        self.bytes
    }

    fn source(&self) -> View {
        // SAFETY: see the field.
        self.source.with(|view| unsafe { *view })
    }

    /// Sender: whether the buffer may be used again.
    #[inline]
    pub fn is_complete(&self) -> bool {
        self.done.load(Ordering::Acquire) != 0
    }

    /// Sender: takes the offer back, unless the receiver has taken it.
    pub fn cancel(&self) -> bool {
        self.state.compare_exchange(OFFERED, CANCELLED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Whether the sender took the offer back.
    pub fn is_cancelled(&self) -> bool {
        self.state.load(Ordering::Acquire) == CANCELLED
    }

    /// Sender: puts the data that `copy` yields in the place of its buffer, which it may use again then. False if the
    /// receiver has taken the offer.
    pub fn relocate(&self, copy: impl FnOnce(View) -> View) -> bool {
        if self.state.compare_exchange(OFFERED, MOVING, Ordering::AcqRel, Ordering::Acquire).is_err() {
            return false;
        }
        let view = copy(self.source());
        // SAFETY: while the state is MOVING the receiver stays away.
        self.source.with_mut(|source| unsafe { *source = view });
        self.state.store(OFFERED, Ordering::Release);
        true
    }

    /// Receiver: takes the offer; false if it was cancelled meanwhile.
    pub fn take(&self) -> bool {
        loop {
            match self.state.compare_exchange(OFFERED, TAKEN, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(MOVING) => pause(),
                Err(_) => return false,
            }
        }
    }

    /// Receiver, after [`Rendezvous::take`]: copies as much as fits into `target`, and returns how many bytes. `announce`
    /// is called if the sender is to help: it should make it call [`Rendezvous::help`].
    pub fn pull(&self, target: &View, sharing: Sharing, announce: impl FnOnce()) -> usize {
        let source = self.source();
        let length = self.bytes.min(target.len());
        match (source.contiguous(), target.contiguous()) {
            (Some(_), Some(to)) if self.together && length >= sharing.least => {
                self.to.store(to, Ordering::Relaxed);
                self.length.store(length, Ordering::Relaxed);
                self.chunk.store(sharing.chunk_of(length), Ordering::Relaxed);
                self.left.store(length as isize, Ordering::Release);
                announce();
                self.copy_from(End::Front);
                while self.left.load(Ordering::Acquire) != 0 {
                    pause();
                }
            }
            // SAFETY: the sender's buffer, which it offered, and the receiver's.
            _ => unsafe { layout::copy(&source, target, length) },
        }
        self.done.store(1, Ordering::Release);
        length
    }

    /// Sender: copies along until no chunk is left to take; returns the bytes it copied.
    pub fn help(&self) -> usize {
        self.copy_from(End::Back)
    }

    /// Takes chunks from one end until the ends meet. Each side stays at its end, so that in a program that uses the
    /// same buffers again each core finds its part in its own cache.
    fn copy_from(&self, end: End) -> usize {
        let (Some(from), to) = (self.source().contiguous(), self.to.load(Ordering::Acquire)) else { return 0 };
        let (length, chunk) = (self.length.load(Ordering::Relaxed), self.chunk.load(Ordering::Relaxed));
        let chunks = length.div_ceil(chunk);
        let mut copied = 0;
        loop {
            let before = self.taken.fetch_add(end as u64, Ordering::Relaxed);
            let (front, back) = (before as u32 as usize, (before >> 32) as usize);
            if front + back >= chunks {
                break;
            }
            let at = chunk * if let End::Front = end { front } else { chunks - 1 - back };
            let bytes = chunk.min(length - at);
            // SAFETY: both buffers are at least `length` long, and `taken` gave this piece to us alone.
            unsafe { core::ptr::copy_nonoverlapping(from.add(at), to.add(at), bytes) };
            copied += bytes;
            if front + back + 1 == chunks {
                break; // that was the last one: no need to touch the shared line for it
            }
        }
        if copied > 0 {
            self.left.fetch_sub(copied as isize, Ordering::AcqRel);
        }
        copied
    }
}

/// The end from which a side takes its chunks; the value is one chunk in `taken`.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
enum End {
    Front = 1,
    Back = 1 << 32,
}

#[inline]
fn pause() {
    #[cfg(loom)]
    loom::thread::yield_now();
    #[cfg(not(loom))]
    core::hint::spin_loop();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(loom)]
    use loom::thread;
    #[cfg(not(loom))]
    use std::thread;

    fn transfer(length: usize, sharing: Sharing) {
        let from: &'static [u8] = Box::leak((0..length).map(|i| (i * 7) as u8).collect());
        let to: &'static mut [u8] = Box::leak(vec![0u8; length].into_boxed_slice());
        let view = View::bytes(from.as_ptr().cast_mut(), from.len());
        let offer: &'static Rendezvous = Box::leak(Box::new(Rendezvous::new(view, true)));
        #[cfg(not(loom))]
        let announced = std::sync::Arc::new(AtomicU32::new(0));
        #[cfg(loom)]
        let announced = loom::sync::Arc::new(AtomicU32::new(0));
        let sender = {
            let announced = announced.clone();
            thread::spawn(move || {
                while !offer.is_complete() {
                    if announced.load(Ordering::Acquire) == 1 {
                        offer.help();
                    }
                    thread::yield_now();
                }
            })
        };
        assert!(offer.take() && !offer.cancel());
        let target = View::bytes(to.as_mut_ptr(), to.len());
        assert_eq!(offer.pull(&target, sharing, || announced.store(1, Ordering::Release)), length);
        sender.join().unwrap();
        // SAFETY: the transfer is over.
        assert_eq!(unsafe { std::slice::from_raw_parts(target.contiguous().unwrap(), length) }, from);
    }

    #[cfg(not(loom))]
    #[test]
    fn both_sides_copy_every_byte_once() {
        for length in [0, 1, 100, 4096, 1_000_003] {
            for chunk in [64, 1000, 65536] {
                transfer(length, Sharing { least: 0, chunk });
            }
            transfer(length, Sharing { least: usize::MAX, chunk: 64 });
        }
    }

    #[cfg(loom)]
    #[test]
    fn loom_both_sides_copy_every_byte_once() {
        loom::model(|| transfer(5, Sharing { least: 0, chunk: 2 }));
    }

    /// The sender moves its data while the receiver takes it: the receiver gets all of it, from one place or the other.
    fn relocation() {
        let from: &'static [u8] = &[1, 2, 3, 4];
        let offer: &'static Rendezvous =
            Box::leak(Box::new(Rendezvous::new(View::bytes(from.as_ptr().cast_mut(), 4), false)));
        let sender = thread::spawn(move || {
            offer.relocate(|view| {
                // SAFETY: the four bytes above.
                let copy = Box::leak(unsafe { view.gather() });
                View::bytes(copy.as_mut_ptr(), 4)
            })
        });
        let mut to = [0u8; 4];
        assert!(offer.take());
        assert_eq!(offer.pull(&View::bytes(to.as_mut_ptr(), 4), Sharing { least: 0, chunk: 1 }, || {}), 4);
        sender.join().unwrap();
        assert_eq!(to, from);
        assert!(offer.is_complete() && !offer.relocate(|view| view));
    }

    #[cfg(not(loom))]
    #[test]
    fn data_may_move_while_it_is_taken() {
        (0..1000).for_each(|_| relocation());
    }

    #[cfg(loom)]
    #[test]
    fn loom_data_may_move_while_it_is_taken() {
        loom::model(relocation);
    }

    #[cfg(not(loom))]
    #[test]
    fn a_cancelled_offer_is_not_taken() {
        let offer = Rendezvous::new(View::bytes(core::ptr::null_mut(), 0), false);
        assert!(offer.cancel() && offer.is_cancelled() && !offer.take() && !offer.cancel());
    }
}
