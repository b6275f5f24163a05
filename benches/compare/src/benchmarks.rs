//! The table of benchmarks: what is run, how its output is read, and which of its sizes are compared.
//!
//! Short, medium and long messages are separate runs, because a run has to fit into one state of the machine: each takes
//! well below two seconds under the slowest rival. NetPIPE's own repetition count (13 s in all) is replaced by a fixed one
//! for the same reason.

use serde::Serialize;

use crate::parse::{Points, netpipe, osu, osu_transmitted};
use crate::programs::Program;

/// What a number means, and which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Half a round trip, or one one-sided operation, in microseconds.
    LatencyUs,
    /// GB/s, 10^9 bytes.
    BandwidthGbs,
    /// Million messages per second.
    MillionMessages,
}

impl Metric {
    /// The unit's text.
    pub fn unit(self) -> &'static str {
        match self {
            Metric::LatencyUs => "us",
            Metric::BandwidthGbs => "GB/s",
            Metric::MillionMessages => "M/s",
        }
    }

    /// How many times better `value` is than `base`: above 1 is better, whatever the metric.
    pub fn gain(self, base: f64, value: f64) -> f64 {
        match self {
            Metric::LatencyUs => base / value,
            Metric::BandwidthGbs | Metric::MillionMessages => value / base,
        }
    }
}

/// Which of the measured limits bounds a benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// One message at a time: the hand-off, or its copy.
    Message,
    /// One message after the other in one direction: the copy.
    OneWay,
    /// Messages in both directions at once: the copy, where each core may have its own.
    BothWays,
    /// None of them: many short messages share a cache line on its way, a vector is not copied as it lies, and what is put may
    /// stay in the cache of who puts it.
    Unknown,
}

/// Where a program prints its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error: NetPIPE.
    Err,
}

/// One run and the points of it that the table shows.
#[derive(Clone, Debug)]
pub struct Benchmark {
    /// The first column.
    pub name: &'static str,
    /// The program.
    pub program: Program,
    /// Its arguments, separated by spaces.
    pub arguments: &'static str,
    /// What its numbers mean, after `read`.
    pub metric: Metric,
    /// Its limit.
    pub bound: Bound,
    /// Where it prints them.
    pub stream: Stream,
    /// Turns what it prints into (bytes, value) points.
    pub read: fn(&str) -> Points,
    /// The sizes that are compared, in bytes.
    pub sizes: &'static [usize],
}

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// MB/s to GB/s.
fn gigabytes(output: &str) -> Points {
    osu(output).into_iter().map(|(bytes, megabytes)| (bytes, megabytes / 1e3)).collect()
}

/// MB/s to million messages per second.
fn message_rate(output: &str) -> Points {
    osu(output).into_iter().map(|(bytes, megabytes)| (bytes, megabytes / bytes as f64)).collect()
}

/// osu_latency with these options; of its sizes some are compared.
pub fn latency(arguments: &'static str, sizes: &'static [usize]) -> Benchmark {
    Benchmark {
        name: "osu_latency",
        program: Program::Own("osu_latency"),
        arguments,
        metric: Metric::LatencyUs,
        bound: Bound::Message,
        stream: Stream::Out,
        read: osu,
        sizes,
    }
}

/// osu_bw, whose sender keeps a window of messages under way.
pub fn window(arguments: &'static str, sizes: &'static [usize]) -> Benchmark {
    bandwidth("osu_bw", Bound::OneWay, arguments, sizes)
}

fn bandwidth(program: &'static str, bound: Bound, arguments: &'static str, sizes: &'static [usize]) -> Benchmark {
    Benchmark {
        name: program,
        program: Program::Own(program),
        metric: Metric::BandwidthGbs,
        bound,
        read: gigabytes,
        ..latency(arguments, sizes)
    }
}

fn rate(name: &'static str, program: &'static str) -> Benchmark {
    Benchmark {
        name,
        program: Program::Own(program),
        metric: Metric::MillionMessages,
        bound: Bound::Unknown,
        read: message_rate,
        ..latency("-m 8:8 -i 3000 -x 200", &[8])
    }
}

/// One-sided operations, completed by MPI_Win_flush on a window of MPI_Win_allocate. Those that compute at the target are made
/// less often: where its processor has to take part, one can take milliseconds.
pub fn one_sided() -> Vec<Benchmark> {
    let of = |program, arguments, sizes| Benchmark {
        name: program,
        program: Program::Own(program),
        bound: Bound::Unknown,
        ..latency(arguments, sizes)
    };
    let moved = |program| {
        [
            of(program, "-m 8:65536 -i 2000 -x 100", &[8, 4 * KIB, 64 * KIB]),
            of(program, "-m 1048576:1048576 -i 200 -x 20", &[MIB]),
        ]
    };
    let atomic = |program, sizes| of(program, "-T mpi_int -m 8:65536 -i 1000 -x 100", sizes);
    let mut table: Vec<Benchmark> = ["osu_put_latency", "osu_get_latency"].into_iter().flat_map(moved).collect();
    table.extend([
        atomic("osu_fop_latency", &[4]),
        atomic("osu_cas_latency", &[4]),
        atomic("osu_acc_latency", &[8, 64 * KIB]),
        bandwidth("osu_put_bw", Bound::Unknown, "-m 65536:1048576 -i 20 -x 3", &[64 * KIB, MIB]),
    ]);
    table
}

/// The benchmarks of `table` that `names`, with commas, gives by the name in the first column.
///
/// # Errors
/// A name that none has, and those there are.
pub fn named(table: Vec<Benchmark>, names: &str) -> Result<Vec<Benchmark>, String> {
    let names: Vec<&str> = names.split(',').map(str::trim).collect();
    if let Some(unknown) = names.iter().find(|name| !table.iter().any(|test| test.name == **name)) {
        let mut known: Vec<&str> = table.iter().map(|test| test.name).collect();
        known.dedup();
        return Err(format!("--only {unknown}: no benchmark has this name; there are {}", known.join(", ")));
    }
    Ok(table.into_iter().filter(|test| names.contains(&test.name)).collect())
}

/// The benchmarks of messages.
pub fn table() -> Vec<Benchmark> {
    let one_way = window;
    let both_ways = |arguments, sizes| bandwidth("osu_bibw", Bound::BothWays, arguments, sizes);
    vec![
        latency("-m 8:1024 -i 10000", &[8, 32, 64, 256, KIB]),
        latency("-m 4096:65536 -i 2000 -x 100", &[4 * KIB, 16 * KIB, 32 * KIB, 64 * KIB]),
        latency("-m 262144:4194304 -i 200 -x 20", &[256 * KIB, MIB, 4 * MIB]),
        Benchmark {
            // Every second double: 256 KiB of data in 512 KiB.
            name: "osu_latency -D",
            bound: Bound::Unknown,
            read: osu_transmitted,
            ..latency("-T mpi_double -D vect:2:1 -m 524288:524288 -i 200 -x 20", &[256 * KIB])
        },
        one_way("-m 65536:1048576 -i 30 -x 4", &[64 * KIB, 256 * KIB, MIB]),
        one_way("-m 4194304:4194304 -i 10 -x 1", &[4 * MIB]),
        both_ways("-m 65536:1048576 -i 20 -x 3", &[64 * KIB, 256 * KIB, MIB]),
        both_ways("-m 4194304:4194304 -i 6 -x 1", &[4 * MIB]),
        rate("osu_bw rate", "osu_bw"),
        rate("osu_mbw_mr", "osu_mbw_mr"),
        Benchmark {
            name: "NetPIPE",
            program: Program::NetPipe,
            stream: Stream::Err,
            read: netpipe,
            ..latency("-l 8 -u 1048576 -p 0 -n 200 -o /dev/null", &[8, 4 * KIB, 64 * KIB, MIB])
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_above_one_is_better() {
        assert_eq!(Metric::LatencyUs.gain(6.0, 2.0), 3.0);
        assert_eq!(Metric::BandwidthGbs.gain(10.0, 30.0), 3.0);
    }

    #[test]
    fn bandwidth_becomes_gigabytes_and_messages() {
        let output = "# Size      Bandwidth (MB/s)\n8                     160.00\n";
        assert_eq!(gigabytes(output)[&8], 0.16);
        assert_eq!(message_rate(output)[&8], 20.0);
    }

    #[test]
    fn no_point_is_in_two_runs() {
        let table: Vec<Benchmark> = table().into_iter().chain(one_sided()).collect();
        let points: Vec<_> = table.iter().flat_map(|test| test.sizes.iter().map(|size| (test.name, size))).collect();
        for (index, point) in points.iter().enumerate() {
            assert!(!points[..index].contains(point), "{point:?}");
        }
    }

    #[test]
    fn benchmarks_are_selected_by_name() {
        let sizes =
            |names| named(one_sided(), names).map(|tests| tests.iter().map(|test| test.sizes).collect::<Vec<_>>());
        assert_eq!(sizes("osu_put_bw, osu_cas_latency").expect("both exist"), [&[4][..], &[64 * KIB, MIB]]);
        assert_eq!(sizes("osu_put_latency").expect("it exists"), [&[8, 4 * KIB, 64 * KIB][..], &[MIB]]);
        let why = sizes("osu_put_bw,x").expect_err("no such benchmark");
        assert!(why.contains("--only x") && why.contains("osu_put_bw"), "{why}");
    }
}
