//! osu_bibw: windows of messages in both directions at once; the bandwidth is that of both.

use osu::{Buffers, Failure, Kind, Options, Requests, World, measure_bandwidth};

/// By sender: messages of rank 0, messages of rank 1.
const TAGS: [i32; 2] = [100, 10];

fn main() {
    osu::run(Kind::BiBandwidth, measure)
}

fn measure(world: &World, options: &Options) -> Result<(), Failure> {
    let (mut sends, mut receives) = (Requests::new(options.window), Requests::new(options.window));
    measure_bandwidth(world, options, |buffers, size| window(world, buffers, &mut sends, &mut receives, size))
}

/// One window each way. As in the original there is no acknowledgement: who has all messages goes on.
#[inline(always)]
fn window(world: &World, buffers: &mut Buffers, sends: &mut Requests, receives: &mut Requests, size: usize) {
    let (count, messages, peer) = (size as i32, sends.len(), 1 - world.rank());
    let (outgoing_tag, incoming_tag) = (TAGS[world.rank() as usize], TAGS[peer as usize]);
    for slot in 0..messages {
        let data = buffers.pair(slot).1.as_mut_ptr();
        // SAFETY: the buffer has room for the largest size and lives on. With one buffer all messages of the window go to the
        // same place, by the benchmark's definition, and carry the same bytes.
        unsafe { receives.irecv(slot, world, data, count, peer, incoming_tag) };
    }
    for slot in 0..messages {
        let data = buffers.pair(slot).0.as_ptr();
        // SAFETY: the buffer holds the largest size, and nothing writes it before wait_all below.
        unsafe { sends.isend(slot, world, data, count, peer, outgoing_tag) };
    }
    sends.wait_all(messages);
    receives.wait_all(messages);
}
