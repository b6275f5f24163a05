//! A barrier in memory that tasks share (`pip_barrier_t`): counted down, released by a generation word, waited for by a spin
//! and then a futex.

use crate::raw::{futex_wait, futex_wake};
use core::sync::atomic::{AtomicU32, Ordering};

/// The layout of PiP v2.4's `pip_barrier_t`; `{n, n, 0, {0}}` is a barrier of `n` that is ready.
#[derive(Debug)]
#[repr(C)]
pub struct Barrier {
    members: AtomicU32,
    /// How many have not come yet.
    missing: AtomicU32,
    /// Changes when all have come.
    generation: AtomicU32,
    _padding: u32,
    /// How many sleep; the original has its semaphores here.
    sleepers: AtomicU32,
    _reserved: [u32; 15],
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
        self.missing.store(members as u32, Ordering::Relaxed);
        self.generation.store(0, Ordering::Relaxed);
        self.sleepers.store(0, Ordering::Release);
        true
    }

    /// Whether somebody waits at it.
    pub fn is_busy(&self) -> bool {
        self.missing.load(Ordering::Acquire) != self.members.load(Ordering::Relaxed)
    }

    /// Waits until all members have come. `cores`: on how many they run; with fewer than members it sleeps at once.
    pub fn wait(&self, cores: usize) {
        let generation = self.generation.load(Ordering::Acquire);
        let members = self.members.load(Ordering::Relaxed);
        if self.missing.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.missing.store(members, Ordering::Relaxed);
            // Ordered before the look at the sleepers, as theirs is before the look at the generation.
            self.generation.store(generation.wrapping_add(1), Ordering::SeqCst);
            if self.sleepers.load(Ordering::SeqCst) != 0 {
                futex_wake(&self.generation, i32::MAX);
            }
            return;
        }
        let spins = if members as usize <= cores { SPINS } else { 0 };
        for _ in 0..spins {
            if self.generation.load(Ordering::Acquire) != generation {
                return;
            }
            core::hint::spin_loop();
        }
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        while self.generation.load(Ordering::SeqCst) == generation {
            futex_wait(&self.generation, generation, 1000);
        }
        self.sleepers.fetch_sub(1, Ordering::Release);
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
