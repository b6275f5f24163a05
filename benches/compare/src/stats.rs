//! From runs to comparisons: samples by state, medians, and which state can support a ratio.

use limits::State;
use serde::Serialize;

use crate::benchmarks::{Benchmark, Metric};
use crate::campaign::{COPY_SIZES, Results};

/// The states that are compared, best first when they have equally many runs. Mixed runs are dropped.
const STATES: [State; 3] = [State::Near, State::Middle, State::Far];

/// One line of the table: one size of one benchmark.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The benchmark's name.
    pub benchmark: &'static str,
    /// Message size in bytes.
    pub bytes: usize,
    /// What the numbers mean.
    pub metric: Metric,
    /// The state of the machine that the medians are from. None when no run worked.
    pub state: Option<State>,
    /// Per rival: the number of runs in that state.
    pub runs: Vec<usize>,
    /// Per rival: the median of them.
    pub medians: Vec<Option<f64>>,
    /// Per rival: how many times better than the first. None when no two runs were in the same state.
    pub ratios: Vec<Option<f64>>,
    /// The limit in the same state and unit: hand-off, or memcpy.
    pub limit: Option<f64>,
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

/// The state in which the rival with the fewest runs has the most: `counts` holds, per state of [`STATES`], the runs per rival.
fn best_state(counts: &[Vec<usize>]) -> usize {
    let worth = |state: &usize| {
        let runs = &counts[*state];
        (runs.iter().min().copied().unwrap_or(0), runs.iter().sum::<usize>(), std::cmp::Reverse(*state))
    };
    (0..counts.len()).max_by_key(worth).unwrap_or(0)
}

/// Compares every size of every benchmark, each in the state that supports it best.
pub fn compare(results: &Results, benchmarks: &[Benchmark], rivals: usize) -> Vec<Comparison> {
    let points = benchmarks
        .iter()
        .enumerate()
        .flat_map(|(index, test)| test.sizes.iter().map(move |&bytes| (index, test, bytes)));
    points.map(|(index, test, bytes)| comparison(results, index, test, bytes, rivals)).collect()
}

fn comparison(results: &Results, index: usize, test: &Benchmark, bytes: usize, rivals: usize) -> Comparison {
    let samples = |state: State, rival: usize| -> Vec<f64> {
        let runs = results.runs.iter().filter(|run| run.state == state && run.benchmark == index && run.rival == rival);
        runs.filter_map(|run| run.points.get(&bytes).copied()).collect()
    };
    let by_state: Vec<Vec<Vec<f64>>> =
        STATES.iter().map(|&state| (0..rivals).map(|rival| samples(state, rival)).collect()).collect();
    let counts: Vec<Vec<usize>> = by_state.iter().map(|state| state.iter().map(Vec::len).collect()).collect();
    let best = best_state(&counts);
    let medians: Vec<Option<f64>> = by_state[best].iter().map(|samples| median(samples)).collect();
    let ratio = |value: &Option<f64>| Some(test.metric.gain(medians[0]?, (*value)?));
    Comparison {
        benchmark: test.name,
        bytes,
        metric: test.metric,
        state: (counts[best].iter().sum::<usize>() > 0).then_some(STATES[best]),
        runs: counts[best].clone(),
        ratios: medians.iter().map(ratio).collect(),
        limit: limit(results, STATES[best], test.metric, bytes),
        medians,
    }
}

/// What the machine allows in `state`: below the smallest measured copy the hand-off, else the copy of a message that is
/// unchanged since the last one, because that is what OSU and NetPIPE send.
fn limit(results: &Results, state: State, metric: Metric, bytes: usize) -> Option<f64> {
    let copy_us = || {
        let place = COPY_SIZES.iter().position(|&size| size == bytes)?;
        let rounds = results.limits.iter().filter(|round| round.state == state);
        // The fastest round, not the median: a limit that a benchmark beats is none.
        rounds.map(|round| round.copies[place].unchanged.best_us()).min_by(f64::total_cmp)
    };
    match metric {
        Metric::LatencyUs if bytes < COPY_SIZES[0] => {
            let runs = results.runs.iter().filter(|run| run.state == state).flat_map(|run| run.round_trip_ns);
            // Half a round trip, in microseconds.
            Some(median(&runs.collect::<Vec<_>>())? / 2e3)
        }
        Metric::LatencyUs => copy_us(),
        Metric::BandwidthGbs => Some(bytes as f64 / 1e3 / copy_us()?),
        // Many messages share a cache line on its way: the hand-off does not bound their rate.
        Metric::MillionMessages => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::{Calibrated, Run};
    use crate::parse::{Points, osu};

    fn run(rival: usize, round_trip_ns: f64, value: f64) -> Calibrated<Run> {
        let measured = Run { benchmark: 0, rival, points: Points::from([(8, value)]) };
        Calibrated { round_trip_ns: [round_trip_ns; 2], state: State::of(round_trip_ns), measured }
    }

    fn latency() -> Benchmark {
        Benchmark {
            name: "osu_latency",
            program: "x".into(),
            arguments: &[],
            metric: Metric::LatencyUs,
            stream: crate::benchmarks::Stream::Out,
            read: osu,
            sizes: &[8],
        }
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
            run(0, 60.0, 0.2),
            run(0, 400.0, 0.6),
            run(0, 400.0, 0.7),
            run(1, 60.0, 0.1),
            run(1, 61.0, 0.1),
            run(1, 400.0, 0.3),
        ];
        let results = Results { runs, ..Results::default() };
        let line = &compare(&results, &[latency()], 2)[0];
        // One run of the poorer rival in both states; the sum is equal too: near wins.
        assert_eq!((line.state, line.runs.clone()), (Some(State::Near), vec![1, 2]));
        assert_eq!(line.ratios, [Some(1.0), Some(2.0)]);
        assert_eq!(line.limit, Some(0.03));
    }

    #[test]
    fn without_a_common_state_there_is_no_ratio() {
        let results = Results { runs: vec![run(0, 60.0, 0.2), run(1, 400.0, 0.1)], ..Results::default() };
        let line = &compare(&results, &[latency()], 2)[0];
        assert_eq!(line.ratios[1], None);
        assert_eq!(line.medians.iter().flatten().count(), 1);
    }

    #[test]
    fn nothing_measured_is_no_panic() {
        let line = &compare(&Results::default(), &[latency()], 2)[0];
        assert_eq!((line.medians.clone(), line.limit), (vec![None, None], None));
    }
}
