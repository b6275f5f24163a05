//! The rounds: every benchmark under every rival, in random order, between two calibrations.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use limits::{Copy, Cores, ROUND_TRIPS, State, copy, handoff};
use serde::Serialize;

use crate::benchmarks::{Benchmark, Stream};
use crate::child;
use crate::parse::Points;
use crate::programs::Programs;
use crate::progress::Progress;
use crate::rivals::Rival;

/// How long one run may take: the longest takes 3 s.
const WATCHDOG: Duration = Duration::from_secs(60);
/// A rival that fails a benchmark this often is not asked again: a broken one must not cost a minute per round.
const PATIENCE: usize = 2;
/// Runs between measurements of the limits, which take half a second: often enough to meet every state of the machine.
const LIMITS_EVERY: usize = 10;
/// The message sizes whose copies are measured, in bytes: those that the table shows a memcpy limit for.
pub const COPY_SIZES: [usize; 6] = [16 << 10, 32 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20];

/// What was measured between two calibrations.
#[derive(Clone, Debug, Serialize)]
pub struct Calibrated<T> {
    /// Round trip of a cache line before and after, in nanoseconds.
    pub round_trip_ns: [f64; 2],
    /// What the two say.
    pub state: State,
    /// The measurement.
    #[serde(flatten)]
    pub measured: T,
}

impl<T> Deref for Calibrated<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.measured
    }
}

/// A run that worked. Benchmark and rival are indices into their tables.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// The benchmark's index.
    pub benchmark: usize,
    /// The rival's index.
    pub rival: usize,
    /// Its values by message size.
    pub points: Points,
}

/// The copies measured at one time, by index into [`COPY_SIZES`].
#[derive(Clone, Debug, Serialize)]
pub struct Copies {
    /// One per size.
    pub copies: Vec<Copy>,
}

/// A run that failed.
#[derive(Clone, Debug, Serialize)]
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
#[derive(Debug, Default, Serialize)]
pub struct Results {
    /// Runs that worked, in the order they were made.
    pub runs: Vec<Calibrated<Run>>,
    /// Limits, measured again and again.
    pub limits: Vec<Calibrated<Copies>>,
    /// Runs that failed.
    pub failures: Vec<Failed>,
    /// Rounds that were begun.
    pub rounds: usize,
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
    /// Becomes true at Ctrl-C and SIGTERM.
    pub stop: &'a AtomicBool,
}

impl Campaign<'_> {
    /// Runs the rounds.
    ///
    /// # Errors
    /// When the cores cannot be measured, a launcher cannot be started, or the user interrupted.
    pub fn run(&self) -> Result<Results> {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let mut results = Results::default();
        let mut failed: HashMap<(usize, usize), usize> = HashMap::new();
        let mut tried = 0_usize;
        let start = Instant::now();
        let per_round: usize = (0..self.benchmarks.len()).map(|benchmark| self.able(benchmark).len()).sum();
        let progress = Progress::new(self.rounds * per_round, self.budget);
        'rounds: for round in 0..self.rounds {
            results.rounds = round + 1;
            let mut benchmarks: Vec<usize> = (0..self.benchmarks.len()).collect();
            random.shuffle(&mut benchmarks);
            for benchmark in benchmarks {
                // The rivals of one benchmark follow each other, so that they most probably meet the same state.
                let mut rivals = self.able(benchmark);
                random.shuffle(&mut rivals);
                for rival in rivals {
                    if failed.get(&(benchmark, rival)).is_some_and(|&times| times >= PATIENCE) {
                        progress.step();
                        continue;
                    }
                    if start.elapsed() > self.budget {
                        break 'rounds;
                    }
                    if tried.is_multiple_of(LIMITS_EVERY) {
                        results.limits.push(self.limits()?);
                    }
                    tried += 1;
                    progress.begin(round + 1, self.benchmarks[benchmark].name, self.rivals[rival].name);
                    match self.one(benchmark, rival)? {
                        Ok(run) => results.runs.push(run),
                        Err(failure) => {
                            *failed.entry((benchmark, rival)).or_default() += 1;
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
        }
        progress.end();
        Ok(results)
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
        let command = self.rivals[rival].command(&program, &arguments);
        let before = self.calibrate()?;
        let outcome = child::run(&command, WATCHDOG, self.stop)?;
        let after = self.calibrate()?;
        let points = (test.read)(match test.stream {
            Stream::Out => &outcome.stdout,
            Stream::Err => &outcome.stderr,
        });
        let missing: Vec<String> =
            test.sizes.iter().filter(|size| !points.contains_key(size)).map(usize::to_string).collect();
        let trouble = outcome.trouble.or_else(|| {
            (!missing.is_empty()).then(|| format!("its output has no value for {} bytes", missing.join(", ")))
        });
        Ok(match trouble {
            None => Ok(calibrated(before, after, Run { benchmark, rival, points })),
            Some(trouble) => {
                let words: Vec<String> = command.iter().map(|word| quoted(&word.to_string_lossy())).collect();
                Err(Failed { benchmark, rival, command: words.join(" "), trouble, stderr: outcome.stderr })
            }
        })
    }

    fn limits(&self) -> Result<Calibrated<Copies>> {
        let before = self.calibrate()?;
        let copies = COPY_SIZES.map(|bytes| copy(self.cores, bytes)).into_iter().collect::<Result<Vec<_>>>()?;
        Ok(calibrated(before, self.calibrate()?, Copies { copies }))
    }

    fn calibrate(&self) -> Result<f64> {
        if self.stop.load(Ordering::Relaxed) {
            bail!("interrupted");
        }
        Ok(handoff(self.cores, ROUND_TRIPS)?.round_trip_ns)
    }
}

/// A word as a shell wants it.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:=+,@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn calibrated<T>(before: f64, after: f64, measured: T) -> Calibrated<T> {
    Calibrated { round_trip_ns: [before, after], state: State::during(before, after), measured }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_can_be_pasted_into_a_shell() {
        assert_eq!(
            ["/a/b", "-m", "8:4", "a b", "it's", ""].map(quoted),
            ["/a/b", "-m", "8:4", "'a b'", r"'it'\''s'", "''"]
        );
    }
}
