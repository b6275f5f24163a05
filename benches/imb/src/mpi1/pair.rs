//! PingPong and PingPing, between two processes.

use bench_harness::any_source;

use crate::benchmark::Times;
use crate::sample::Sample;

const TAG: i32 = 1;

/// MPI_Send and MPI_Recv, there and back; half of it is reported.
pub fn ping_pong(sample: &mut Sample<'_>) -> Times {
    back_and_forth(sample, 1 - sample.world.rank())
}

/// The same with MPI_ANY_SOURCE.
pub fn ping_pong_any(sample: &mut Sample<'_>) -> Times {
    back_and_forth(sample, any_source())
}

fn back_and_forth(sample: &mut Sample<'_>, from: i32) -> Times {
    let (leads, peer) = (sample.world.rank() == 0, 1 - sample.world.rank());
    let seconds = sample.timed(|sample| {
        let (world, part) = (sample.world, sample.part());
        for repetition in 0..sample.repetitions {
            let (send, recv) = (sample.send.at(repetition), sample.recv.at(repetition));
            // SAFETY: both buffers hold the message, and nobody else uses them.
            unsafe {
                if leads {
                    world.send_at(send, part, peer, TAG);
                    world.recv_at(recv, part, from, TAG);
                } else {
                    world.recv_at(recv, part, from, TAG);
                    world.send_at(send, part, peer, TAG);
                }
            }
        }
    });
    Some([seconds / 2.0, 0.0])
}

/// Both send at once, MPI_Isend and MPI_Recv, so that each message meets one in the other direction.
pub fn ping_ping(sample: &mut Sample<'_>) -> Times {
    at_once(sample, 1 - sample.world.rank())
}

/// The same with MPI_ANY_SOURCE.
pub fn ping_ping_any(sample: &mut Sample<'_>) -> Times {
    at_once(sample, any_source())
}

fn at_once(sample: &mut Sample<'_>, from: i32) -> Times {
    let peer = 1 - sample.world.rank();
    let seconds = sample.timed(|sample| {
        let (world, part) = (sample.world, sample.part());
        for repetition in 0..sample.repetitions {
            // SAFETY: both buffers hold the message; nothing writes the outgoing one before wait_all.
            unsafe {
                sample.requests.isend(0, world, sample.send.at(repetition), part, peer, TAG);
                world.recv_at(sample.recv.at(repetition), part, from, TAG);
            }
            sample.requests.wait_all(1);
        }
    });
    Some([seconds, 0.0])
}
