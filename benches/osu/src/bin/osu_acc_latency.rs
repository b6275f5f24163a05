//! osu_acc_latency: one MPI_Accumulate (a sum) into the other rank's window, and its completion.

use osu::{Failure, Kind, Options, World, one_sided_latency};

fn main() {
    osu::run(Kind::AccumulateLatency, measure)
}

fn measure(world: &World, options: &Options) -> Result<(), Failure> {
    one_sided_latency(world, options, |window, origin| {
        // SAFETY: the frame has opened the epoch, and leaves the origin's buffers alone until it has completed the operation.
        unsafe { window.accumulate(origin.data(), origin.count, &origin.datatype) }
    })
}
