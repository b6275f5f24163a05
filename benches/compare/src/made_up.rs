//! Records for tests.

use std::time::Duration;

use limits::{Copy, Cores, State, Times};

use crate::benchmarks::table;
use crate::campaign::{COPY_SIZES, Calibrated, Copies, Results, Run};
use crate::machine::Machine;
use crate::parse::Points;
use crate::record::{FORMAT, Record, Test};
use crate::rivals::table::{Places, table as rivals};

/// Runs of osu_latency with 8 bytes by (rival, round trip in ns, microseconds).
pub fn record(rivals_count: usize, runs: &[(usize, f64, f64)]) -> Record {
    let places = Places { stock: "stock".into(), pip: "pip".into(), folder: "/r".into(), root: false };
    let latency = Test { sizes: vec![8], ..(&table()[0]).into() };
    let run = |(at, &(rival, round_trip, value)): (usize, &(usize, f64, f64))| Calibrated {
        round_trip_ns: [round_trip; 2],
        state: State::of(round_trip),
        at: at as f64,
        others: 0.0,
        measured: Run { benchmark: 0, rival, points: Points::from([(8, value)]) },
    };
    let mut rivals = rivals(&places);
    rivals.truncate(rivals_count);
    Record {
        format: FORMAT.to_owned(),
        version: "0".to_owned(),
        machine: Machine { processor: "made up".to_owned(), cores: 2, ..Machine::default() },
        command: "compare".to_owned(),
        began: "2026-01-01 00:00:00 UTC".to_owned(),
        seconds: Duration::from_secs(runs.len() as u64).as_secs_f64(),
        seed: 1,
        cores: Cores(0, 1),
        rivals,
        absent: Vec::new(),
        benchmarks: vec![latency],
        missing: Vec::new(),
        results: Results {
            runs: runs.iter().enumerate().map(run).collect(),
            limits: vec![copies()],
            ..Results::default()
        },
    }
}

/// Copies in the near state: 1 us for 16 KiB by one core, and in proportion.
fn copies() -> Calibrated<Copies> {
    let copy = |bytes: usize| {
        let one_core_us = bytes as f64 / 16384.0;
        let times = Times { one_core_us, two_cores_us: one_core_us / 1.5 };
        Copy { bytes, dirty: times, unchanged: times }
    };
    let measured = Copies { copies: COPY_SIZES.map(copy).to_vec() };
    Calibrated { round_trip_ns: [60.0; 2], state: State::Near, at: 0.0, others: 0.0, measured }
}
