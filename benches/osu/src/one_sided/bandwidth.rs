//! The frame of osu_put_bw, osu_get_bw and osu_put_bibw: sizes, epochs, the clock and rows around windows of operations.

use bench_harness::{Buffer, Datatype, Window, World, emit};

use super::synchronization::{Epochs, Synchronization, repeat};
use crate::options::Options;
use crate::output::{header, row};
use crate::program::{Failure, check_processes};
use crate::schedule::{Schedule, sizes};

/// Measures every size with `operation`, which issues one operation of `count` elements between the local memory it is given
/// and an offset in the peer's window. Each operation of a window has its own place on both sides.
///
/// # Errors
/// When there are not two processes, or memory is short.
pub fn measure(
    world: &World,
    options: &Options,
    operation: impl Fn(&Window<'_>, *mut u8, usize, i32, &Datatype),
) -> Result<(), Failure> {
    check_processes(world)?;
    let root = world.rank() == 0;
    if root {
        emit(&header(options));
    }
    let directions = if options.kind.is_both_ways() { 2 } else { 1 };
    let datatype = Datatype::of(options.element);
    for size in sizes(options) {
        let schedule = Schedule::of(options, size);
        let buffer = world.agree(Buffer::filled(size * options.window, b'a')).map_err(Failure::Run)?;
        let window = Window::new(world, options.creation, size * options.window, b'b').map_err(Failure::Run)?;
        let epochs = Epochs::new(window, options.synchronization, options.kind, root);
        let data = buffer.start();
        let burst = || {
            for offset in (0..options.window).map(|slot| slot * size) {
                // One buffer holds all operations of a window, so the place is inside it.
                operation(&epochs.window, data.wrapping_add(offset), offset, size as i32, &datatype);
            }
        };
        world.barrier();
        epochs.begin();
        iterate(world, &epochs, directions == 2, schedule.warmup, &burst);
        let start = world.now();
        iterate(world, &epochs, directions == 2, schedule.iterations, &burst);
        let seconds = world.now() - start;
        epochs.end();
        world.barrier();
        if root {
            let megabytes = size as f64 / 1e6 * (schedule.iterations * options.window * directions) as f64;
            emit(&row(size, &[megabytes / seconds], None));
        }
    }
    Ok(())
}

/// The timed loop: `burst` issues one window of operations.
#[inline(never)]
fn iterate(world: &World, epochs: &Epochs<'_>, both_ways: bool, iterations: usize, burst: &impl Fn()) {
    let (window, origin) = (&epochs.window, world.rank() == 0);
    match epochs.synchronization {
        Synchronization::Passive(way) => epochs.passively(way, iterations, burst),
        Synchronization::Fence if origin || both_ways => repeat(iterations, || {
            window.fence();
            burst();
            window.fence();
        }),
        Synchronization::Fence => repeat(iterations, || {
            window.fence();
            window.fence();
        }),
        Synchronization::Pscw if both_ways => repeat(iterations, || {
            window.post();
            window.start();
            burst();
            window.complete();
            window.wait();
        }),
        Synchronization::Pscw if origin => repeat(iterations, || {
            window.start();
            burst();
            window.complete();
        }),
        Synchronization::Pscw => repeat(iterations, || {
            window.post();
            window.wait();
        }),
    }
}
