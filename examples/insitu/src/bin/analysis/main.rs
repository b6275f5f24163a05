//! The analysis: looks at the newest step of a simulation as often as it can, and computes what is to be seen straight from the
//! simulation's memory. It may come late, be slow, or be killed: the simulation does not notice.

mod background;
mod options;
mod picture;
mod plot;
mod source;
mod statistics;

use anyhow::{Context, Result, bail};
use insitu::meeting::{PHASE, Phase};
use insitu::segment::Place;
use insitu::{Coupling, meeting};
use mpi::ffi;
use options::{HELP, Options};
use picture::Picture;
use pip_core::sharing::Sharing;
use pip_core::sharing::field::FieldError;
use plot::Point;
use source::{Look, Rows, Source};
use std::time::{Duration, Instant};

/// How long to wait for a step before a look whether something else has begun.
const PATIENCE: Duration = Duration::from_millis(50);
/// How often to tell how far it is.
const TELL: Duration = Duration::from_secs(1);
/// How long a simulation may take to begin.
const BEGIN: Duration = Duration::from_secs(60);

fn main() {
    let options = insitu::command_line::options_or_exit("analysis", HELP, options::parse);
    // As a rank of the job the simulation waits for it at the start and at the end; beside the ranks it never does.
    let universe = if meeting::is_rank() { mpi::initialize() } else { None };
    let result = universe.as_ref().map(|universe| universe.world()).map_or(Ok(Vec::new()), |world| {
        let mut comm = meeting::same_program(&world, false)?;
        // SAFETY: the communicator was just made, and nobody else has it.
        unsafe { ffi::MPI_Comm_free(&raw mut comm) };
        Ok(meeting::exchange(&world, None))
    });
    let result = result.and_then(|places| Analysis::new(options)?.run(&places));
    drop(universe);
    if let Err(why) = result {
        eprintln!("analysis: {why:#}.");
        std::process::exit(1);
    }
}

/// What was seen so far.
struct Analysis {
    options: Options,
    picture: Picture,
    points: Vec<Point>,
    next: u64,
    told: Instant,
}

impl Analysis {
    fn new(options: Options) -> Result<Analysis> {
        if let Some(folder) = &options.frames {
            std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        Ok(Analysis { options, picture: Picture::new(), points: Vec::new(), next: 1, told: Instant::now() })
    }

    fn run(mut self, places: &[Place]) -> Result<()> {
        background::step_back();
        std::thread::sleep(self.options.delay);
        match pip_core::current::current().map(|task| task.sharing()) {
            Some(sharing) => self.follow_phases(sharing)?,
            None => match source::open(None, Coupling::Shm, 0, places)? {
                Some(mut source) => self.follow(source.as_mut(), || false)?,
                None => bail!("there is nothing to see"),
            },
        }
        let seen = self.points.len();
        println!("analysis: {seen} steps seen, the last is {}", self.points.last().map_or(0, |point| point.step));
        if let Some(folder) = &self.options.frames {
            plot::save(&folder.join("over-time.svg"), &self.points)?;
        }
        Ok(())
    }

    /// Looks at what the simulation shares, in the way it does at the moment, until it ends.
    fn follow_phases(&mut self, sharing: Sharing) -> Result<()> {
        let began =
            sharing.field_exporter(PHASE, BEGIN).and_then(|peer| sharing.attach_field::<u64>(peer, PHASE, BEGIN));
        let phases = began.context("no simulation began in this address space")?;
        let mut next = 0;
        loop {
            let (number, phase) = match phases.next(next, Duration::MAX) {
                Ok(step) => (step.step(), Phase::read(step.buffer()).context("a simulation of another version")?),
                Err(FieldError::Ended(..)) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            next = number + 1;
            self.next = self.next.max(phase.first);
            let newer = || phase.over || phases.reader().newest() > Some(number) || !phases.reader().is_live();
            if let Some(mut source) = source::open(Some(sharing), phase.coupling, phase.ranks, &phase.segments)? {
                self.follow(source.as_mut(), newer)?;
            }
            if phase.over {
                return Ok(());
            }
        }
    }

    /// Looks at steps until there are no more, or something else has begun.
    fn follow(&mut self, source: &mut dyn Source, is_over: impl Fn() -> bool) -> Result<()> {
        loop {
            match source.look(self.next, PATIENCE)? {
                Look::Step(step, view) => {
                    self.examine(step, &view.rows())?;
                    self.next = step + 1;
                    std::thread::sleep(self.options.pause);
                }
                Look::NotYet if is_over() => return Ok(()),
                Look::NotYet => {}
                Look::Over => return Ok(()),
            }
        }
    }

    fn examine(&mut self, step: u64, [u, v]: &Rows<'_>) -> Result<()> {
        let (of_u, of_v) = (statistics::moments(u), statistics::moments(v));
        let frames = self.options.frames.as_deref();
        if frames.is_some() {
            self.picture.fill(v);
        }
        let mut length = 0.0;
        statistics::isoline(v, self.options.level, |piece| {
            length += statistics::length(piece);
            if frames.is_some() {
                self.picture.draw(piece);
            }
        });
        if let Some(folder) = frames {
            self.picture.save(&folder.join(format!("frame-{step:08}.png")))?;
        }
        self.points.push(Point { step, means: [of_u.mean, of_v.mean], length });
        if self.options.verbose || self.told.elapsed() >= TELL {
            self.told = Instant::now();
            println!(
                "analysis: step {step}: u {:.6}, v {:.6} (from {:.6} to {:.6}, deviation {:.6}), isoline {length:.3}",
                of_u.mean, of_v.mean, of_v.least, of_v.most, of_v.deviation
            );
        }
        Ok(())
    }
}
