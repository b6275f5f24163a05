//! `--tune`: what the settings of PiP's messages and collective operations should be on this machine. Each is measured at several values, interleaved
//! as rivals are, on the benchmark that depends on it most.

use std::fmt::Write as _;
use std::time::Instant;

use anyhow::Result;
use limits::State;

use crate::benchmarks::{self, Benchmark};
use crate::campaign::{Campaign, Results};
use crate::rivals::Rival;
use crate::stats::median;

/// One setting of the shim and how to find its value.
struct Setting {
    name: &'static str,
    /// Values to try.
    values: &'static [&'static str],
    benchmark: fn() -> Benchmark,
}

const KIB: usize = 1 << 10;

/// What the defaults in pip-mpi-shim/src/tunables.rs come from.
const SETTINGS: &[Setting] = &[
    Setting {
        name: "PIP_MPI_SHARE_MIN",
        values: &["12k", "16k", "24k", "32k", "48k", "96k"],
        benchmark: || benchmarks::latency("-m 16384:65536 -i 2000 -x 100", &[16 * KIB, 32 * KIB, 64 * KIB]),
    },
    Setting {
        name: "PIP_MPI_SHARE_LEAD",
        values: &["0", "4k", "8k", "16k"],
        benchmark: || benchmarks::latency("-m 32768:262144 -i 1000 -x 100", &[32 * KIB, 64 * KIB, 256 * KIB]),
    },
    Setting {
        name: "PIP_MPI_SHARE_CHUNK",
        values: &["4k", "8k", "16k", "32k", "64k"],
        benchmark: || benchmarks::latency("-m 65536:1048576 -i 300 -x 30", &[64 * KIB, 256 * KIB, 1024 * KIB]),
    },
    Setting {
        name: "PIP_MPI_HALVE_MIN",
        values: &["16k", "32k", "64k", "128k", "1m"],
        benchmark: || benchmarks::window("-m 16384:262144 -i 60 -x 6", &[16 * KIB, 32 * KIB, 64 * KIB, 128 * KIB]),
    },
    Setting {
        name: "PIP_MPI_COPY_MAX",
        values: &["64", "228", "512", "1k", "2k"],
        benchmark: || benchmarks::window("-m 256:2048 -i 1000 -x 100", &[256, 512, KIB, 2 * KIB]),
    },
    Setting {
        name: "PIP_MPI_CARD_MAX",
        values: &["32", "64", "128", "256", "472"],
        benchmark: || benchmarks::collective("osu_bcast", "-m 64:256 -i 2000 -x 200", &[64, 128, 256]),
    },
    Setting {
        name: "PIP_MPI_SLICE_MIN",
        values: &["256", "512", "1k", "2k", "4k", "8k"],
        benchmark: || {
            benchmarks::collective("osu_allreduce", "-m 1024:8192 -i 1000 -x 100", &[KIB, 2 * KIB, 4 * KIB, 8 * KIB])
        },
    },
];

/// Measures all settings and returns the tables. `campaign` says how long and where; `pip` is measured.
pub fn run(campaign: &Campaign<'_>, pip: &Rival) -> Result<String> {
    let mut text = String::new();
    for setting in SETTINGS {
        eprintln!("compare: {}", setting.name);
        let with = |value: &&'static str| {
            let mut rival = pip.clone();
            (rival.name, rival.environment) =
                ((*value).to_owned(), vec![(setting.name.to_owned(), (*value).to_owned())]);
            rival
        };
        let (rivals, benchmarks) = (setting.values.iter().map(with).collect::<Vec<_>>(), [(setting.benchmark)()]);
        let part = Campaign {
            rivals: &rivals,
            benchmarks: &benchmarks,
            budget: campaign.budget / SETTINGS.len() as u32,
            start: Instant::now(),
            ..*campaign
        };
        let results = part.run(&mut |_| Ok(()))?;
        text += &table(setting, &benchmarks[0], &results);
        if results.ended.is_some() {
            break;
        }
    }
    Ok(text)
}

/// A row per size, a column per value, in the state that the machine was in most of the time.
fn table(setting: &Setting, benchmark: &Benchmark, results: &Results) -> String {
    let runs = |state: State| results.runs.iter().filter(move |run| run.state == state);
    let state = [State::Near, State::Middle, State::Far].into_iter().max_by_key(|&state| runs(state).count());
    let state = state.unwrap_or(State::Mixed);
    let mut text = format!(
        "\n{}, {} in {}, {} runs in state {}\n",
        setting.name,
        benchmark.name,
        benchmark.metric.unit(),
        runs(state).count(),
        state.name()
    );
    let _ = writeln!(
        text,
        "{:>10}{}",
        "bytes",
        setting.values.iter().map(|value| format!("{value:>10}")).collect::<String>()
    );
    let mut gains = vec![0.0; setting.values.len()];
    for &bytes in benchmark.sizes {
        let of = |rival| {
            let points: Vec<f64> = runs(state)
                .filter(|run| run.rival == rival)
                .filter_map(|run| run.points.get(&bytes).copied())
                .collect();
            median(&points)
        };
        let medians: Vec<Option<f64>> = (0..setting.values.len()).map(of).collect();
        let _ = write!(text, "{bytes:>10}");
        for (gain, value) in gains.iter_mut().zip(&medians) {
            // Against the first value: the sum of logarithms orders the values over all sizes.
            let logarithm = |(first, value): (f64, f64)| {
                let ratio: f64 = if benchmark.metric.is_time() { first / value } else { value / first };
                ratio.ln()
            };
            *gain += medians[0].zip(*value).map_or(f64::NEG_INFINITY, logarithm);
            text += &value.map_or_else(|| format!("{:>10}", "-"), |value| format!("{value:>10.2}"));
        }
        text.push('\n');
    }
    let best = (0..gains.len()).max_by(|&a, &b| gains[a].total_cmp(&gains[b]));
    if let Some(best) = best.filter(|&best| gains[best].is_finite()) {
        let _ = writeln!(text, "best over these sizes: {}={}", setting.name, setting.values[best]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_one_of_the_shim_and_has_several_values() {
        for setting in SETTINGS {
            assert!(
                setting.name.starts_with("PIP_MPI_")
                    && setting.values.len() > 2
                    && !(setting.benchmark)().sizes.is_empty()
            );
        }
    }
}
