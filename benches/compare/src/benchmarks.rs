//! The table of benchmarks: what is run, how its output is read, and which of its sizes are compared.
//!
//! Short and long messages are separate runs, because a run has to fit into one state of the machine: each takes well below two
//! seconds under the slowest rival. NetPIPE's own repetition count (13 s in all) is replaced by a fixed one for the same reason.

mod metric;

pub use metric::{Group, Metric};

use serde::{Deserialize, Serialize};

use crate::parse::{Points, alone, average, netpipe, osu, osu_transmitted};
use crate::programs::Program;

/// Which of the measured limits bounds a benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// Where a number comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error: NetPIPE.
    Err,
    /// The time from the start of the launcher to its end, in milliseconds.
    Wall,
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
    /// Where it belongs.
    pub group: Group,
    /// What its numbers mean, after `read`.
    pub metric: Metric,
    /// Its limit.
    pub bound: Bound,
    /// Where they come from.
    pub stream: Stream,
    /// Turns what it prints into (bytes, value) points.
    pub read: fn(&str) -> Points,
    /// The sizes that are compared, in bytes; 0 where there is none.
    pub sizes: &'static [usize],
}

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
const SHORT: &[usize] = &[8, 32, 64, 256, KIB, 4 * KIB];
const LONG: &[usize] = &[16 * KIB, 32 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB];
const MOVED: &[usize] = &[8, 4 * KIB, 64 * KIB, MIB];
/// Collectives of a message per rank.
const JOINT: &[usize] = &[8, KIB, 64 * KIB, MIB];

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
        group: Group::Latency,
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
        group: Group::Bandwidth,
        metric: Metric::BandwidthGbs,
        bound,
        read: gigabytes,
        ..latency(arguments, sizes)
    }
}

fn rate(name: &'static str, program: &'static str, arguments: &'static str, sizes: &'static [usize]) -> Benchmark {
    Benchmark {
        name,
        program: Program::Own(program),
        group: Group::Rate,
        metric: Metric::MillionMessages,
        bound: Bound::Unknown,
        read: message_rate,
        ..latency(arguments, sizes)
    }
}

fn messages() -> Vec<Benchmark> {
    vec![
        latency("-m 1:8192 -i 5000 -x 200", SHORT),
        latency("-m 16384:4194304 -i 200 -x 20", LONG),
        window("-m 16384:4194304 -i 12 -x 2", LONG),
        bandwidth("osu_bibw", Bound::BothWays, "-m 16384:4194304 -i 8 -x 1", LONG),
        rate("osu_bw rate", "osu_bw", "-m 1:8192 -i 300 -x 30", SHORT),
        rate("osu_mbw_mr", "osu_mbw_mr", "-m 8:8 -i 3000 -x 200", &[8]),
    ]
}

/// One-sided operations, completed by MPI_Win_flush on a window of MPI_Win_allocate. Those that compute at the target are made
/// less often: where its processor has to take part, one can take milliseconds.
fn one_sided() -> Vec<Benchmark> {
    let of = |program, arguments, sizes| Benchmark {
        name: program,
        program: Program::Own(program),
        group: Group::OneSided,
        bound: Bound::Unknown,
        ..latency(arguments, sizes)
    };
    let atomic = |program, sizes| of(program, "-T mpi_int -m 8:65536 -i 1000 -x 100", sizes);
    vec![
        of("osu_put_latency", "-m 8:1048576 -i 400 -x 40", MOVED),
        of("osu_get_latency", "-m 8:1048576 -i 400 -x 40", MOVED),
        atomic("osu_acc_latency", &[8, 64 * KIB]),
        atomic("osu_fop_latency", &[4]),
        atomic("osu_cas_latency", &[4]),
        Benchmark {
            group: Group::OneSided,
            ..bandwidth("osu_put_bw", Bound::Unknown, "-m 8192:1048576 -i 20 -x 3", &[64 * KIB, MIB])
        },
    ]
}

/// A collective operation.
pub fn collective(program: &'static str, arguments: &'static str, sizes: &'static [usize]) -> Benchmark {
    Benchmark {
        name: program,
        program: Program::Own(program),
        group: Group::Collectives,
        bound: Bound::Unknown,
        ..latency(arguments, sizes)
    }
}

fn collectives() -> Vec<Benchmark> {
    let of = collective;
    vec![
        Benchmark { read: alone, ..of("osu_barrier", "-i 3000 -x 200", &[0]) },
        of("osu_bcast", "-m 8:1048576 -i 300 -x 30", JOINT),
        of("osu_reduce", "-m 8:1048576 -i 300 -x 30", JOINT),
        of("osu_allreduce", "-m 8:1048576 -i 300 -x 30", JOINT),
        of("osu_allgather", "-m 8:1048576 -i 300 -x 30", JOINT),
        of("osu_alltoall", "-m 8:1048576 -i 300 -x 30", JOINT),
    ]
}

fn startup() -> Vec<Benchmark> {
    let of = |name, program, stream, read| Benchmark {
        name,
        program: Program::Own(program),
        group: Group::Startup,
        metric: Metric::Milliseconds,
        bound: Bound::Unknown,
        stream,
        read,
        ..latency("", &[0])
    };
    vec![of("MPI_Init", "osu_init", Stream::Out, average), of("launch to end", "osu_hello", Stream::Wall, alone)]
}

fn programs() -> Vec<Benchmark> {
    vec![
        Benchmark {
            // Every second double: 256 KiB of data in 512 KiB.
            name: "osu_latency -D",
            group: Group::Programs,
            bound: Bound::Unknown,
            read: osu_transmitted,
            ..latency("-T mpi_double -D vect:2:1 -m 524288:524288 -i 200 -x 20", &[256 * KIB])
        },
        Benchmark {
            name: "NetPIPE",
            program: Program::NetPipe,
            group: Group::Programs,
            stream: Stream::Err,
            read: netpipe,
            ..latency("-l 8 -u 1048576 -p 0 -n 200 -o /dev/null", &[8, 4 * KIB, 64 * KIB, MIB])
        },
    ]
}

/// All benchmarks, by group.
pub fn table() -> Vec<Benchmark> {
    [messages(), one_sided(), collectives(), startup(), programs()].concat()
}

/// The benchmarks that `names`, with commas, gives by the name in the first column or by group; `all` is every one.
///
/// # Errors
/// A name that none has, and those there are.
pub fn named(names: &str) -> Result<Vec<Benchmark>, String> {
    let names: Vec<&str> = names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let has = |test: &Benchmark, name: &str| name == "all" || test.name == name || test.group.name() == name;
    let known = |name: &&&str| table().iter().any(|test| has(test, name));
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let mut known: Vec<&str> = Group::ALL.iter().map(|group| group.name()).collect();
        known.extend(table().iter().map(|test| test.name));
        known.dedup();
        return Err(format!(
            "--only {unknown}: no benchmark or group has this name; there are all, {}",
            known.join(", ")
        ));
    }
    if names.is_empty() {
        return Err("--only: give names of benchmarks or groups, with commas".into());
    }
    Ok(table().into_iter().filter(|test| names.iter().any(|name| has(test, name))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bandwidth_becomes_gigabytes_and_messages() {
        let output = "# Size      Bandwidth (MB/s)\n8                     160.00\n";
        assert_eq!(gigabytes(output)[&8], 0.16);
        assert_eq!(message_rate(output)[&8], 20.0);
    }

    #[test]
    fn no_point_is_in_two_runs() {
        let table = table();
        let points: Vec<_> = table.iter().flat_map(|test| test.sizes.iter().map(|size| (test.name, size))).collect();
        for (index, point) in points.iter().enumerate() {
            assert!(!points[..index].contains(point), "{point:?}");
        }
    }

    #[test]
    fn benchmarks_are_selected_by_name_and_group() {
        let sizes = |names| named(names).map(|tests| tests.iter().map(|test| test.sizes).collect::<Vec<_>>());
        assert_eq!(sizes("osu_put_bw, osu_cas_latency").expect("both exist"), [&[4][..], &[64 * KIB, MIB]]);
        assert_eq!(sizes("startup").expect("a group"), [&[0][..], &[0]]);
        assert_eq!(named("all").expect("all").len(), table().len());
        for group in Group::ALL {
            assert!(named(group.name()).is_ok_and(|tests| tests.iter().all(|test| test.group == group)));
        }
        let why = sizes("osu_put_bw,x").expect_err("no such benchmark");
        assert!(why.contains("--only x") && why.contains("osu_put_bw") && why.contains("one-sided"), "{why}");
        assert!(sizes(",").is_err());
    }
}
