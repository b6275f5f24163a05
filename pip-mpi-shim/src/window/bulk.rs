//! How updates by atomic instructions and updates of many elements in plain loops keep out of each other's way.
//!
//! A plain loop is ten times as fast per element, but may not run while somebody else updates the same elements. Who uses atomic
//! instructions notes so before and looks whether somebody works in bulk; who works in bulk says so first and then looks at the
//! notes. One of the two must see the other: the barrier that this takes on both sides is issued by the latter for all, with
//! membarrier(2), so that single updates cost two plain stores more.

use super::Window;
use super::elements::Access;
use crate::waiting;
use core::sync::atomic::{Ordering, compiler_fence};

/// Bytes from which the barrier pays.
const BULK_MIN: usize = 2 << 10;

impl Window {
    /// Whether there are notes. Threads of a rank would share one, and more ranks than cores use no membarrier.
    fn has_notes(&self) -> bool {
        !self.job.fences && self.job.lanes == 1
    }

    /// Runs `update` on `bytes` bytes of aligned elements of `target`, with the access that it may have.
    #[inline]
    pub fn updating(&self, target: u32, bytes: usize, update: impl FnOnce(Access)) {
        if !self.has_notes() {
            return update(Access::Shared);
        }
        if bytes >= BULK_MIN {
            return self.in_bulk(target, update);
        }
        let (seat, note) = (self.header.seat(target), &self.header.seat(self.rank).busy);
        note.store(target + 1, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
        if seat.bulk.load(Ordering::Acquire) == 0 {
            update(Access::Shared);
            note.store(0, Ordering::Release);
        } else {
            note.store(0, Ordering::Release);
            seat.guard.with(|| update(Access::Shared));
        }
    }

    #[cold]
    fn in_bulk(&self, target: u32, update: impl FnOnce(Access)) {
        let seat = self.header.seat(target);
        seat.guard.with(|| {
            seat.bulk.store(1, Ordering::Relaxed);
            waiting::fence_everywhere();
            for rank in 0..self.size() {
                let note = &self.header.seat(rank).busy;
                while note.load(Ordering::Acquire) == target + 1 {
                    std::thread::yield_now();
                }
            }
            update(Access::Alone);
            seat.bulk.store(0, Ordering::Release);
        });
    }
}
