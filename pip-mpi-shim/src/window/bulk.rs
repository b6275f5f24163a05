//! How updates by atomic instructions and updates in plain loops keep out of each other's way.
//!
//! A target is in one of two modes. *Atomic*, at first: a few elements are updated by atomic instructions, without a lock, which is
//! what counters and flags need. *Locked*: every update takes the target's guard and runs in a plain loop, which costs a
//! twentieth per element. The first update of many elements changes the mode, and a long row of small ones changes it back.
//!
//! Who uses atomic instructions notes so before and looks at the mode afterwards; who changes the mode looks at the notes
//! afterwards. One of the two must see the other: the barrier that this takes on both sides is issued by the latter for all, with
//! membarrier(2), so that small updates cost two plain stores more.

use super::Window;
use super::elements::Access;
use super::shared::Seat;
use crate::waiting;
use core::sync::atomic::{Ordering, compiler_fence};

/// Up to so many elements are a small update.
const FEW: usize = 4;
/// Small updates in a row after which a target returns to atomic mode: the way there and back again takes some 20 us.
const PEACE: u32 = 4096;

impl Window {
    /// Whether there is an atomic mode. Threads of a rank would share a note, and with more ranks than cores there is no membarrier.
    fn has_atomic_mode(&self) -> bool {
        !self.job.fences && self.job.lanes == 1
    }

    /// Runs `update` of `count` aligned elements of `target`, with the access that it may have.
    #[inline]
    pub fn updating(&self, target: u32, count: usize, update: impl FnOnce(Access)) {
        let seat = self.header.seat(target);
        if count <= FEW && self.has_atomic_mode() {
            let note = &self.header.seat(self.rank).busy;
            note.store(target + 1, Ordering::Relaxed);
            compiler_fence(Ordering::SeqCst);
            if seat.locked.load(Ordering::Acquire) == 0 {
                update(Access::Shared);
                return note.store(0, Ordering::Release);
            }
            note.store(0, Ordering::Release);
        }
        seat.guard.with(|| update(self.access(seat, target, count)));
    }

    /// The access of an update in the guard, which is where modes change.
    fn access(&self, seat: &Seat, target: u32, count: usize) -> Access {
        if !self.has_atomic_mode() {
            return Access::Alone;
        }
        let locked = seat.locked.load(Ordering::Relaxed);
        match (locked, count <= FEW) {
            (0, true) => return Access::Shared, // changed back just now
            (0, false) => self.enter_locked_mode(seat, target),
            (PEACE, true) => {
                seat.locked.store(0, Ordering::Release);
                return Access::Shared;
            }
            (_, true) => seat.locked.store(locked + 1, Ordering::Relaxed),
            (_, false) => seat.locked.store(1, Ordering::Relaxed),
        }
        Access::Alone
    }

    #[cold]
    fn enter_locked_mode(&self, seat: &Seat, target: u32) {
        seat.locked.store(1, Ordering::Relaxed);
        waiting::fence_everywhere();
        for rank in 0..self.size() {
            let note = &self.header.seat(rank).busy;
            while note.load(Ordering::Acquire) == target + 1 {
                std::thread::yield_now();
            }
        }
    }
}
