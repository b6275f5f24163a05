//! The frame of the one-sided latency programs: sizes, epochs, the clock, validation and rows around one operation.

use bench_harness::{Buffer, Datatype, Window, World, emit};

use super::checking::{Check, Parts};
use super::synchronization::{Epochs, Synchronization, repeat};
use crate::kind::Kind;
use crate::options::Options;
use crate::output::{atomic_row, atomic_summary, header, row};
use crate::program::{Failure, check_processes, report_validation};
use crate::schedule::{Schedule, sizes};

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
    check_processes(world)?;
    let root = world.rank() == 0;
    if root {
        emit(&header(options));
    }
    for size in message_sizes(options) {
        let origin = world.agree(Origin::new(options, size)).map_err(Failure::Run)?;
        let window = Window::new(world, options.creation, size, b'b').map_err(Failure::Run)?;
        let epochs = Epochs::new(window, options.synchronization, options.kind, root);
        let mut test = Test { world, epochs, origin, operation: &operation };
        let schedule = Schedule::of(options, size);
        let (seconds, errors) =
            if options.validate { test.validated(options, schedule) } else { (test.timed(schedule), 0) };
        if root {
            let latency = seconds * 1e6 / (schedule.iterations * test.ways()) as f64;
            let errors = options.validate.then_some(errors);
            emit(&errors.map_or_else(|| row(size, &[latency], None), |errors| atomic_row(size, latency, errors)));
        }
        if options.validate {
            report_validation(options.kind, world.broadcast(errors), size)?;
        }
    }
    if root && options.validate {
        emit(&atomic_summary(world.size()));
    }
    Ok(())
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

    /// Returns the seconds of the schedule's iterations.
    fn timed(&self, schedule: Schedule) -> f64 {
        self.world.barrier();
        self.epochs.begin();
        self.iterate(schedule.warmup);
        let start = self.world.now();
        self.iterate(schedule.iterations);
        let seconds = self.world.now() - start;
        self.epochs.end();
        self.world.barrier();
        seconds
    }

    /// The same with every operation's data written and checked; only the iterations are timed. Returns the seconds and, on
    /// rank 0, the wrong elements on both ranks.
    fn validated(&mut self, options: &Options, schedule: Schedule) -> (f64, i32) {
        let world = self.world;
        let (mut seconds, mut errors) = (0.0, 0i32);
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
            let start = world.now();
            self.iterate(1);
            if iteration >= schedule.warmup {
                seconds += world.now() - start;
            }
            self.epochs.end();
            world.barrier();
            let Origin { data, result, compare, .. } = &mut self.origin;
            let wrong = self
                .epochs
                .locally(|window| check.count_errors(&Parts { data, result, compare, window: &mut window[..size] }));
            errors = errors.saturating_add(world.sum_at_root(wrong));
        }
        (seconds, errors)
    }
}
