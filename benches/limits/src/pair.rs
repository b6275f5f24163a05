//! Two pinned threads that meet at turns: the frame of both measurements.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::cores::{Cores, pin};

/// One word with a cache line (and the adjacent-line prefetcher's partner) of its own.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Line(pub AtomicU64);

/// How long a measurement may take before the cores count as taken by others. A free core needs milliseconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// Others kept the cores from being measured.
#[derive(Debug, thiserror::Error)]
#[error("cores {} and {} were too busy to measure within {} s", .0.0, .0.1, PATIENCE.as_secs())]
pub struct TooBusy(Cores);

/// Spins between two looks at the give-up flag, less one.
const RARELY: u32 = (1 << 20) - 1;

/// What the two threads share.
#[derive(Default)]
pub(crate) struct Pair {
    turn: Line,
    give_up: AtomicBool,
}

impl Pair {
    /// Waits until the turn counter is `value`. No pause instruction: on Intel it costs 40 to 140 cycles, a fifth of the hand-off.
    ///
    /// Returns false when the other side gave up.
    #[inline(always)]
    pub fn await_turn(&self, value: u64) -> bool {
        let mut spins = 0u32;
        while self.turn.0.load(Ordering::Acquire) != value {
            spins = spins.wrapping_add(1);
            // Rarely, so that the loop stays one load and one compare.
            if spins & RARELY == 0 && self.give_up.load(Ordering::Relaxed) {
                return false;
            }
        }
        true
    }

    /// As [`Pair::await_turn`]: Some(true) at `value`, Some(false) at the end mark `u64::MAX`, None when the other side gave up.
    pub fn await_turn_or_end(&self, value: u64) -> Option<bool> {
        for spins in 1u32.. {
            match self.turn.0.load(Ordering::Acquire) {
                u64::MAX => return Some(false),
                turn if turn == value => return Some(true),
                _ if spins & RARELY == 0 && self.give_up.load(Ordering::Relaxed) => return None,
                _ => {}
            }
        }
        None
    }

    /// Passes the turn: everything written before is visible to who awaited it.
    #[inline(always)]
    pub fn pass_turn(&self, value: u64) {
        self.turn.0.store(value, Ordering::Release);
    }
}

/// Runs `first` on the first core and `second` on the second, at the same time, and returns what `first` measured.
///
/// # Errors
/// When a core cannot be used, or the two did not meet within three seconds because others keep the cores busy.
pub(crate) fn run<T: Send>(
    cores: Cores,
    first: impl FnOnce(&Pair) -> Option<T> + Send,
    second: impl FnOnce(&Pair) -> Option<()> + Send,
) -> Result<T> {
    let pair = Pair::default();
    std::thread::scope(|scope| {
        let peer = scope.spawn(|| pin(cores.1).map(|()| second(&pair)));
        let leader = scope.spawn(|| pin(cores.0).map(|()| first(&pair)));
        let start = Instant::now();
        while !(peer.is_finished() && leader.is_finished()) {
            // A thread that could not be pinned or panicked never takes its turn: its peer must not wait for it.
            let half_done = peer.is_finished() || leader.is_finished();
            let patience = if half_done { Duration::from_millis(200) } else { PATIENCE };
            if start.elapsed() > patience {
                pair.give_up.store(true, Ordering::Relaxed);
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        let joined = |_| anyhow!("a measuring thread panicked");
        peer.join().map_err(joined)??;
        match leader.join().map_err(joined)?? {
            Some(value) => Ok(value),
            None => Err(TooBusy(cores).into()),
        }
    })
}
