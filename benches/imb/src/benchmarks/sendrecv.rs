//! Sendrecv: a periodic chain, each process sends to its right and receives from its left neighbour.

use bench_harness::World;

use super::{Benchmark, Buffers, Layout};

pub const BENCHMARK: Benchmark = Benchmark {
    name: "Sendrecv",
    layout: Layout::TimeRange,
    pair_only: false,
    time_divisor: 1.0,
    messages: 2.0,
    pattern,
};

const TAG: i32 = 1;

fn pattern(world: &World, buffers: &mut Buffers, size: i32, repetitions: usize) {
    let (rank, all) = (world.rank(), world.size());
    let (right, left) = ((rank + 1) % all, (rank + all - 1) % all);
    for _ in 0..repetitions {
        world.sendrecv(&buffers.outgoing, right, &mut buffers.incoming, left, size, TAG);
    }
}
