//! What memory allows: all ranks together read one array and write another of their parts' sizes, as a sweep does, and compute
//! next to nothing.

use anyhow::Result;
use std::hint::black_box;
use std::time::Instant;

use crate::comm::Comm;
use crate::grid::Shape;
use crate::memory;

/// Bytes that memory moves per point: 8 read, 8 written, and 8 that a cache fetches before it writes to their line.
pub const BYTES: usize = 24;

/// Measurements in turn: a disturbance spoils one of them.
const BATCHES: usize = 5;

/// Points of one measurement at least, so that a clock's resolution does not matter.
const POINTS: usize = 1 << 25;

/// Measures in GB/s over all ranks, `points` being those of all.
///
/// # Errors
/// On all ranks, if one finds no memory.
pub fn measure(comm: &Comm, shape: Shape, points: usize) -> Result<Vec<f64>> {
    let mut now = comm.agree(memory::reserve(shape.len()))?;
    let mut next = comm.agree(memory::reserve(shape.len()))?;
    let passes = (POINTS / points).max(1);
    let mut rates = Vec::new();
    for _ in 0..BATCHES {
        comm.barrier();
        let start = Instant::now();
        for _ in 0..passes {
            for (to, from) in next.iter_mut().zip(&now) {
                // Arithmetic, so that no compiler makes this a copy by other instructions than the sweep's.
                *to = 0.5 * from + 1.0;
            }
            black_box((&mut now, &mut next));
            std::mem::swap(&mut now, &mut next);
        }
        comm.barrier();
        let nanoseconds = comm.most(start.elapsed().as_nanos() as u64);
        rates.push((points * passes * BYTES) as f64 / nanoseconds as f64);
    }
    Ok(rates)
}
