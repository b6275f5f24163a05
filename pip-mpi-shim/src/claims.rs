//! Who gets at an offer: the receiver that copies it, or the sender that wants it back. The receiver *claims* it by a store
//! to a line of its own, and looks at a line of the sender's that hardly ever changes, for whether the offer was *recalled*.
//! So in the usual case, where nobody recalls, no cache line travels for it.
//!
//! Claim and recall are each a store followed by a load of what the other one stores. With a full barrier in between on both
//! sides one of the two, at least, sees the other. Recalls are rare, so the recalling side issues the barrier for all threads
//! of the address space (membarrier(2), brought along by the caller), and the claim only keeps the compiler from exchanging
//! its store and its load. That barrier meets the claiming thread
//! * before its store: then its load, which is later still, finds the recall;
//! * after its load: then the recalling side, which looks after the barrier, finds the claim;
//! * in between: then both hold.
//!
//! Whoever sees the other leaves the decision to the state of the [offer](crate::rendezvous), by compare and swap: a receiver
//! that finds its claim recalled takes the offer there, a sender that finds its offer claimed leaves it alone.
//!
//! This module knows neither MPI nor the operating system.

use crate::primitive::{AtomicU64, Ordering};

/// An offer's number, unique in the job. Of one sender's offers in a lane the later has the greater. 0 is none.
pub type Number = u64;

/// Ranks stand below the count; their number is limited by what a ring's envelope has room for.
const RANK_BITS: u32 = 20;

/// The number of the `count`-th offer of rank `sender`, from 1 on.
#[inline]
pub fn number(count: u64, sender: u32) -> Number {
    count << RANK_BITS | u64::from(sender)
}

/// What one rank says about offers in one lane.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Claims {
    /// The offer from another rank that this one claimed last.
    claimed: Line,
    /// The last of this rank's own offers that it may have recalled; those before it count as recalled, too.
    recalled: Line,
}

#[derive(Debug, Default)]
#[repr(C, align(128))]
struct Line(AtomicU64);

impl Claims {
    /// Receiver, on its own claims: whether offer `number` of the rank with the claims `sender` is this rank's to copy. The
    /// offer's state must say that it was taken before this rank claims another one.
    #[inline]
    pub fn claim(&self, sender: &Claims, number: Number) -> bool {
        self.claimed.0.store(number, Ordering::Release);
        barrier_by_recall();
        sender.recalled.0.load(Ordering::Acquire) < number
    }

    /// Sender, on its own claims: recalls its offers up to `last`, among them `number`, which was made to the rank with the
    /// claims `receiver`. True if from here on the state of that offer decides; false if the receiver may be copying it.
    /// `barrier` is one for all threads.
    pub fn recall(&self, receiver: &Claims, number: Number, last: Number, barrier: impl FnOnce()) -> bool {
        if self.recalled.0.load(Ordering::Relaxed) < number {
            self.recalled.0.store(last, Ordering::Release);
            barrier();
        }
        receiver.claimed.0.load(Ordering::Acquire) != number
    }
}

/// Where the barrier of a recall takes effect. loom has none for other threads; a barrier here always, and one in the recall,
/// promise the same: one side, at least, sees the other.
#[inline(always)]
fn barrier_by_recall() {
    #[cfg(loom)]
    loom::sync::atomic::fence(Ordering::SeqCst);
    #[cfg(not(loom))]
    core::sync::atomic::compiler_fence(Ordering::SeqCst);
}

#[cfg(test)]
mod tests;
