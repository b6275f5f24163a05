//! PingPing: both send at once, MPI_Isend and MPI_Recv, so that each message meets one in the other direction.

use bench_harness::World;

use super::{Benchmark, Buffers, Layout};

pub const BENCHMARK: Benchmark =
    Benchmark { name: "PingPing", layout: Layout::Time, pair_only: true, time_divisor: 1.0, messages: 1.0, pattern };

const TAG: i32 = 1;

fn pattern(world: &World, buffers: &mut Buffers, size: i32, repetitions: usize) {
    let peer = 1 - world.rank();
    for _ in 0..repetitions {
        // SAFETY: the outgoing buffer holds the largest size, and nothing writes it before wait_all.
        unsafe { buffers.requests.isend(0, world, buffers.outgoing.as_ptr(), size, peer, TAG) };
        world.recv(&mut buffers.incoming, size, peer, TAG);
        buffers.requests.wait_all(1);
    }
}
