//! osu_put_latency: one MPI_Put into the other rank's window, and its completion.

use osu::{Failure, Kind, Options, World, one_sided_latency};

fn main() {
    osu::run(Kind::PutLatency, measure)
}

fn measure(world: &World, options: &Options) -> Result<(), Failure> {
    one_sided_latency(world, options, |window, origin| {
        // SAFETY: the frame has opened the epoch, and leaves the origin's buffers alone until it has completed the operation.
        unsafe { window.put(origin.data(), 0, origin.count, &origin.datatype) }
    })
}
