//! PingPong: MPI_Send and MPI_Recv, there and back.

use bench_harness::World;

use super::{Benchmark, Buffers, Layout};

pub const BENCHMARK: Benchmark =
    Benchmark { name: "PingPong", layout: Layout::Time, pair_only: true, time_divisor: 2.0, messages: 1.0, pattern };

const TAG: i32 = 1;

fn pattern(world: &World, buffers: &mut Buffers, size: i32, repetitions: usize) {
    if world.rank() == 0 {
        for _ in 0..repetitions {
            world.send(&buffers.outgoing, size, 1, TAG);
            world.recv(&mut buffers.incoming, size, 1, TAG);
        }
    } else {
        for _ in 0..repetitions {
            world.recv(&mut buffers.incoming, size, 0, TAG);
            world.send(&buffers.outgoing, size, 0, TAG);
        }
    }
}
