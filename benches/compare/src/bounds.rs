//! What the machine allows a benchmark, by what the `limits` crate measured in the same state.

use limits::{State, Times};
use serde::Serialize;

use crate::benchmarks::{Bound, Metric};
use crate::campaign::{COPY_SIZES, Results};
use crate::record::Test;
use crate::stats::median;

/// The limits of one line, in its unit. None where a limit does not bound it, or was not measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Limits {
    /// One cache line, one way: below the smallest measured copy.
    pub hand_off: Option<f64>,
    /// The message copied by one core.
    pub one_core: Option<f64>,
    /// The message copied by both.
    pub two_cores: Option<f64>,
}

/// The limits of `test` for messages of `bytes` in `state`. The copies are those of a message that is unchanged since the
/// last one, because that is what OSU and NetPIPE send.
pub fn limits(results: &Results, state: State, test: &Test, bytes: usize) -> Limits {
    let hand_off_us = || {
        let runs = results.runs.iter().filter(|run| run.state == state).flat_map(|run| run.round_trip_ns);
        // Half a round trip, in microseconds.
        Some(median(&runs.collect::<Vec<_>>())? / 2e3)
    };
    match test.bound {
        Bound::Unknown => Limits::default(),
        Bound::Message if bytes < COPY_SIZES[0] => Limits { hand_off: hand_off_us(), ..Limits::default() },
        bound => {
            let (one, two) =
                (fastest(results, state, bytes, |t| t.one_core_us), fastest(results, state, bytes, |t| t.two_cores_us));
            let value = |microseconds: f64| match test.metric {
                Metric::LatencyUs | Metric::Milliseconds => microseconds,
                Metric::BandwidthGbs | Metric::MillionMessages => bytes as f64 / 1e3 / microseconds,
            };
            let both_ways = bound == Bound::BothWays;
            // Two cores that copy a message each move at most twice what one moves alone.
            let two = if both_ways { one.map(|one| one / 2.0).into_iter().chain(two).reduce(f64::min) } else { two };
            Limits { hand_off: None, one_core: one.map(value), two_cores: two.map(value) }
        }
    }
}

/// The fastest measurement, not the median: a limit that a benchmark beats is none.
fn fastest(results: &Results, state: State, bytes: usize, time: impl Fn(&Times) -> f64) -> Option<f64> {
    let place = COPY_SIZES.iter().position(|&size| size == bytes)?;
    let measured = results.limits.iter().filter(|limits| limits.state == state);
    measured.map(|limits| time(&limits.copies[place].unchanged)).min_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmarks::table;
    use crate::campaign::{Calibrated, Copies};
    use limits::Copy;

    /// Measurements in which copies of any size take these microseconds by one core and by two.
    fn results(times: &[(f64, f64)]) -> Results {
        let measured = |&(one_core_us, two_cores_us): &(f64, f64)| {
            let times = Times { one_core_us, two_cores_us };
            let copies = COPY_SIZES.map(|bytes| Copy { bytes, dirty: times, unchanged: times }).to_vec();
            Calibrated {
                round_trip_ns: [60.0; 2],
                state: State::Near,
                at: 0.0,
                others: 0.0,
                measured: Copies { copies },
            }
        };
        Results { limits: times.iter().map(measured).collect(), ..Results::default() }
    }

    fn of(bound: Bound, metric: Metric, state: State) -> Limits {
        let test = Test { bound, metric, ..(&table()[0]).into() };
        limits(&results(&[(25.0, 14.0), (20.0, 16.0)]), state, &test, 1 << 20)
    }

    #[test]
    fn the_fastest_measurement_of_the_state_is_the_limit() {
        let latency = of(Bound::Message, Metric::LatencyUs, State::Near);
        assert_eq!((latency.one_core, latency.two_cores), (Some(20.0), Some(14.0)));
        assert_eq!(of(Bound::Message, Metric::LatencyUs, State::Far), Limits::default());
    }

    #[test]
    fn each_core_may_have_its_own_direction() {
        let one_way = of(Bound::OneWay, Metric::BandwidthGbs, State::Near).two_cores.expect("measured");
        let both_ways = of(Bound::BothWays, Metric::BandwidthGbs, State::Near).two_cores.expect("measured");
        assert!((both_ways / one_way - 1.4).abs() < 1e-9);
    }
}
