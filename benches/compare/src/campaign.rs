//! The rounds: every benchmark under every rival, in random order, between two calibrations.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use limits::{BUSY_ABOVE, Copy, Cores, ROUND_TRIPS, State, TooBusy, copy, handoff};
use serde::{Deserialize, Serialize};

use crate::benchmarks::{Benchmark, Stream};
use crate::child::{self, Interrupted};
use crate::load::{self, Load};
use crate::parse::Points;
use crate::programs::Programs;
use crate::progress::Progress;
use crate::rivals::{Rival, quoted};

/// Every benchmark of the table has this many ranks.
const RANKS: usize = 2;
/// How long one run may take: the longest takes 3 s.
const WATCHDOG: Duration = Duration::from_secs(60);
/// A rival that fails a benchmark this often is not asked again: a broken one must not cost a minute per round.
const PATIENCE: usize = 2;
/// What a round trip is said to take when it could not be measured: no state.
const BUSY_NS: f64 = 2.0 * BUSY_ABOVE;
/// Runs between measurements of the limits, which take half a second: often enough to meet every state of the machine.
const LIMITS_EVERY: usize = 10;
/// The message sizes whose copies are measured, in bytes: those that the table shows a memcpy limit for.
pub const COPY_SIZES: [usize; 6] = [16 << 10, 32 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20];

/// What was measured between two calibrations.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Calibrated<T> {
    /// Round trip of a cache line before and after, in nanoseconds.
    pub round_trip_ns: [f64; 2],
    /// What the two say.
    pub state: State,
    /// When it began, in seconds after the campaign did.
    pub at: f64,
    /// How many cores other programs used meanwhile.
    #[serde(default)]
    pub others: f64,
    /// The measurement.
    pub measured: T,
}

impl<T> Deref for Calibrated<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.measured
    }
}

/// A run that worked. Benchmark and rival are indices into their tables.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// The benchmark's index.
    pub benchmark: usize,
    /// The rival's index.
    pub rival: usize,
    /// Its values by message size.
    pub points: Points,
}

/// The copies measured at one time, by index into [`COPY_SIZES`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Copies {
    /// One per size.
    pub copies: Vec<Copy>,
}

/// A run that failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failed {
    /// The benchmark's index.
    pub benchmark: usize,
    /// The rival's index.
    pub rival: usize,
    /// The command, as one would type it.
    pub command: String,
    /// What went wrong.
    pub trouble: String,
    /// Its standard error.
    pub stderr: String,
}

/// Everything that was measured.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Results {
    /// Runs that worked, in the order they were made.
    pub runs: Vec<Calibrated<Run>>,
    /// Limits, measured again and again.
    pub limits: Vec<Calibrated<Copies>>,
    /// Runs that failed.
    pub failures: Vec<Failed>,
    /// Rounds that were begun.
    pub rounds: usize,
    /// Why it ended before its time, if it did.
    pub ended: Option<String>,
}

/// What to run, and for how long.
pub struct Campaign<'a> {
    /// The rivals.
    pub rivals: &'a [Rival],
    /// The benchmarks.
    pub benchmarks: &'a [Benchmark],
    /// Where their programs are.
    pub programs: &'a Programs,
    /// The cores of the calibration.
    pub cores: Cores,
    /// The most rounds.
    pub rounds: usize,
    /// No run begins later than this after the start.
    pub budget: Duration,
    /// The order's seed.
    pub seed: u64,
    /// When it began.
    pub start: Instant,
    /// Becomes true at Ctrl-C and SIGTERM.
    pub stop: &'a AtomicBool,
}

/// What keeps the results after every round: a program that is killed leaves them.
pub type Keep<'a> = &'a mut dyn FnMut(&Results) -> Result<()>;

impl Campaign<'_> {
    /// Runs the rounds. What was measured until the user interrupted, or a launcher could not be started, is a result, too.
    ///
    /// # Errors
    /// When nothing was measured until then, or results cannot be kept.
    pub fn run(&self, keep: Keep) -> Result<Results> {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let mut results = Results::default();
        let per_round: usize = (0..self.benchmarks.len()).map(|benchmark| self.able(benchmark).len()).sum();
        let progress = Progress::new(self.rounds * per_round, self.budget.saturating_sub(self.start.elapsed()));
        let mut outcome = Ok(());
        for round in 0..self.rounds {
            results.rounds = round + 1;
            outcome = self.round(&mut random, &mut results, &progress);
            if outcome.is_err() || self.is_over() {
                break;
            }
            keep(&results)?;
        }
        progress.end();
        match outcome {
            Err(why) if results.runs.is_empty() => Err(why),
            Err(why) => {
                results.ended = Some(format!("{why:#}"));
                Ok(results)
            }
            Ok(()) => Ok(results),
        }
    }

    fn is_over(&self) -> bool {
        self.start.elapsed() > self.budget
    }

    /// Every benchmark under every rival once, in random order, until the time is over.
    fn round(&self, random: &mut fastrand::Rng, results: &mut Results, progress: &Progress) -> Result<()> {
        let mut benchmarks: Vec<usize> = (0..self.benchmarks.len()).collect();
        random.shuffle(&mut benchmarks);
        for benchmark in benchmarks {
            // The rivals of one benchmark follow each other, so that they most probably meet the same state.
            let mut rivals = self.able(benchmark);
            random.shuffle(&mut rivals);
            for rival in rivals {
                let failures = results.failures.iter();
                if failures.filter(|failed| (failed.benchmark, failed.rival) == (benchmark, rival)).count() >= PATIENCE
                {
                    progress.step();
                    continue;
                }
                if self.is_over() {
                    return Ok(());
                }
                if (results.runs.len() + results.failures.len()) / LIMITS_EVERY >= results.limits.len() {
                    results.limits.extend(self.limits()?);
                }
                progress.begin(results.rounds, self.benchmarks[benchmark].name, &self.rivals[rival].name);
                match self.one(benchmark, rival)? {
                    Ok(run) => results.runs.push(run),
                    Err(failure) => {
                        progress.say(&format!(
                            "{} under {} failed: {}",
                            self.benchmarks[benchmark].name, self.rivals[rival].name, failure.trouble
                        ));
                        results.failures.push(failure);
                    }
                }
                progress.step();
            }
        }
        Ok(())
    }

    /// The rivals that have the program of `benchmark`.
    fn able(&self, benchmark: usize) -> Vec<usize> {
        let program = self.benchmarks[benchmark].program;
        let rivals = self.rivals.iter().enumerate();
        rivals.filter(|(_, rival)| self.programs.find(rival.abi, program).is_some()).map(|(index, _)| index).collect()
    }

    /// One run between two calibrations. The outer error ends the campaign, the inner one is a rival's failure.
    fn one(&self, benchmark: usize, rival: usize) -> Result<std::result::Result<Calibrated<Run>, Failed>> {
        let test = &self.benchmarks[benchmark];
        let program = self.programs.place(self.rivals[rival].abi, test.program);
        let arguments: Vec<&str> = test.arguments.split_whitespace().collect();
        let command = self.rivals[rival].command(RANKS, &program, &arguments);
        let (at, load, before) = (self.start.elapsed(), Load::now(), self.calibrate()?);
        let outcome = child::run(&command, WATCHDOG, self.stop)?;
        let after = self.calibrate()?;
        let points = match test.stream {
            Stream::Out => (test.read)(&outcome.stdout),
            Stream::Err => (test.read)(&outcome.stderr),
            Stream::Wall => (test.read)(&format!("{:.3}", outcome.took.as_secs_f64() * 1e3)),
        };
        let missing: Vec<String> =
            test.sizes.iter().filter(|size| !points.contains_key(size)).map(usize::to_string).collect();
        let trouble = outcome.trouble.or_else(|| {
            (!missing.is_empty()).then(|| format!("its output has no value for {} bytes", missing.join(", ")))
        });
        Ok(match trouble {
            None => Ok(calibrated((at, &load), before, after, Run { benchmark, rival, points })),
            Some(trouble) => {
                let words: Vec<String> = command.iter().map(|word| quoted(&word.to_string_lossy())).collect();
                Err(Failed { benchmark, rival, command: words.join(" "), trouble, stderr: outcome.stderr })
            }
        })
    }

    /// None when others have the cores.
    fn limits(&self) -> Result<Option<Calibrated<Copies>>> {
        let (at, load, before) = (self.start.elapsed(), Load::now(), self.calibrate()?);
        let copies = COPY_SIZES.into_iter().map(|bytes| copy(self.cores, bytes)).collect::<Result<Vec<_>>>();
        match copies {
            Err(why) if why.is::<TooBusy>() => Ok(None),
            copies => Ok(Some(calibrated((at, &load), before, self.calibrate()?, Copies { copies: copies? }))),
        }
    }

    fn calibrate(&self) -> Result<f64> {
        calibrate(self.cores, self.stop)
    }
}

/// The round trip of a cache line in nanoseconds. Where others have the cores it is [`BUSY_NS`].
///
/// # Errors
/// When the cores cannot be used, or [`Interrupted`].
pub fn calibrate(cores: Cores, stop: &AtomicBool) -> Result<f64> {
    if stop.load(Ordering::Relaxed) {
        return Err(Interrupted.into());
    }
    match handoff(cores, ROUND_TRIPS) {
        Err(why) if why.is::<TooBusy>() => Ok(BUSY_NS),
        handoff => Ok(handoff?.round_trip_ns),
    }
}

/// A measurement that others disturbed is in no state.
fn calibrated<T>((at, load): (Duration, &Load), before: f64, after: f64, measured: T) -> Calibrated<T> {
    let others = load.others();
    let state = if others > load::MOST { State::Mixed } else { State::during(before, after) };
    Calibrated { round_trip_ns: [before, after], state, at: at.as_secs_f64(), others, measured }
}
