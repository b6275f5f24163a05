//! osu_put_bibw: windows of MPI_Put in both directions at once; the bandwidth is that of both.

use osu::{Failure, Kind, Options, World, one_sided_bandwidth};

fn main() {
    osu::run(Kind::PutBiBandwidth, measure)
}

fn measure(world: &World, options: &Options) -> Result<(), Failure> {
    one_sided_bandwidth(world, options, |window, data, offset, count, datatype| {
        // SAFETY: the frame has opened the epoch, and leaves the buffer, in which each operation has its own part, alone until it
        // has completed all of them.
        unsafe { window.put(data, offset, count, datatype) }
    })
}
