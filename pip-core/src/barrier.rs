//! A barrier in memory that tasks share (`pip_barrier_t`). Arrivals are counted, never reset, and the count itself is what waiters
//! look at: the last arrival is the release, so a round of two costs two hand-overs of one cache line. Waiting is a spin,
//! then a futex.

use crate::raw::{futex_wait, futex_wake};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The layout of PiP v2.4's `pip_barrier_t`; `{n, n, 0, {0}}` is a barrier of `n` that is ready.
#[derive(Debug)]
#[repr(C)]
pub struct Barrier {
    members: AtomicU32,
    /// The original's count and sense; kept as its initialiser writes them.
    _count: AtomicU32,
    _sense: AtomicU32,
    _padding: u32,
    /// All arrivals so far; the original has its semaphores here.
    arrived: AtomicU64,
    /// How many sleep.
    sleepers: AtomicU32,
    _reserved: [u32; 13],
}

/// Rounds of the spin before it sleeps: about 20 us, ten times what a hand-over between cores takes.
const SPINS: u32 = 1000;

impl Barrier {
    /// Makes `self` a barrier of `members`; false if that is not positive.
    pub fn init(&self, members: i32) -> bool {
        if members <= 0 {
            return false;
        }
        self.members.store(members as u32, Ordering::Relaxed);
        self._count.store(members as u32, Ordering::Relaxed);
        self._sense.store(0, Ordering::Relaxed);
        self.sleepers.store(0, Ordering::Relaxed);
        self.arrived.store(0, Ordering::Release);
        true
    }

    /// Whether somebody waits at it.
    pub fn is_busy(&self) -> bool {
        !self.arrived.load(Ordering::Acquire).is_multiple_of(self.members())
    }

    fn members(&self) -> u64 {
        u64::from(self.members.load(Ordering::Relaxed)).max(1)
    }

    /// Waits until all members have come. `cores`: on how many they run; with fewer than members it sleeps at once.
    pub fn wait(&self, cores: usize) {
        let members = self.members();
        let before = self.arrived.fetch_add(1, Ordering::SeqCst);
        let release = (before / members + 1) * members;
        if before + 1 == release {
            // Ordered after the arrival, as the sleepers' look at the count is after their entry here.
            if self.sleepers.load(Ordering::SeqCst) != 0 {
                futex_wake(self.low_half(), i32::MAX);
            }
            return;
        }
        let spins = if members <= cores as u64 { SPINS } else { 0 };
        for _ in 0..spins {
            if self.arrived.load(Ordering::Acquire) >= release {
                return;
            }
            core::hint::spin_loop();
        }
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        loop {
            let now = self.arrived.load(Ordering::SeqCst);
            if now >= release {
                break;
            }
            futex_wait(self.low_half(), now as u32, 1000);
        }
        self.sleepers.fetch_sub(1, Ordering::Release);
    }

    /// The half of the count that changes: the kernel's futexes have 32 bits.
    fn low_half(&self) -> &AtomicU32 {
        // SAFETY: inside the count, aligned, and x86-64 is little-endian; the kernel only reads it.
        unsafe { &*self.arrived.as_ptr().cast::<AtomicU32>() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_passes_before_all_have_come() {
        const MEMBERS: usize = 5;
        const ROUNDS: usize = 2000;
        assert_eq!(size_of::<Barrier>(), 80);
        for cores in [1, 64] {
            // SAFETY: plain integers.
            let barrier: Barrier = unsafe { core::mem::zeroed() };
            assert!(!barrier.init(0) && barrier.init(MEMBERS as i32));
            let arrived: [AtomicU32; MEMBERS] = Default::default();
            std::thread::scope(|scope| {
                for member in 0..MEMBERS {
                    let (barrier, arrived) = (&barrier, &arrived);
                    scope.spawn(move || {
                        for round in 1..=ROUNDS as u32 {
                            arrived[member].store(round, Ordering::Relaxed);
                            barrier.wait(cores);
                            assert!(arrived.iter().all(|a| a.load(Ordering::Relaxed) >= round));
                        }
                    });
                }
            });
            assert!(!barrier.is_busy());
        }
    }
}
