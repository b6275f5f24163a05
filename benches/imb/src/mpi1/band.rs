//! Uniband and Biband: windows of messages in pairs, process i with process i + n/2.

use bench_harness::World;

use crate::benchmark::Times;
use crate::sample::Sample;

const TAG: i32 = 1;
const ACKNOWLEDGEMENT: i32 = 2;

/// The other process of the pair.
pub fn partner(world: &World) -> i32 {
    let half = world.size() / 2;
    if world.rank() < half { world.rank() + half } else { world.rank() - half }
}

/// Who sends to this process in Uniband.
pub fn sender(world: &World) -> Option<i32> {
    (world.rank() >= world.size() / 2).then(|| partner(world))
}

/// The first half sends a window of messages, MPI_Isend, and the second acknowledges it.
pub fn uniband(sample: &mut Sample<'_>) -> Times {
    let (sends, receives) = match sender(sample.world) {
        None => (sample.window_size, 0),
        Some(_) => (0, sample.window_size),
    };
    windows(sample, sends, receives)
}

/// Both halves send a window of messages at once.
pub fn biband(sample: &mut Sample<'_>) -> Times {
    windows(sample, sample.window_size, sample.window_size)
}

fn windows(sample: &mut Sample<'_>, sends: usize, receives: usize) -> Times {
    let (world, part, peer) = (sample.world, sample.part(), partner(sample.world));
    let seconds = sample.timed(|sample| {
        for repetition in 0..sample.repetitions {
            let (send, recv) = (sample.send.at(repetition), sample.recv.at(repetition));
            for slot in 0..receives {
                // SAFETY: the buffer has room for the message; all messages of a window go there, and are equal.
                unsafe { sample.requests.irecv(slot, world, recv, part, peer, TAG) };
            }
            for slot in receives..receives + sends {
                // SAFETY: the buffer holds the message, and nothing writes it before wait_all.
                unsafe { sample.requests.isend(slot, world, send, part, peer, TAG) };
            }
            sample.requests.wait_all(sends + receives);
            if receives == 0 {
                world.recv(&mut [], 0, peer, ACKNOWLEDGEMENT);
            } else if sends == 0 {
                world.send(&[], 0, peer, ACKNOWLEDGEMENT);
            }
        }
    });
    Some([seconds, 0.0])
}
