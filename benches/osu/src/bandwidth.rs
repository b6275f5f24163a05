//! The frame of osu_bw and osu_bibw: sizes, the clock, validation and rows around windows of messages.

use bench_harness::{World, emit};

use crate::buffers::Buffers;
use crate::options::Options;
use crate::output::{header, row};
use crate::program::{Failure, check_processes, report_validation};
use crate::schedule::{Schedule, sizes};

const VERDICT: i32 = 102;

/// Measures every size with `window`, which moves one window of messages of the given size.
///
/// # Errors
/// When there are not two processes, memory is short, or the data was wrong.
pub fn measure(world: &World, options: &Options, mut window: impl FnMut(&mut Buffers, usize)) -> Result<(), Failure> {
    check_processes(world)?;
    let mut buffers = world.agree(Buffers::new(options, options.window)).map_err(Failure::Run)?;
    let root = world.rank() == 0;
    let directions = if options.kind.is_both_ways() { 2 } else { 1 };
    if root {
        emit(&header(options));
    }
    for size in sizes(options) {
        let schedule = Schedule::of(options, size);
        world.barrier();
        let (mut seconds, mut errors) = (0.0, 0);
        if options.validate {
            (seconds, errors) = validated(world, options, &mut buffers, &mut window, size, schedule);
        } else {
            let mut start = world.now();
            for iteration in schedule.all() {
                if iteration == schedule.warmup {
                    start = world.now();
                }
                window(&mut buffers, size);
            }
            seconds += world.now() - start;
        }
        if root {
            let megabytes = size as f64 / 1e6 * (schedule.iterations * options.window * directions) as f64;
            emit(&row(size, &[megabytes / seconds], options.validate.then_some(errors)));
        }
        if options.validate {
            report_validation(options.kind, world.broadcast(errors), size)?;
        }
    }
    Ok(())
}

/// The same with stamped messages, checked by who receives them. Returns the seconds and, on rank 0, the wrong bytes.
fn validated(
    world: &World,
    options: &Options,
    buffers: &mut Buffers,
    window: &mut impl FnMut(&mut Buffers, usize),
    size: usize,
    schedule: Schedule,
) -> (f64, i32) {
    let (mut seconds, mut errors) = (0.0, 0i32);
    for iteration in schedule.all() {
        buffers.stamp(size, options.window, iteration);
        world.barrier();
        let start = world.now();
        window(buffers, size);
        if iteration >= schedule.warmup {
            seconds += world.now() - start;
        }
        let wrong = || buffers.count_errors(size, options.window, iteration);
        if world.rank() == 0 {
            let mut theirs = [0; 4];
            world.recv(&mut theirs, 4, 1, VERDICT);
            let mine = if options.kind.is_both_ways() { wrong() } else { 0 };
            errors = errors.saturating_add(i32::from_ne_bytes(theirs)).saturating_add(mine);
        } else {
            world.send(&wrong().to_ne_bytes(), 4, 0, VERDICT);
        }
    }
    (seconds, errors)
}
