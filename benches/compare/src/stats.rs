//! From runs to comparisons: samples by state, medians, and which of them can support a ratio.

use limits::State;
use serde::Serialize;

use crate::benchmarks::{Benchmark, Metric};
use crate::bounds::{self, Limits};
use crate::campaign::Results;
use crate::rivals::{PIP, STOCK};

/// The states that are compared. Mixed runs are dropped.
pub const STATES: [State; 3] = [State::Near, State::Middle, State::Far];

/// One size of one benchmark in one state of the machine.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The state.
    pub state: State,
    /// The benchmark's name.
    pub benchmark: &'static str,
    /// Message size in bytes.
    pub bytes: usize,
    /// What the numbers mean.
    pub metric: Metric,
    /// Per rival: the number of runs.
    pub runs: Vec<usize>,
    /// Per rival: the median of them.
    pub medians: Vec<Option<f64>>,
    /// How many times better PiP is than stock. None when one of them had no run in this state.
    pub over_stock: Option<f64>,
    /// The best of the rivals that PiP can be compared with.
    pub best: Option<Best>,
    /// What the machine allows, in the same state and unit.
    pub limits: Limits,
}

/// The best rival.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Best {
    /// Its index.
    pub rival: usize,
    /// Its median.
    pub median: f64,
    /// How many times better PiP is.
    pub over_best: f64,
    /// Whether every rival took part. One that had too few runs in this state might have been better.
    pub of_all: bool,
}

/// The median; of an even number of samples, the mean of the middle two. None of none.
pub fn median(samples: &[f64]) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        count if count % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// Compares every size of every benchmark in every state in which something was measured, by state.
pub fn compare(results: &Results, benchmarks: &[Benchmark], rivals: usize) -> Vec<Comparison> {
    let points = || {
        let tests = benchmarks.iter().enumerate();
        tests.flat_map(|(index, test)| test.sizes.iter().map(move |&bytes| (index, test, bytes)))
    };
    let lines = STATES.iter().flat_map(|&state| points().map(move |point| (state, point)));
    let lines = lines.map(|(state, (index, test, bytes))| comparison(results, state, index, test, bytes, rivals));
    lines.filter(|line| line.runs.iter().sum::<usize>() > 0).collect()
}

fn comparison(
    results: &Results,
    state: State,
    index: usize,
    test: &Benchmark,
    bytes: usize,
    rivals: usize,
) -> Comparison {
    let samples = |rival: usize| -> Vec<f64> {
        let runs = results.runs.iter().filter(|run| run.state == state && run.benchmark == index && run.rival == rival);
        runs.filter_map(|run| run.points.get(&bytes).copied()).collect()
    };
    let samples: Vec<Vec<f64>> = (0..rivals).map(samples).collect();
    let runs: Vec<usize> = samples.iter().map(Vec::len).collect();
    let medians: Vec<Option<f64>> = samples.iter().map(|samples| median(samples)).collect();
    let over = |rival: usize| Some(test.metric.gain(medians[rival]?, medians[PIP]?));
    Comparison {
        state,
        benchmark: test.name,
        bytes,
        metric: test.metric,
        over_stock: over(STOCK),
        best: best(test.metric, &runs, &medians),
        limits: bounds::limits(results, state, test, bytes),
        runs,
        medians,
    }
}

/// The best of the rivals with enough runs: half as many as PiP. Of fewer, the luckiest would win.
fn best(metric: Metric, runs: &[usize], medians: &[Option<f64>]) -> Option<Best> {
    let ours = (*medians.get(PIP)?)?;
    let enough = |rival: &usize| *rival != PIP && 2 * runs[*rival] >= runs[PIP];
    let able: Vec<(usize, f64)> =
        (0..runs.len()).filter(enough).filter_map(|rival| Some((rival, medians[rival]?))).collect();
    let (rival, median) = able.iter().copied().reduce(|a, b| if metric.gain(a.1, b.1) > 1.0 { b } else { a })?;
    Some(Best { rival, median, over_best: metric.gain(median, ours), of_all: able.len() + 1 == runs.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmarks::table;
    use crate::campaign::{Calibrated, Run};
    use crate::parse::Points;

    fn run(rival: usize, round_trip_ns: f64, value: f64) -> Calibrated<Run> {
        let measured = Run { benchmark: 0, rival, points: Points::from([(8, value)]) };
        Calibrated { round_trip_ns: [round_trip_ns; 2], state: State::of(round_trip_ns), measured }
    }

    fn compared(runs: Vec<Calibrated<Run>>, rivals: usize) -> Vec<Comparison> {
        let latency = Benchmark { sizes: &[8], ..table().remove(0) };
        compare(&Results { runs, ..Results::default() }, &[latency], rivals)
    }

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn only_runs_of_the_same_state_are_compared() {
        let runs = vec![
            run(STOCK, 60.0, 0.2),
            run(STOCK, 400.0, 0.6),
            run(STOCK, 400.0, 0.9),
            run(PIP, 60.0, 0.1),
            run(PIP, 61.0, 0.1),
            run(PIP, 400.0, 0.25),
        ];
        let lines = compared(runs, 2);
        let states: Vec<_> = lines.iter().map(|line| (line.state, line.runs.clone(), line.over_stock)).collect();
        assert_eq!(states, [(State::Near, vec![1, 2], Some(2.0)), (State::Far, vec![2, 1], Some(3.0))]);
        assert_eq!(lines[0].limits.hand_off, Some(0.03));
    }

    #[test]
    fn without_a_common_state_there_is_no_ratio() {
        let lines = compared(vec![run(STOCK, 60.0, 0.2), run(PIP, 400.0, 0.1)], 2);
        assert_eq!(lines.iter().map(|line| line.over_stock).collect::<Vec<_>>(), [None, None]);
        assert_eq!((lines[0].best, lines[1].best), (None, None));
    }

    #[test]
    fn the_best_rival_is_the_best_of_those_with_enough_runs() {
        let mut runs = vec![run(STOCK, 60.0, 0.4), run(STOCK, 60.0, 0.4), run(2, 60.0, 0.2), run(3, 60.0, 0.3)];
        runs.extend([run(PIP, 60.0, 0.1), run(PIP, 60.0, 0.1)]);
        let best = compared(runs.clone(), 4)[0].best.expect("rivals");
        assert_eq!((best.rival, best.median, best.over_best, best.of_all), (2, 0.2, 2.0, true));
        // A third run of PiP: one run of rival 2 and 3 is not enough any more.
        runs.push(run(PIP, 60.0, 0.1));
        let best = compared(runs, 4)[0].best.expect("stock");
        assert_eq!((best.rival, best.of_all), (STOCK, false));
    }

    #[test]
    fn more_is_better_for_bandwidth() {
        let best = best(Metric::BandwidthGbs, &[1, 1, 1], &[Some(12.0), Some(90.0), Some(60.0)]).expect("rivals");
        assert_eq!((best.rival, best.over_best), (2, 1.5));
    }

    #[test]
    fn nothing_measured_is_no_line() {
        assert!(compared(Vec::new(), 2).is_empty());
    }
}
