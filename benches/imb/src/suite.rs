//! The run: every benchmark on every number of processes, the others waiting in MPI_Barrier.

use bench_harness::{Buffer, Requests, World, emit};

use crate::benchmarks::{Benchmark, Buffers};
use crate::options::Options;
use crate::output;
use crate::schedule::{process_counts, repetitions, sizes};

/// Repetitions before the clock starts; they also tell how long one takes.
const WARMUP: usize = 2;

/// Runs all chosen benchmarks.
///
/// # Errors
/// When memory for the messages is short.
pub fn run(world: &World, options: &Options) -> Result<(), String> {
    let root = world.rank() == 0;
    if root {
        emit(&output::start(options, world.standard()));
    }
    let longest = sizes(options).into_iter().max().unwrap_or(0);
    let both = Buffer::filled(longest, b'a').and_then(|outgoing| Ok((outgoing, Buffer::filled(longest, b'b')?)));
    let (outgoing, incoming) = world.agree(both)?;
    let mut buffers = Buffers { outgoing, incoming, requests: Requests::new(1) };
    for test in &options.benchmarks {
        let counts = process_counts(test.pair_only, options.npmin, world.size());
        if counts.is_empty() && root {
            emit(&output::invalid(test, world.size()));
        }
        for count in counts {
            if root {
                emit(&output::heading(test, count, world.size()));
            }
            if let Some(part) = world.first(count) {
                table(&part, test, options, &mut buffers);
            }
            world.barrier();
        }
    }
    if root {
        emit(output::END);
    }
    Ok(())
}

fn table(part: &World, test: &Benchmark, options: &Options, buffers: &mut Buffers) {
    for size in sizes(options) {
        let once = timed(part, test, buffers, size, WARMUP);
        // Rank 0 decides for all: the ranks' clocks may differ.
        let times = part.broadcast(repetitions(options, size, once) as i32) as usize;
        let seconds = part.gather_at_root(timed(part, test, buffers, size, times));
        if part.rank() == 0 {
            emit(&output::row(test, size, times, &seconds));
        }
    }
}

/// Seconds per repetition on this process.
fn timed(part: &World, test: &Benchmark, buffers: &mut Buffers, size: usize, times: usize) -> f64 {
    part.barrier();
    let start = part.now();
    (test.pattern)(part, buffers, size as i32, times);
    (part.now() - start) / times as f64
}
