//! What a rank can compute while a non-blocking operation runs.

use std::hint::black_box;

use bench_harness::World;

use super::setup::Setup;
use crate::options::Options;
use crate::schedule::Schedule;

/// The side of the matrix of the computation.
const SIDE: usize = 25;

/// What was measured on this rank, in seconds of all iterations.
#[derive(Default)]
pub struct Overlap {
    /// Each iteration.
    pub samples: Vec<f64>,
    /// Computing and testing.
    compute: f64,
    /// The call that starts the operation.
    init: f64,
    /// The calls of MPI_Test.
    test: f64,
    /// MPI_Wait.
    wait: f64,
}

impl Overlap {
    /// The columns on rank 0, in microseconds and percent: the mean over the ranks. `pure` are mean, minimum and maximum of
    /// the operation without computation.
    pub fn columns(&self, world: &World, iterations: usize, pure: &[f64], full: bool) -> Vec<f64> {
        let own = [self.samples.iter().sum(), self.compute, self.init, self.test, self.wait];
        let scale = 1e6 / (iterations as f64 * f64::from(world.size()));
        let means: Vec<f64> = world.sums_at_root(&own).into_iter().map(|sum| sum * scale).collect();
        let [overall, compute, init, test, wait] = means[..] else { return Vec::new() };
        let &[mean, min, max] = pure else { return Vec::new() };
        let computing = compute - test;
        let overlap = (100.0 - (overall - computing) / mean * 100.0).max(0.0);
        match full {
            true => vec![overall, computing, init, test, wait, mean, min, max, overlap],
            false => vec![overall, computing, mean, overlap],
        }
    }
}

impl Setup<'_> {
    /// The operation again, while this rank computes for `seconds`, as long as it took alone. Also returns the errors on rank 0.
    pub fn overlapped(&mut self, options: &Options, schedule: Schedule, seconds: f64) -> (Overlap, i32) {
        let (world, mut overlap, mut errors) = (self.world(), Overlap::default(), 0i32);
        let mut work = Work::default();
        for iteration in schedule.all() {
            self.turn(options, iteration);
            let start = world.now();
            // SAFETY: the buffers hold all messages, and nobody touches them before the wait below.
            unsafe { self.call.start(&mut self.request) };
            let started = world.now();
            let test = self.compute(options.probes, seconds, &mut work);
            let computed = world.now();
            self.request.wait();
            let end = world.now();
            world.barrier();
            errors = errors.saturating_add(self.check(options, iteration));
            if iteration >= schedule.warmup {
                overlap.samples.push(end - start);
                overlap.init += started - start;
                overlap.compute += computed - started;
                overlap.test += test;
                overlap.wait += end - computed;
            }
        }
        (overlap, errors)
    }

    /// Computes for `seconds`, in equal parts with a call of MPI_Test behind each. Returns the seconds of those calls.
    fn compute(&mut self, probes: usize, seconds: f64, work: &mut Work) -> f64 {
        let world = self.world();
        if probes == 0 {
            work.run(world, seconds);
            return 0.0;
        }
        let mut test = 0.0;
        for _ in 0..probes {
            work.run(world, seconds / probes as f64);
            let start = world.now();
            self.request.test();
            test += world.now() - start;
        }
        test
    }
}

/// A computation that nobody needs.
struct Work {
    matrix: [[f64; SIDE]; SIDE],
    vector: [f64; SIDE],
}

impl Default for Work {
    fn default() -> Self {
        Self { matrix: [[0.5; SIDE]; SIDE], vector: [1.0; SIDE] }
    }
}

impl Work {
    /// Multiplies until so many seconds went by in it.
    fn run(&mut self, world: &World, seconds: f64) {
        let mut elapsed = 0.0;
        while elapsed < seconds {
            let start = world.now();
            let mut product = [0.0; SIDE];
            for (sum, row) in product.iter_mut().zip(&self.matrix) {
                *sum = row.iter().zip(&self.vector).map(|(one, other)| one * other).sum::<f64>() / SIDE as f64;
            }
            self.vector = black_box(product);
            elapsed += world.now() - start;
        }
    }
}
