//! The hand-off: how long one cache line takes from core to core. It is also the calibration of the machine's state.

use std::time::Instant;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::cores::Cores;
use crate::pair;

/// Round trips of one calibration.
pub const ROUND_TRIPS: u64 = 100_000;
/// A round trip below this many nanoseconds: the cores are near (DESIGN.md: 50 to 90 ns).
pub const NEAR_BELOW: f64 = 130.0;
/// A round trip above this many nanoseconds: the cores are far (DESIGN.md: 300 to 450 ns).
pub const FAR_ABOVE: f64 = 230.0;

/// A round trip above this many nanoseconds is no distance: somebody else had one of the cores.
pub const BUSY_ABOVE: f64 = 2000.0;

/// Two calibrations of one run that differ by more than this factor are no state, except when both are near.
const STEADY: f64 = 1.5;

/// Round trips per clock reading: 20 to 150 us, so that the clock costs nothing and a preemption spoils one batch only.
const BATCH: u64 = 1000;

/// How far apart the two virtual cores are at the moment. Every latency and bandwidth follows it by a factor of 2 to 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// A round trip below [`NEAR_BELOW`].
    Near,
    /// A round trip above [`FAR_ABOVE`].
    Far,
    /// In between: where the machine of DESIGN.md stays for an hour now and then (145 to 230 ns), and other machines always.
    Middle,
    /// It changed during a measurement, or others had the cores.
    Mixed,
}

impl State {
    /// The state in which a round trip takes `nanoseconds`.
    pub fn of(nanoseconds: f64) -> Self {
        match nanoseconds {
            ns if ns < NEAR_BELOW => State::Near,
            ns if ns > BUSY_ABOVE => State::Mixed,
            ns if ns > FAR_ABOVE => State::Far,
            _ => State::Middle,
        }
    }

    /// The state of a run between two calibrations, given by their round trips in nanoseconds.
    pub fn during(before: f64, after: f64) -> Self {
        let steady = before.max(after) <= STEADY * before.min(after);
        match (State::of(before), State::of(after)) {
            (State::Near, State::Near) => State::Near,
            _ if steady => State::of(f64::midpoint(before, after)),
            _ => State::Mixed,
        }
    }

    /// `near`, `middle`, `far` or `mixed`.
    pub fn name(self) -> &'static str {
        match self {
            State::Near => "near",
            State::Far => "far",
            State::Middle => "middle",
            State::Mixed => "mixed",
        }
    }
}

/// A calibration.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Handoff {
    /// The median round trip, in nanoseconds.
    pub round_trip_ns: f64,
    /// Half of it: one line, one way.
    pub one_way_ns: f64,
    /// What that says about the machine.
    pub state: State,
}

/// Bounces one cache line `round_trips` times (rounded up to a thousand) between two cores.
///
/// # Errors
/// When the cores cannot be used.
pub fn handoff(cores: Cores, round_trips: u64) -> Result<Handoff> {
    let batches = round_trips.div_ceil(BATCH).max(1);
    let mut samples = pair::run(
        cores,
        move |pair| {
            let mut samples = Vec::with_capacity(batches as usize);
            let mut turn = 0;
            for _ in 0..batches {
                let start = Instant::now();
                for _ in 0..BATCH {
                    pair.pass_turn(turn + 1);
                    turn += 2;
                    if !pair.await_turn(turn) {
                        return None;
                    }
                }
                samples.push(start.elapsed().as_nanos() as f64 / BATCH as f64);
            }
            Some(samples)
        },
        move |pair| {
            for trip in 0..batches * BATCH {
                if !pair.await_turn(2 * trip + 1) {
                    return None;
                }
                pair.pass_turn(2 * trip + 2);
            }
            Some(())
        },
    )?;
    let round_trip_ns = crate::copy::median(&mut samples);
    Ok(Handoff { round_trip_ns, one_way_ns: round_trip_ns / 2.0, state: State::of(round_trip_ns) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_follow_the_round_trip() {
        assert_eq!(State::of(60.0), State::Near);
        assert_eq!(State::of(130.0), State::Middle);
        assert_eq!(State::of(230.0), State::Middle);
        assert_eq!(State::of(400.0), State::Far);
        assert_eq!(State::during(55.0, 89.0), State::Near);
        assert_eq!(State::during(60.0, 400.0), State::Mixed);
        assert_eq!(State::during(200.0, 235.0), State::Middle);
        assert_eq!(State::during(140.0, 225.0), State::Mixed);
        assert_eq!(State::during(240.0, 500.0), State::Mixed);
        assert_eq!(State::during(5000.0, 5000.0), State::Mixed);
    }

    #[test]
    fn a_hand_off_takes_time_where_there_are_two_cores() {
        let Ok(cores) = Cores::first_two() else { return };
        let measured = handoff(cores, 2000).expect("two cores");
        assert!(measured.round_trip_ns > 1.0 && measured.one_way_ns * 2.0 == measured.round_trip_ns);
    }
}
