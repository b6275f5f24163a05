//! Cycles of the time-stamp counter, which counts at one rate on all cores whatever their clock does.

use crate::board::now;
use std::arch::x86_64::{__rdtscp, _mm_lfence, _rdtsc};
use std::sync::LazyLock;

/// The counter before what is measured: everything earlier is done, nothing later has begun.
pub fn start() -> u64 {
    // SAFETY: every x86-64 has these instructions, and they touch no memory.
    unsafe {
        _mm_lfence();
        let count = _rdtsc();
        _mm_lfence();
        count
    }
}

/// The counter after what was measured, all of which is done.
pub fn end() -> u64 {
    let mut core = 0;
    // SAFETY: as above; rdtscp also writes a local. Every processor that runs Linux 5.16 in 64 bits has it.
    unsafe {
        let count = __rdtscp(&mut core);
        _mm_lfence();
        count
    }
}

/// What `action` gives, and the cycles it took.
pub fn of<T>(action: impl FnOnce() -> T) -> (T, u64) {
    let start = start();
    let result = action();
    (result, end() - start)
}

/// Cycles of measuring nothing, which every measurement includes.
pub fn of_nothing() -> u64 {
    let mut samples: Vec<u64> = (0..1001).map(|_| of(|| ()).1).collect();
    samples.sort_unstable();
    samples[samples.len() / 2]
}

/// Cycles in a nanosecond, found by a twentieth of a second of the monotonic clock.
pub fn per_nanosecond() -> f64 {
    static RATE: LazyLock<f64> = LazyLock::new(|| {
        let (clock, count) = (now(), start());
        while now() - clock < 50_000_000 {}
        (end() - count) as f64 / (now() - clock) as f64
    });
    *RATE
}
