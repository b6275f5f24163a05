//! The table of benchmarks: what is run, how its output is read, and which of its sizes are compared.
//!
//! Short and long messages are separate runs, because a run has to fit into one state of the machine: each takes well
//! below two seconds. NetPIPE's own repetition count (13 s in all) is replaced by a fixed one for the same reason.

use std::path::PathBuf;

use serde::Serialize;

use crate::parse::{Points, netpipe, osu};

/// What a number means, and which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Half a round trip, in microseconds.
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
            Metric::MillionMessages => "million/s",
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
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: &'static [&'static str],
    /// What its numbers mean, after `read`.
    pub metric: Metric,
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

/// All benchmarks, with `own` for the place of this project's programs.
pub fn table(own: impl Fn(&str) -> PathBuf, netpipe_program: PathBuf) -> Vec<Benchmark> {
    vec![
        Benchmark {
            name: "osu_latency",
            program: own("osu_latency"),
            arguments: &["-m", "8:4096", "-i", "10000"],
            metric: Metric::LatencyUs,
            stream: Stream::Out,
            read: osu,
            sizes: &[8, KIB, 4 * KIB],
        },
        Benchmark {
            name: "osu_latency",
            program: own("osu_latency"),
            arguments: &["-m", "16384:4194304", "-i", "200", "-x", "20"],
            metric: Metric::LatencyUs,
            stream: Stream::Out,
            read: osu,
            sizes: &[16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB],
        },
        Benchmark {
            name: "osu_bw",
            program: own("osu_bw"),
            arguments: &["-m", "65536:1048576", "-i", "40", "-x", "4"],
            metric: Metric::BandwidthGbs,
            stream: Stream::Out,
            read: gigabytes,
            sizes: &[64 * KIB, MIB],
        },
        Benchmark {
            name: "osu_bw rate",
            program: own("osu_bw"),
            arguments: &["-m", "8:8", "-i", "3000", "-x", "200"],
            metric: Metric::MillionMessages,
            stream: Stream::Out,
            read: message_rate,
            sizes: &[8],
        },
        Benchmark {
            name: "NPmpich2",
            program: netpipe_program,
            arguments: &["-l", "8", "-u", "1048576", "-p", "0", "-n", "200", "-o", "/dev/null"],
            metric: Metric::LatencyUs,
            stream: Stream::Err,
            read: netpipe,
            sizes: &[8, 4 * KIB, 64 * KIB, MIB],
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
}
