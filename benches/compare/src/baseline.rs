//! What got slower or faster since an earlier record, with the care of every other comparison: the same state of the machine,
//! enough runs, an interval that does not hold 1. Runs of another day differ for other reasons, too: so the change of stock MPICH
//! is the control, and what changed as much as stock did is the machine's.

use limits::State;

use crate::benchmarks::Metric;
use crate::ratio::Ratio;
use crate::record::Record;
use crate::rivals::{PIP, STOCK};
use crate::stats::{STATES, Summary, samples};
use crate::text::{count, interval, number, ratio, size};

/// How often chance may make something slower or faster: every line is tested, and most have not changed.
const CHANCE: f64 = 0.01;
/// Changes below it are none, though many runs may show them.
const LEAST: f64 = 1.02;

/// A record against an earlier one.
#[derive(Debug)]
pub struct Change {
    /// The earlier record's file.
    pub name: String,
    /// When it was made, and by which version.
    origin: String,
    /// What makes the two hard to compare.
    pub warnings: Vec<String>,
    /// What moved, slower first.
    pub moved: Vec<Moved>,
    unchanged: usize,
    with_stock: usize,
    few: usize,
}

/// A line that changed.
#[derive(Debug)]
pub struct Moved {
    /// The state in which both were measured.
    pub state: State,
    /// The benchmark.
    pub benchmark: String,
    /// The size in bytes.
    pub bytes: usize,
    /// What the numbers mean.
    pub metric: Metric,
    /// The earlier runs.
    pub before: Summary,
    /// The later ones.
    pub now: Summary,
    /// How many times better it is now.
    pub gain: Ratio,
    /// The same of stock MPICH; None where it has too few runs.
    pub control: Option<Ratio>,
}

impl Moved {
    /// Whether it got worse.
    pub fn is_slower(&self) -> bool {
        self.gain.value().is_some_and(|gain| gain < 1.0)
    }

    /// `slower` or `faster`.
    pub fn word(&self) -> &'static str {
        if self.is_slower() { "slower" } else { "faster" }
    }
}

/// PiP's lines in `now` against those in `before`, a record read from `name`.
pub fn change(name: &str, before: &Record, now: &Record) -> Change {
    let origin = format!("{}, version {}", before.began, before.version);
    let warnings = warnings(before, now);
    let mut change =
        Change { name: name.to_owned(), origin, warnings, moved: Vec::new(), unchanged: 0, with_stock: 0, few: 0 };
    for (index, test) in now.benchmarks.iter().enumerate() {
        // Other arguments are another benchmark.
        let same = |old: &&crate::record::Test| (&old.name, &old.arguments) == (&test.name, &test.arguments);
        let Some((old, _)) = before.benchmarks.iter().enumerate().find(|(_, old)| same(old)) else { continue };
        for state in STATES {
            for &bytes in &test.sizes {
                let of = |rival| {
                    (
                        samples(&before.results, state, old, rival, bytes),
                        samples(&now.results, state, index, rival, bytes),
                    )
                };
                change.line((state, &test.name, bytes, test.metric), of(PIP), of(STOCK));
            }
        }
    }
    change.moved.sort_by(|a, b| a.gain.value().unwrap_or(1.0).total_cmp(&b.gain.value().unwrap_or(1.0)));
    change
}

impl Change {
    fn line(&mut self, what: (State, &str, usize, Metric), pip: (Vec<f64>, Vec<f64>), stock: (Vec<f64>, Vec<f64>)) {
        let (state, benchmark, bytes, metric) = what;
        let (Some(before), Some(now)) = (Summary::of(&pip.0), Summary::of(&pip.1)) else { return };
        let gain = metric.gain(&pip.1, &pip.0, CHANCE);
        let control = Some(metric.gain(&stock.1, &stock.0, CHANCE)).filter(|ratio| ratio.interval().is_some());
        match gain {
            Ratio::TooFew { .. } => self.few += 1,
            Ratio::Spread { .. } => self.unchanged += 1,
            Ratio::Supported { value, .. } if value.max(1.0 / value) < LEAST => self.unchanged += 1,
            Ratio::Supported { .. } if overlap(gain, control) => self.with_stock += 1,
            Ratio::Supported { .. } => {
                let benchmark = benchmark.to_owned();
                self.moved.push(Moved { state, benchmark, bytes, metric, before, now, gain, control });
            }
        }
    }

    /// `Of 80 lines measured in the same state as in FILE (...): 2 slower, 3 faster, ...`
    pub fn sentence(&self) -> String {
        let slower = self.moved.iter().filter(|moved| moved.is_slower()).count();
        let all = self.moved.len() + self.unchanged + self.with_stock + self.few;
        if all == 0 {
            return format!("Nothing was measured in the same state as in {} ({}).", self.name, self.origin);
        }
        format!(
            "Of {} measured in the same state as in {} ({}): {slower} slower, {} faster, {} within the spread or 2 %, {} changed as \
             stock's did (the machine), {} with too few runs to tell.",
            count(all, "line"),
            self.name,
            self.origin,
            self.moved.len() - slower,
            self.unchanged,
            self.with_stock,
            self.few
        )
    }

    /// The same for the terminal, a line for each that moved.
    pub fn text(&self) -> String {
        let mut text = format!("\n{}\n", self.sentence());
        text.extend(self.warnings.iter().map(|warning| format!("Beware: {warning}\n")));
        for moved in &self.moved {
            let size = if moved.bytes == 0 { String::new() } else { format!(" {}", size(moved.bytes)) };
            let stock = moved.control.map_or_else(
                || "stock: too few runs".to_owned(),
                |control| format!("stock meanwhile {} ({})", ratio(control), interval(control)),
            );
            text += &format!(
                "{}: {}{size}, {}: {} -> {} {}, {} ({}) as good; {stock}\n",
                moved.word(),
                moved.benchmark,
                moved.state.name(),
                number(moved.before.median),
                number(moved.now.median),
                moved.metric.unit(),
                ratio(moved.gain),
                interval(moved.gain)
            );
        }
        text
    }
}

/// Whether PiP may have changed just as stock did.
fn overlap(gain: Ratio, control: Option<Ratio>) -> bool {
    let intervals = gain.interval().zip(control.and_then(Ratio::interval));
    intervals.is_some_and(|((low, high), (least, most))| low <= most && least <= high)
}

fn warnings(before: &Record, now: &Record) -> Vec<String> {
    let mut warnings = Vec::new();
    if before.machine.processor != now.machine.processor || before.machine.cores != now.machine.cores {
        warnings.push(format!("the baseline was measured on another machine: {}.", before.machine.line()));
    } else if before.machine.kernel != now.machine.kernel {
        warnings.push(format!("the baseline was measured on another kernel: Linux {}.", before.machine.kernel));
    }
    let library = |record: &Record| record.rivals[STOCK].library.as_ref().map(|library| library.version.clone());
    if library(before) != library(now) {
        let version = library(before).unwrap_or_else(|| "unknown".to_owned());
        warnings.push(format!("stock MPICH, the control, was another one in the baseline: {version}."));
    }
    let other = |test: &&crate::record::Test| {
        before.benchmarks.iter().any(|old| old.name == test.name)
            && !before.benchmarks.iter().any(|old| (&old.name, &old.arguments) == (&test.name, &test.arguments))
    };
    let names: Vec<&str> = now.benchmarks.iter().filter(other).map(|test| test.name.as_str()).collect();
    if !names.is_empty() {
        warnings.push(format!("not compared, because the baseline ran other arguments: {}.", names.join(", ")));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made_up::record;

    /// Eight runs of each, PiP's and stock's around these microseconds.
    fn measured(pip: f64, stock: f64) -> Record {
        let runs: Vec<(usize, f64, f64)> = (0..8)
            .flat_map(|run| {
                let noise = 1.0 + f64::from(run) / 400.0;
                [(STOCK, 60.0, stock * noise), (PIP, 60.0, pip * noise)]
            })
            .collect();
        record(2, &runs)
    }

    #[test]
    fn what_got_slower_is_named_with_its_control() {
        let change = change("old.json", &measured(1.0, 2.0), &measured(1.3, 2.0));
        assert_eq!(change.moved.len(), 1);
        let text = change.text();
        assert!(
            text.contains("1 slower, 0 faster") && text.contains("slower: osu_latency 8 B, near: 1.01 -> 1.31 us"),
            "{text}"
        );
        assert!(text.contains("stock meanwhile spread"), "{text}");
    }

    #[test]
    fn what_got_faster_is_named_too() {
        let text = change("old.json", &measured(1.0, 2.0), &measured(0.5, 2.0)).text();
        assert!(text.contains("0 slower, 1 faster") && text.contains("2.00 x"), "{text}");
    }

    #[test]
    fn a_change_of_the_machine_is_not_one_of_the_program() {
        let change = change("old.json", &measured(1.0, 2.0), &measured(1.3, 2.6));
        assert!(change.moved.is_empty() && change.with_stock == 1, "{}", change.text());
    }

    #[test]
    fn within_the_spread_nothing_changed_and_few_runs_tell_nothing() {
        let (old, new) = (measured(1.0, 2.0), measured(1.003, 2.0));
        assert!(change("old.json", &old, &new).sentence().contains("0 slower, 0 faster, 1 within"));
        let few = record(2, &[(PIP, 60.0, 9.0), (STOCK, 60.0, 9.0)]);
        assert!(change("old.json", &old, &few).sentence().contains("1 with too few runs"));
        let far = record(2, &[(PIP, 400.0, 9.0); 9]);
        assert!(change("old.json", &old, &far).sentence().contains("Nothing was measured in the same state"));
    }

    #[test]
    fn other_machines_and_arguments_are_told() {
        let (mut old, new) = (measured(1.0, 2.0), measured(1.0, 2.0));
        old.machine.processor = "another".to_owned();
        old.benchmarks[0].arguments = "-i 1".to_owned();
        let change = change("old.json", &old, &new);
        assert!(change.warnings[0].contains("another machine") && change.warnings[1].contains("osu_latency"));
        assert!(change.text().contains("Beware"));
    }
}
