//! osu_cas_latency: one MPI_Compare_and_swap on the other rank's window, and its completion. As in the original, what is
//! compared differs, so nothing is swapped; with \`-c\` every second one is.

use osu::{Failure, Kind, Options, World, one_sided_latency};

fn main() {
    osu::run(Kind::CompareAndSwapLatency, measure)
}

fn measure(world: &World, options: &Options) -> Result<(), Failure> {
    one_sided_latency(world, options, |window, origin| {
        // SAFETY: the frame has opened the epoch, and leaves the origin's buffers alone until it has completed the operation.
        unsafe { window.compare_and_swap(origin.data(), origin.compare(), origin.result(), &origin.datatype) }
    })
}
