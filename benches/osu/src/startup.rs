//! osu_init and osu_hello: whether and how fast ranks start.

use std::time::Duration;

use bench_harness::{World, emit};

use crate::options::Options;
use crate::output::preamble;
use crate::program::Failure;

/// Prints how long MPI_Init took on the ranks, which is `elapsed` on this one.
///
/// # Errors
/// None.
pub fn init(world: &World, options: &Options, elapsed: Duration) -> Result<(), Failure> {
    let milliseconds: Vec<u64> =
        world.gather_at_root(elapsed.as_secs_f64() * 1e3).into_iter().map(|value| value as u64).collect();
    if let (Some(min), Some(max)) = (milliseconds.iter().min(), milliseconds.iter().max()) {
        let (ranks, sum): (usize, u64) = (milliseconds.len(), milliseconds.iter().sum());
        let average = sum / ranks as u64;
        emit(&format!("{}nprocs: {ranks}, min: {min} ms, max: {max} ms, avg: {average} ms\n", preamble(options)));
    }
    Ok(())
}

/// Says how many ranks there are.
///
/// # Errors
/// None.
pub fn hello(world: &World, options: &Options) -> Result<(), Failure> {
    if world.rank() == 0 {
        emit(&format!("{}This is a test with {} processes\n", preamble(options), world.size()));
    }
    Ok(())
}
