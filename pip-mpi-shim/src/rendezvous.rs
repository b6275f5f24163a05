//! The transfer of one long message: the sender offers its buffer, the receiver copies straight out of it. While both
//! wait, both copy: they take chunks from a shared cursor. The receiver ends the transfer when no byte is left.
//!
//! This module knows neither MPI nor the operating system.

use crate::layout::{self, View};
use crate::primitive::{AtomicIsize, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

const OFFERED: u32 = 0;
const TAKEN: u32 = 1;
const CANCELLED: u32 = 2;

/// A sender's offer. It stays in place until [`Rendezvous::is_complete`], or after a successful cancel for good.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct Rendezvous {
    /// The sender's data.
    source: View,
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
    cursor: AtomicUsize,
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
    /// Bytes a side takes at a time.
    pub chunk: usize,
}

impl Rendezvous {
    /// An offer of `source`; `together` if the sender may copy too.
    pub fn new(source: View, together: bool) -> Rendezvous {
        Rendezvous {
            source,
            together,
            state: AtomicU32::new(OFFERED),
            left: AtomicIsize::new(0),
            done: AtomicU32::new(0),
            to: AtomicPtr::new(core::ptr::null_mut()),
            length: AtomicUsize::new(0),
            chunk: AtomicUsize::new(0),
            cursor: AtomicUsize::new(0),
        }
    }

    /// Bytes on offer.
    pub fn len(&self) -> usize {
        self.source.len()
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

    /// Receiver: takes the offer; false if it was cancelled meanwhile.
    pub fn take(&self) -> bool {
        self.state.compare_exchange(OFFERED, TAKEN, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Receiver, after [`Rendezvous::take`]: copies as much as fits into `target`, and returns how many bytes. `announce`
    /// is called if the sender is to help: it should make it call [`Rendezvous::help`].
    pub fn pull(&self, target: &View, sharing: Sharing, announce: impl FnOnce()) -> usize {
        let length = self.source.len().min(target.len());
        match (self.source.contiguous(), target.contiguous()) {
            (Some(_), Some(to)) if self.together && length >= sharing.least => {
                self.to.store(to, Ordering::Relaxed);
                self.length.store(length, Ordering::Relaxed);
                self.chunk.store(sharing.chunk, Ordering::Relaxed);
                self.left.store(length as isize, Ordering::Release);
                announce();
                self.help();
                while self.left.load(Ordering::Acquire) != 0 {
                    pause();
                }
            }
            _ => layout::copy(&self.source, target, length),
        }
        self.done.store(1, Ordering::Release);
        length
    }

    /// Either side: copies chunks until none is left to take.
    pub fn help(&self) {
        let (Some(from), to) = (self.source.contiguous(), self.to.load(Ordering::Acquire)) else { return };
        let (length, chunk) = (self.length.load(Ordering::Relaxed), self.chunk.load(Ordering::Relaxed));
        loop {
            let at = self.cursor.fetch_add(chunk, Ordering::Relaxed);
            if at >= length {
                return;
            }
            let bytes = chunk.min(length - at);
            // SAFETY: both buffers are at least `length` long, and the cursor gave this piece to us alone.
            unsafe { core::ptr::copy_nonoverlapping(from.add(at), to.add(at), bytes) };
            self.left.fetch_sub(bytes as isize, Ordering::AcqRel);
        }
    }
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

    #[cfg(not(loom))]
    use std::thread;
    #[cfg(loom)]
    use loom::thread;

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

    #[cfg(not(loom))]
    #[test]
    fn a_cancelled_offer_is_not_taken() {
        let offer = Rendezvous::new(View::bytes(core::ptr::null_mut(), 0), false);
        assert!(offer.cancel() && offer.is_cancelled() && !offer.take() && !offer.cancel());
    }
}
