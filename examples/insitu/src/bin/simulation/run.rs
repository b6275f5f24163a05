//! The time loop, and what it tells the user.

use crate::halo::Ring;
use crate::options::Options;
use crate::solver::Part;
use crate::store::Store;
use anyhow::Result;
use insitu::Coupling;
use insitu::meeting::{PHASE, Phase};
use insitu::segment::Place;
use pip_core::sharing::Sharing;
use pip_core::sharing::field::{FieldWriter, Layout};
use std::time::{Duration, Instant};

/// How often to tell how far it is.
const TELL: Duration = Duration::from_secs(1);

/// A simulation that runs.
pub struct Run {
    /// The options.
    pub options: Options,
    /// This rank's rows.
    pub part: Part,
    /// The ranks.
    pub ring: Ring,
    step: u64,
    phases: Option<FieldWriter<u64>>,
    told: Instant,
}

impl Run {
    /// Nothing computed yet; `sharing`: where an analysis may be.
    pub fn new(options: Options, ring: Ring, sharing: Option<Sharing>) -> Result<Run> {
        let part = Part { rows: insitu::rows(options.size, ring.size, ring.rank), size: options.size };
        let phases = match sharing.filter(|_| ring.rank == 0) {
            None => None,
            Some(sharing) => Some(sharing.export_field(PHASE, &Layout::dense(&[Phase::words(ring.size)])?, 4)?),
        };
        Ok(Run { options, part, ring, step: 0, phases, told: Instant::now() })
    }

    /// The start of the problem.
    pub fn begin(&self, store: &mut Store) -> Result<()> {
        let (_, [u, v]) = store.both();
        self.part.begin([&mut *u, &mut *v]);
        self.ring.fill_ghosts(&self.part, u);
        self.ring.fill_ghosts(&self.part, v);
        store.turn(None)
    }

    /// Tells the analysis how the next steps are shared, or that there are none and how it gets at the last one.
    pub fn announce(&mut self, coupling: Coupling, segments: &[Place], over: bool) -> Result<()> {
        let Some(phases) = &mut self.phases else { return Ok(()) };
        let segments = if coupling == Coupling::Shm { segments.to_vec() } else { Vec::new() };
        let first = if over { 0 } else { self.step + 1 };
        let phase = Phase { coupling, first, segments, ranks: self.ring.size, over };
        phase.write(phases.next_buffer());
        Ok(phases.publish(self.step)?)
    }

    /// No more phases: an analysis may still look at the last one.
    pub fn leave(self) {
        if let Some(phases) = self.phases {
            phases.leave();
        }
    }

    /// Computes so many steps and returns the time that the slowest rank took.
    pub fn advance(&mut self, store: &mut Store, steps: u64, what: &str, end: u64) -> Result<Duration> {
        self.ring.barrier();
        let start = Instant::now();
        for _ in 0..steps {
            self.step += 1;
            let (old, [u, v]) = store.both();
            self.part.step(old, [&mut *u, &mut *v]);
            self.ring.fill_ghosts(&self.part, u);
            self.ring.fill_ghosts(&self.part, v);
            store.turn(self.step.is_multiple_of(self.options.every).then_some(self.step))?;
            if self.ring.rank == 0 && self.told.elapsed() >= TELL {
                self.told = Instant::now();
                println!("simulation: step {} of {end}, {what}", self.step);
            }
        }
        Ok(self.ring.longest(start.elapsed()))
    }

    /// All steps with one coupling.
    pub fn simulate(&mut self, store: &mut Store, coupling: Coupling) -> Result<()> {
        let steps = self.options.steps;
        let time = self.advance(store, steps, coupling.name(), steps)?;
        if self.ring.rank == 0 {
            let each = |time: Duration, count: u64| time.as_secs_f64() * 1e6 / count as f64;
            println!("simulation: {steps} steps, {}: {:.1} us each", coupling.name(), each(time, steps));
            if store.shown > 0 {
                let spent = each(store.spent, store.shown);
                println!("simulation: {} steps shown to the analysis, {spent:.1} us each on rank 0", store.shown);
            }
        }
        Ok(())
    }
}
