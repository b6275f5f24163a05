//! osu_bw: windows of MPI_Isend from rank 0 to rank 1, each answered by one short message.

use osu::{Buffers, Failure, Kind, Options, Requests, World, measure_bandwidth};

const TAG: i32 = 100;
const ACKNOWLEDGEMENT: i32 = 101;

fn main() {
    osu::run(Kind::Bandwidth, measure)
}

fn measure(world: &World, options: &Options) -> Result<(), Failure> {
    let mut requests = Requests::new(options.window);
    measure_bandwidth(world, options, |buffers, size| window(world, buffers, &mut requests, size))
}

/// One window and its acknowledgement (one byte, as in OSU 7.4).
#[inline(always)]
fn window(world: &World, buffers: &mut Buffers, requests: &mut Requests, size: usize) {
    let (count, messages) = (size as i32, requests.len());
    if world.rank() == 0 {
        for slot in 0..messages {
            let data = buffers.pair(slot).0.as_ptr();
            // SAFETY: the buffer holds the largest size, and nothing writes it before wait_all below.
            unsafe { requests.isend(slot, world, data, count, 1, TAG) };
        }
        requests.wait_all(messages);
        world.recv(buffers.pair(0).1, 1, 1, ACKNOWLEDGEMENT);
    } else {
        for slot in 0..messages {
            let data = buffers.pair(slot).1.as_mut_ptr();
            // SAFETY: the buffer has room for the largest size and lives on. With one buffer all messages of the window go to the
            // same place, by the benchmark's definition, and carry the same bytes.
            unsafe { requests.irecv(slot, world, data, count, 0, TAG) };
        }
        requests.wait_all(messages);
        world.send(buffers.pair(0).0, 1, 0, ACKNOWLEDGEMENT);
    }
}
