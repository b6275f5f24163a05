//! Copying a message into a warm buffer, by one core and by both: one that the other core has just written (it is dirty in
//! that core's cache), and one that is unchanged since the last copy. The first is what programs send; the second is what
//! osu_latency, osu_bw and NetPIPE send, whose buffers stay as they are: its lines are in both caches.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::cores::Cores;
use crate::pair;
use crate::vector::vector_copy;

/// The messages measured by default, in bytes.
pub const MESSAGE_SIZES: [usize; 4] = [64 << 10, 256 << 10, 1 << 20, 4 << 20];

/// Chunks that both cores take from the shared cursor; the faster of them counts. Smaller chunks gain nothing (DESIGN.md).
const CHUNKS: [usize; 2] = [32 << 10, 64 << 10];

/// The time spent on each size and each way.
const BUDGET: Duration = Duration::from_millis(12);

/// Median times of one kind of copy, in microseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Times {
    /// By the receiving core alone.
    pub one_core_us: f64,
    /// By both cores.
    pub two_cores_us: f64,
}

impl Times {
    /// The faster way.
    pub fn best_us(&self) -> f64 {
        self.one_core_us.min(self.two_cores_us)
    }
}

/// The limits for one message size.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Copy {
    /// Message size in bytes.
    pub bytes: usize,
    /// The message was just written by the other core.
    pub dirty: Times,
    /// The message is unchanged since the last copy.
    pub unchanged: Times,
}

impl Copy {
    /// GB/s (10^9) when the message takes `microseconds`.
    pub fn gbs(&self, microseconds: f64) -> f64 {
        self.bytes as f64 / 1e3 / microseconds
    }
}

/// Measures messages of `bytes`.
///
/// # Errors
/// When the cores cannot be used.
pub fn copy(cores: Cores, bytes: usize) -> Result<Copy> {
    Ok(Copy { bytes, dirty: times(cores, bytes, true)?, unchanged: times(cores, bytes, false)? })
}

fn times(cores: Cores, bytes: usize, dirty: bool) -> Result<Times> {
    let one_core_us = median_copy(cores, bytes, dirty, None)?;
    let mut two_cores_us = f64::INFINITY;
    for chunk in CHUNKS {
        two_cores_us = two_cores_us.min(median_copy(cores, bytes, dirty, Some(chunk))?);
    }
    Ok(Times { one_core_us, two_cores_us })
}

/// Two buffers that the two threads use in turns.
struct Message {
    source: Vec<u64>,
    target: Vec<u64>,
    bytes: usize,
    cursor: AtomicUsize,
}

/// Pointers into a [`Message`], for both threads.
#[derive(Clone, Copy)]
struct Shared<'a> {
    source: *mut u8,
    target: *mut u8,
    bytes: usize,
    cursor: &'a AtomicUsize,
}

// SAFETY: the pointers reach buffers that outlive both threads; the turns of `pair` order every access, and during a common
// copy the cursor hands each chunk to one thread only.
unsafe impl Send for Shared<'_> {}

impl Shared<'_> {
    /// Makes one of the buffers dirty in the cache of the calling core.
    fn dirty(self, buffer: *mut u8, value: u8) {
        // One ordinary store per cache line. Not memset: its `rep stosb` writes without owning the lines first, and leaves
        // them beyond the cache.
        for at in (0..self.bytes).step_by(64) {
            // SAFETY: both buffers hold `bytes`, and the turn belongs to the caller, who names the buffer that is its own now.
            unsafe { buffer.add(at).write_volatile(value) };
        }
    }

    /// Copies chunks until none is left.
    fn take_chunks(self, chunk: usize) {
        loop {
            let start = self.cursor.fetch_add(chunk, Ordering::Relaxed);
            if start >= self.bytes {
                return;
            }
            let len = chunk.min(self.bytes - start);
            // SAFETY: within both buffers, and nobody else got this chunk.
            unsafe { vector_copy(self.source.add(start), self.target.add(start), len) };
        }
    }
}

/// The median microseconds of a copy by the first core alone, or by both when `chunk` is given.
///
/// Four turns per repetition: with `dirty` the second core writes the source, and the first its target; they copy; both are done.
fn median_copy(cores: Cores, bytes: usize, dirty: bool, chunk: Option<usize>) -> Result<f64> {
    let words = bytes.div_ceil(8);
    let mut message = Message { source: vec![1; words], target: vec![2; words], bytes, cursor: AtomicUsize::new(0) };
    let shared = Shared {
        source: message.source.as_mut_ptr().cast(),
        target: message.target.as_mut_ptr().cast(),
        bytes: message.bytes,
        cursor: &message.cursor,
    };
    let mut samples = pair::run(
        cores,
        move |pair| {
            let shared = shared;
            let mut samples = Vec::new();
            let (began, mut turn) = (Instant::now(), 0);
            loop {
                pair.pass_turn(turn + 1);
                if !pair.await_turn(turn + 2) {
                    return None;
                }
                if dirty {
                    shared.dirty(shared.target, 3);
                }
                shared.cursor.store(0, Ordering::Relaxed);
                let start = Instant::now();
                pair.pass_turn(turn + 3);
                shared.take_chunks(chunk.unwrap_or(shared.bytes));
                let alone = start.elapsed();
                if !pair.await_turn(turn + 4) {
                    return None;
                }
                let both = start.elapsed();
                samples.push(if chunk.is_some() { both } else { alone }.as_nanos() as f64 / 1e3);
                turn += 4;
                if began.elapsed() > BUDGET && samples.len() >= 5 {
                    // The end mark: this was the last repetition.
                    pair.pass_turn(u64::MAX);
                    return Some(samples);
                }
            }
        },
        move |pair| {
            let shared = shared;
            let mut turn = 0;
            while pair.await_turn_or_end(turn + 1)? {
                if dirty {
                    shared.dirty(shared.source, 4);
                }
                pair.pass_turn(turn + 2);
                if !pair.await_turn(turn + 3) {
                    return None;
                }
                if let Some(chunk) = chunk {
                    shared.take_chunks(chunk);
                }
                pair.pass_turn(turn + 4);
                turn += 4;
            }
            Some(())
        },
    )?;
    drop(message);
    Ok(median(&mut samples))
}

/// The median; of an even number of samples, the mean of the middle two.
pub(crate) fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    let middle = samples.len() / 2;
    match samples.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => samples[middle],
        _ => (samples[middle - 1] + samples[middle]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&mut []).is_nan());
    }

    #[test]
    fn bandwidth_is_in_decimal_gigabytes() {
        let times = Times { one_core_us: 20.0, two_cores_us: 10.0 };
        let copy = Copy { bytes: 1_000_000, dirty: times, unchanged: times };
        assert_eq!((copy.gbs(20.0), copy.gbs(copy.dirty.best_us())), (50.0, 100.0));
    }

    #[test]
    fn a_copy_takes_time_where_there_are_two_cores() {
        let Ok(cores) = Cores::first_two() else { return };
        let measured = copy(cores, 100_000).expect("two cores");
        assert!(measured.dirty.best_us() > 0.0 && measured.unchanged.two_cores_us.is_finite());
    }
}
