//! Sendrecv and Exchange, on a ring of processes.

use crate::benchmark::Times;
use crate::checking::{left, right};
use crate::sample::Sample;

const TAG: i32 = 1;

/// Each process sends to its right and receives from its left neighbour, by MPI_Sendrecv.
pub fn sendrecv(sample: &mut Sample<'_>) -> Times {
    let (world, part) = (sample.world, sample.part());
    let (left, right) = (left(world), right(world));
    let seconds = sample.timed(|sample| {
        for repetition in 0..sample.repetitions {
            let (send, recv) = (sample.send.at(repetition), sample.recv.at(repetition));
            // SAFETY: two buffers that hold the message, and nobody else uses them.
            unsafe { world.sendrecv_at(send, right, recv, left, part, TAG) };
        }
    });
    Some([seconds, 0.0])
}

/// Each process sends to both neighbours, MPI_Isend, and receives from both, MPI_Recv.
pub fn exchange(sample: &mut Sample<'_>) -> Times {
    let (world, part) = (sample.world, sample.part());
    let (left, right) = (left(world), right(world));
    let seconds = sample.timed(|sample| {
        for repetition in 0..sample.repetitions {
            let (send, recv) = (sample.send.at(repetition), sample.recv.at(repetition));
            // SAFETY: buffers that hold two messages each; nothing writes the outgoing ones before wait_all. With two processes
            // the messages of both sides have one sender, and arrive in its order.
            unsafe {
                sample.requests.isend(0, world, send, part, right, TAG);
                sample.requests.isend(1, world, send.wrapping_add(sample.size), part, left, TAG);
                world.recv_at(recv, part, left, TAG);
                world.recv_at(recv, part, right, TAG);
            }
            sample.requests.wait_all(2);
        }
    });
    Some([seconds, 0.0])
}
