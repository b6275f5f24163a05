//! From runs to comparisons: samples by state, their quartiles, and which of them can support a ratio.

use limits::State;
use serde::Serialize;

use crate::benchmarks::Metric;
use crate::bounds::{self, Limits};
use crate::campaign::Results;
use crate::ratio::{CHANCE, Ratio};
use crate::record::{Record, Test};
use crate::rivals::{PIP, STOCK};

/// The states that are compared. Mixed runs are dropped.
pub const STATES: [State; 3] = [State::Near, State::Middle, State::Far];

/// Samples in short.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// How many.
    pub count: usize,
    /// A quarter of them are below.
    pub lower: f64,
    /// Half of them are below.
    pub median: f64,
    /// A quarter of them are above.
    pub upper: f64,
}

impl Summary {
    /// None of no samples.
    pub fn of(samples: &[f64]) -> Option<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        // Between the two nearest samples, in proportion.
        let quantile = |part: f64| {
            let at = part * (sorted.len() - 1) as f64;
            let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
            below + (above - below) * at.fract()
        };
        let some = !samples.is_empty();
        some.then(|| Self { count: samples.len(), lower: quantile(0.25), median: quantile(0.5), upper: quantile(0.75) })
    }

    /// How far the quartiles are apart, as a part of the median.
    pub fn spread(&self) -> f64 {
        (self.upper - self.lower) / self.median
    }
}

/// One size of one benchmark in one state of the machine.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The state.
    pub state: State,
    /// The benchmark's name.
    pub benchmark: String,
    /// Its index.
    #[serde(skip)]
    pub index: usize,
    /// Message size in bytes; 0 where there is none.
    pub bytes: usize,
    /// What the numbers mean.
    pub metric: Metric,
    /// Per rival: what its runs gave, if it had any in this state.
    pub summaries: Vec<Option<Summary>>,
    /// Per rival: how many times better PiP is.
    pub gains: Vec<Ratio>,
    /// The best of the rivals that PiP can be compared with.
    pub best: Option<Best>,
    /// What the machine allows, in the same state and unit.
    pub limits: Limits,
}

impl Comparison {
    /// PiP against stock.
    pub fn over_stock(&self) -> Ratio {
        self.gains[STOCK]
    }

    /// PiP against the best rival.
    pub fn over_best(&self) -> Option<Ratio> {
        self.best.map(|best| self.gains[best.rival])
    }
}

/// The best rival.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Best {
    /// Its index.
    pub rival: usize,
    /// Whether every rival took part. One that had too few runs in this state might have been better.
    pub of_all: bool,
}

/// The median; of an even number of samples, the mean of the middle two. None of none.
pub fn median(samples: &[f64]) -> Option<f64> {
    Summary::of(samples).map(|summary| summary.median)
}

/// The values that `rival` had for `bytes` of benchmark `index` in `state`.
pub fn samples(results: &Results, state: State, index: usize, rival: usize, bytes: usize) -> Vec<f64> {
    let runs = results.runs.iter().filter(|run| run.state == state && run.benchmark == index && run.rival == rival);
    runs.filter_map(|run| run.points.get(&bytes).copied()).collect()
}

/// Compares every size of every benchmark in every state in which something was measured, by state.
pub fn compare(record: &Record) -> Vec<Comparison> {
    let points = || {
        let tests = record.benchmarks.iter().enumerate();
        tests.flat_map(|(index, test)| test.sizes.iter().map(move |&bytes| (index, test, bytes)))
    };
    let lines = STATES.iter().flat_map(|&state| points().map(move |point| (state, point)));
    let lines = lines.map(|(state, (index, test, bytes))| comparison(record, state, index, test, bytes));
    lines.filter(|line| line.summaries.iter().any(Option::is_some)).collect()
}

fn comparison(record: &Record, state: State, index: usize, test: &Test, bytes: usize) -> Comparison {
    let rivals = 0..record.rivals.len();
    let samples: Vec<Vec<f64>> = rivals.map(|rival| samples(&record.results, state, index, rival, bytes)).collect();
    let summaries: Vec<Option<Summary>> = samples.iter().map(|samples| Summary::of(samples)).collect();
    Comparison {
        state,
        benchmark: test.name.clone(),
        index,
        bytes,
        metric: test.metric,
        gains: samples.iter().map(|theirs| test.metric.gain(&samples[PIP], theirs, CHANCE)).collect(),
        best: best(test.metric, &summaries),
        limits: bounds::limits(&record.results, state, test, bytes),
        summaries,
    }
}

/// The best of the rivals with enough runs: half as many as PiP. Of fewer, the luckiest would win.
fn best(metric: Metric, summaries: &[Option<Summary>]) -> Option<Best> {
    let ours = summaries[PIP]?.count;
    let enough = |&(rival, summary): &(usize, Summary)| rival != PIP && 2 * summary.count >= ours;
    let able: Vec<(usize, Summary)> =
        summaries.iter().enumerate().filter_map(|(rival, summary)| Some((rival, (*summary)?))).filter(enough).collect();
    let better =
        |a: (usize, Summary), b: (usize, Summary)| if metric.is_better(b.1.median, a.1.median) { b } else { a };
    let (rival, _) = able.iter().copied().reduce(better)?;
    Some(Best { rival, of_all: able.len() + 1 == summaries.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made_up;

    fn compared(runs: &[(usize, f64, f64)], rivals: usize) -> Vec<Comparison> {
        compare(&made_up::record(rivals, runs))
    }

    #[test]
    fn quartiles_lie_between_samples() {
        let summary = Summary::of(&[4.0, 1.0, 2.0, 3.0]).expect("some");
        assert_eq!((summary.count, summary.lower, summary.median, summary.upper), (4, 1.75, 2.5, 3.25));
        assert_eq!(summary.spread(), 0.6);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(Summary::of(&[]), None);
    }

    #[test]
    fn only_runs_of_the_same_state_are_compared() {
        let mut runs = Vec::new();
        for _ in 0..5 {
            runs.extend([(STOCK, 60.0, 0.2), (PIP, 60.0, 0.1), (STOCK, 400.0, 0.9), (PIP, 400.0, 0.3)]);
        }
        let lines = compared(&runs, 2);
        let states: Vec<_> = lines
            .iter()
            .map(|line| (line.state, line.over_stock().value().map(|ratio| (ratio * 10.0).round())))
            .collect();
        assert_eq!(states, [(State::Near, Some(20.0)), (State::Far, Some(30.0))]);
        assert_eq!(lines[0].limits.hand_off, Some(0.03));
    }

    #[test]
    fn without_enough_runs_in_a_common_state_there_is_no_ratio() {
        let lines = compared(&[(STOCK, 60.0, 0.2), (PIP, 400.0, 0.1)], 2);
        let ratios: Vec<_> = lines.iter().map(Comparison::over_stock).collect();
        assert_eq!(ratios, [Ratio::TooFew { ours: 0, theirs: 1 }, Ratio::TooFew { ours: 1, theirs: 0 }]);
        assert_eq!((lines[0].best, lines[1].best), (None, None));
    }

    #[test]
    fn the_best_rival_is_the_best_of_those_with_enough_runs() {
        let mut runs = vec![(STOCK, 60.0, 0.4), (STOCK, 60.0, 0.4), (2, 60.0, 0.2), (3, 60.0, 0.3)];
        runs.extend([(PIP, 60.0, 0.1), (PIP, 60.0, 0.1)]);
        assert_eq!(compared(&runs, 4)[0].best, Some(Best { rival: 2, of_all: true }));
        // A third run of PiP: one run of rival 2 and 3 is not enough any more.
        runs.push((PIP, 60.0, 0.1));
        assert_eq!(compared(&runs, 4)[0].best, Some(Best { rival: STOCK, of_all: false }));
    }

    #[test]
    fn more_is_better_for_bandwidth() {
        let summaries = [12.0, 90.0, 60.0].map(|median| Summary::of(&[median]));
        assert_eq!(best(Metric::BandwidthGbs, &summaries).map(|best| best.rival), Some(2));
    }

    #[test]
    fn nothing_measured_is_no_line() {
        assert!(compared(&[], 2).is_empty());
    }
}
