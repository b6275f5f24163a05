//! The frame of the one-sided latency programs: sizes, epochs, the clock, validation and rows around one operation.

use bench_harness::{Buffer, Datatype, Window, World, emit};

use super::checking::{Check, Parts};
use super::synchronization::{Epochs, Synchronization, repeat};
use crate::kind::Kind;
use crate::options::Options;
use crate::output::{Row, atomic_summary, columns, preamble};
use crate::program::{Failure, check_pair, report_validation};
use crate::schedule::{Schedule, sizes};
use crate::statistics::percentiles;

/// What an operation is given at its origin.
pub struct Origin {
    data: Buffer,
    result: Buffer,
    compare: Buffer,
    /// How many elements.
    pub count: i32,
    /// Their type.
    pub datatype: Datatype,
}

impl Origin {
    /// Buffers for `size` bytes, filled as in the original.
    fn new(options: &Options, size: usize) -> Result<Self, String> {
        let filled = |fill| Buffer::filled(size, fill);
        let (data, result, compare) = (filled(b'a')?, filled(b'c')?, filled(b'a')?);
        let count = (size / options.element.size()) as i32;
        Ok(Self { data, result, compare, count, datatype: Datatype::of(options.element) })
    }

    /// What is written.
    #[inline(always)]
    pub fn data(&self) -> *const u8 {
        self.data.start()
    }

    /// Where what was read goes.
    #[inline(always)]
    pub fn result(&self) -> *mut u8 {
        self.result.start()
    }

    /// What is compared.
    #[inline(always)]
    pub fn compare(&self) -> *const u8 {
        self.compare.start()
    }
}

/// The sizes of messages: one element, where the operation has no count; otherwise all that hold an element.
fn message_sizes(options: &Options) -> Vec<usize> {
    let element = options.element.size();
    match options.kind {
        Kind::FetchAndOpLatency | Kind::CompareAndSwapLatency => vec![element],
        _ => sizes(options).filter(|&size| size >= element).collect(),
    }
}

/// Measures every size with `operation`, which issues one operation towards the peer. The frame leaves the origin's buffers
/// alone until it has completed it.
///
/// # Errors
/// When there are not two processes, memory is short, or the data was wrong.
pub fn measure(world: &World, options: &Options, operation: impl Fn(&Window<'_>, &Origin)) -> Result<(), Failure> {
    check_pair(world)?;
    let root = world.rank() == 0;
    if root {
        emit(&preamble(options));
    }
    for options in &options.each_element().collect::<Vec<_>>() {
        if root {
            emit(&columns(options));
        }
        for size in message_sizes(options) {
            row(world, options, size, &operation)?;
        }
    }
    if root && options.validate && options.kind.is_computing() {
        emit(&atomic_summary(world.size(), options.elements.len()));
    }
    Ok(())
}

fn row(
    world: &World,
    options: &Options,
    size: usize,
    operation: &impl Fn(&Window<'_>, &Origin),
) -> Result<(), Failure> {
    let root = world.rank() == 0;
    let origin = world.agree(Origin::new(options, size)).map_err(Failure::Run)?;
    let window = Window::new(world, options.creation, size, b'b').map_err(Failure::Run)?;
    let epochs = Epochs::new(window, options.synchronization, options.kind, root);
    let mut test = Test { world, epochs, origin, operation };
    let schedule = Schedule::of(options, size);
    let (seconds, samples, errors) = match options.validate {
        true => test.validated(options, schedule),
        false => test.timed(options, schedule),
    };
    if root {
        let microseconds = |seconds: f64| seconds * 1e6 / test.ways() as f64;
        let mut samples: Vec<f64> = samples.into_iter().map(microseconds).collect();
        let row = Row {
            size: Some(size),
            values: vec![microseconds(seconds) / schedule.iterations as f64],
            errors: options.validate.then_some(errors),
            tails: percentiles(&mut samples, &options.tails),
            ..Row::default()
        };
        emit(&row.text(options.kind));
    }
    match options.validate {
        true => report_validation(options.kind, world.broadcast(errors), size),
        false => Ok(()),
    }
}

struct Test<'a, O> {
    world: &'a World,
    epochs: Epochs<'a>,
    origin: Origin,
    operation: &'a O,
}

impl<O: Fn(&Window<'_>, &Origin)> Test<'_, O> {
    /// The operations of one iteration: where the target takes part, it answers with its own.
    fn ways(&self) -> usize {
        if self.epochs.synchronization.passive().is_some() { 1 } else { 2 }
    }

    /// The timed loop. (OSU 7.4 reads the clock in every iteration; here it is read around the loop.)
    #[inline(never)]
    fn iterate(&self, iterations: usize) {
        let window = &self.epochs.window;
        let operation = || (self.operation)(window, &self.origin);
        match (self.epochs.synchronization, self.world.rank()) {
            (Synchronization::Passive(way), _) => self.epochs.passively(way, iterations, operation),
            (Synchronization::Fence, 0) => repeat(iterations, || {
                window.fence();
                operation();
                window.fence();
                window.fence();
            }),
            (Synchronization::Fence, _) => repeat(iterations, || {
                window.fence();
                window.fence();
                operation();
                window.fence();
            }),
            (Synchronization::Pscw, 0) => repeat(iterations, || {
                window.start();
                operation();
                window.complete();
                window.post();
                window.wait();
            }),
            (Synchronization::Pscw, _) => repeat(iterations, || {
                window.post();
                window.wait();
                window.start();
                operation();
                window.complete();
            }),
        }
    }

    fn clocked(&self, iterations: usize) -> f64 {
        let start = self.world.now();
        self.iterate(iterations);
        self.world.now() - start
    }

    /// Returns the seconds of the schedule's iterations and, where they are wanted, of each.
    fn timed(&self, options: &Options, schedule: Schedule) -> (f64, Vec<f64>, i32) {
        self.world.barrier();
        self.epochs.begin();
        self.iterate(schedule.warmup);
        let samples: Vec<f64> = match options.tails.is_empty() {
            true => Vec::new(),
            false => (0..schedule.iterations).map(|_| self.clocked(1)).collect(),
        };
        let seconds = if samples.is_empty() { self.clocked(schedule.iterations) } else { samples.iter().sum() };
        self.epochs.end();
        self.world.barrier();
        (seconds, samples, 0)
    }

    /// The same with every operation's data written and checked; only the iterations are timed. Also returns,
    /// on rank 0, the wrong elements on both ranks.
    fn validated(&mut self, options: &Options, schedule: Schedule) -> (f64, Vec<f64>, i32) {
        let world = self.world;
        let (mut seconds, mut samples, mut errors) = (0.0, Vec::new(), 0i32);
        for iteration in schedule.all() {
            let check = Check {
                kind: options.kind,
                element: options.element,
                both_ways: self.ways() == 2,
                rank: world.rank() as usize,
                iteration,
            };
            let Origin { data, result, compare, .. } = &mut self.origin;
            let size = data.len();
            self.epochs.locally(|window| {
                check.prepare(&mut Parts { data, result, compare, window: &mut window[..size] });
            });
            world.barrier();
            self.epochs.begin();
            let elapsed = self.clocked(1);
            if iteration >= schedule.warmup {
                seconds += elapsed;
                samples.push(elapsed);
            }
            self.epochs.end();
            world.barrier();
            let Origin { data, result, compare, .. } = &mut self.origin;
            let wrong = self
                .epochs
                .locally(|window| check.count_errors(&Parts { data, result, compare, window: &mut window[..size] }));
            errors = errors.saturating_add(world.sum_at_root(wrong));
        }
        (seconds, samples, errors)
    }
}
