//! The frame of osu_put_bw, osu_get_bw and osu_put_bibw: sizes, epochs, the clock and rows around windows of operations.

use bench_harness::{Buffer, Datatype, Window, World, emit};

use super::synchronization::{Epochs, Synchronization, repeat};
use crate::kind::Kind;
use crate::options::Options;
use crate::output::{Row, header};
use crate::program::{Failure, check_pair, report_validation};
use crate::schedule::{Schedule, sizes};
use crate::statistics::percentiles;
use crate::validation::{count_errors, stamp};

/// Measures every size with `operation`, which issues one operation of `count` elements between the local memory it is given
/// and an offset in the peer's window. Each operation of a window has its own place on both sides.
///
/// # Errors
/// When there are not two processes, memory is short, or the data was wrong.
pub fn measure(
    world: &World,
    options: &Options,
    operation: impl Fn(&Window<'_>, *mut u8, usize, i32, &Datatype),
) -> Result<(), Failure> {
    check_pair(world)?;
    let root = world.rank() == 0;
    if root {
        emit(&header(options));
    }
    let directions = if options.kind.is_both_ways() { 2 } else { 1 };
    let datatype = Datatype::of(options.element);
    for size in sizes(options) {
        let schedule = Schedule::of(options, size);
        let bytes = size.saturating_mul(options.window);
        let buffer = world.agree(Buffer::filled(bytes, b'a')).map_err(Failure::Run)?;
        let window = Window::new(world, options.creation, bytes, b'b').map_err(Failure::Run)?;
        let epochs = Epochs::new(window, options.synchronization, options.kind, root);
        let burst = |epochs: &Epochs<'_>, data: *mut u8| {
            for offset in (0..options.window).map(|slot| slot * size) {
                // One buffer holds all operations of a window, so the place is inside it.
                operation(&epochs.window, data.wrapping_add(offset), offset, size as i32, &datatype);
            }
        };
        let mut test = Test { world, epochs, buffer, bytes, directions };
        let (seconds, samples, errors) = match options.validate {
            true => test.validated(options, schedule, burst),
            false => test.timed(options, schedule, burst),
        };
        if root {
            let megabytes = size as f64 / 1e6 * (options.window * directions) as f64;
            let mut rates: Vec<f64> = samples.iter().map(|&sample| megabytes / sample).collect();
            let row = Row {
                size: Some(size),
                values: vec![megabytes * schedule.iterations as f64 / seconds],
                errors: options.validate.then_some(errors),
                tails: percentiles(&mut rates, &options.tails),
                ..Row::default()
            };
            emit(&row.text(options.kind));
        }
        if options.validate {
            report_validation(options.kind, world.broadcast(errors), size)?;
        }
    }
    Ok(())
}

/// One size.
struct Test<'a> {
    world: &'a World,
    epochs: Epochs<'a>,
    buffer: Buffer,
    /// The bytes of all operations of a window.
    bytes: usize,
    directions: usize,
}

impl Test<'_> {
    fn clocked(&self, iterations: usize, burst: &impl Fn(&Epochs<'_>, *mut u8)) -> f64 {
        let start = self.world.now();
        let data = self.buffer.start();
        iterate(self.world, &self.epochs, self.directions == 2, iterations, &|| burst(&self.epochs, data));
        self.world.now() - start
    }

    /// Returns the seconds of the schedule's iterations and, where they are wanted, of each.
    fn timed(
        &self,
        options: &Options,
        schedule: Schedule,
        burst: impl Fn(&Epochs<'_>, *mut u8),
    ) -> (f64, Vec<f64>, i32) {
        self.world.barrier();
        self.epochs.begin();
        self.clocked(schedule.warmup, &burst);
        let samples: Vec<f64> = match options.tails.is_empty() {
            true => Vec::new(),
            false => (0..schedule.iterations).map(|_| self.clocked(1, &burst)).collect(),
        };
        let seconds = if samples.is_empty() { self.clocked(schedule.iterations, &burst) } else { samples.iter().sum() };
        self.epochs.end();
        self.world.barrier();
        (seconds, samples, 0)
    }

    /// The same with the data of each iteration written and checked. Also returns, on rank 0, the wrong bytes on both ranks.
    fn validated(
        &mut self,
        options: &Options,
        schedule: Schedule,
        burst: impl Fn(&Epochs<'_>, *mut u8),
    ) -> (f64, Vec<f64>, i32) {
        let (mut seconds, mut samples, mut errors) = (0.0, Vec::new(), 0i32);
        let gets = options.kind == Kind::GetBandwidth;
        for iteration in schedule.all() {
            let (buffer, bytes) = (&mut self.buffer, self.bytes);
            self.epochs.locally(|window| match gets {
                true => stamp(&mut window[..bytes], buffer, iteration),
                false => stamp(buffer, &mut window[..bytes], iteration),
            });
            self.world.barrier();
            self.epochs.begin();
            let elapsed = self.clocked(1, &burst);
            if iteration >= schedule.warmup {
                seconds += elapsed;
                samples.push(elapsed);
            }
            self.epochs.end();
            self.world.barrier();
            let origin = self.world.rank() == 0;
            let wrong = match (gets, self.directions) {
                (true, _) if origin => count_errors(&self.buffer, 0, iteration),
                (false, 1) if !origin => self.epochs.locally(|window| count_errors(&window[..bytes], 0, iteration)),
                (false, 2) => self.epochs.locally(|window| count_errors(&window[..bytes], 0, iteration)),
                _ => 0,
            };
            errors = errors.saturating_add(self.world.sum_at_root(wrong));
        }
        (seconds, samples, errors)
    }
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
