//! Headers and rows, byte for byte as the originals print them (OSU 7.4), except for the version, which is ours.

use crate::kind::Kind;
use crate::layout::{Vector, name};
use crate::one_sided::creation_name;
use crate::options::Options;
use crate::schedule::VARIED_WINDOWS;

/// The width of every column after the size, and of the size column.
const FIELD: usize = 18;
const SIZE: usize = 10;

fn validation_heading(options: &Options) -> String {
    if options.validate { format!("{:>FIELD$}", "Validation") } else { String::new() }
}

/// The header of the two-process benchmarks.
pub fn header(options: &Options) -> String {
    if Kind::ONE_SIDED.contains(&options.kind) {
        return one_sided_header(options);
    }
    let column = if options.kind.is_bandwidth() { "Bandwidth (MB/s)" } else { "Avg Latency(us)" };
    let (title, datatype, validation) = (options.kind.title(), name(options.element), validation_heading(options));
    let (vector, transmit) = match options.vector {
        None => (String::new(), String::new()),
        Some(Vector { stride, length }) => (
            format!("# Set Derived DataTypes block_length to {length}, stride to {stride}\n"),
            format!("{:>FIELD$}", "Transmit Size"),
        ),
    };
    format!("\n{vector}{title}# Datatype: {datatype}.\n{:<SIZE$}{column:>FIELD$}{validation}{transmit}\n", "# Size")
}

/// The header of the benchmarks with a window. The original of osu_get_acc_latency does not name the datatype.
fn one_sided_header(options: &Options) -> String {
    let column = if options.kind.is_bandwidth() { "Bandwidth (MB/s)" } else { "Latency (us)" };
    let datatype = match options.kind {
        Kind::GetAccumulateLatency => String::new(),
        _ => format!("# Datatype: {}.\n", name(options.element)),
    };
    let (window, synchronization) = (creation_name(options.creation), options.synchronization.name());
    format!(
        "{}# Window creation: {window}\n# Synchronization: {synchronization}\n{datatype}{:<SIZE$}{column:>FIELD$}{}\n",
        options.kind.title(),
        "# Size",
        validation_heading(options)
    )
}

/// The header of osu_mbw_mr for `pairs` pairs.
pub fn multi_pair_header(options: &Options, pairs: i32) -> String {
    let title = options.kind.title();
    if options.vary_window {
        let heading = window_row("#", VARIED_WINDOWS.iter().map(|window| window.to_string()));
        return format!(
            "{title}# [ pairs: {pairs} ] [ window size: varied ]\n\n# Uni-directional Bandwidth (MB/sec)\n# Datatype: MPI_CHAR.\n{heading}"
        );
    }
    let rate = if options.print_rate { format!("{:>FIELD$}", "Messages/s") } else { String::new() };
    let validation = validation_heading(options);
    format!(
        "{title}# [ pairs: {pairs} ] [ window size: {} ]\n# Datatype: MPI_CHAR.\n{:<SIZE$}{:>FIELD$}{rate}{validation}\n",
        options.window, "# Size", "MB/s"
    )
}

/// One row: the size, the values with two decimals, and with `-c` whether the data was right.
pub fn row(size: usize, values: &[f64], errors: Option<i32>) -> String {
    let values: String = values.iter().map(|value| format!("{value:>FIELD$.2}")).collect();
    let verdict = match errors {
        None => String::new(),
        Some(0) => format!("{:>FIELD$}", "Pass"),
        Some(_) => format!("{:>FIELD$}", "Fail"),
    };
    format!("{size:<SIZE$}{values}{verdict}\n")
}

/// A row of a validated one-sided benchmark, whose originals have words of their own.
pub fn atomic_row(size: usize, latency: f64, errors: i32) -> String {
    let verdict = if errors == 0 { "passed" } else { "failed" };
    format!("{}{verdict:>FIELD$}\n", row(size, &[latency], None).trim_end())
}

/// What a validated one-sided benchmark ends with when no rank has found an error.
pub fn atomic_summary(ranks: i32) -> String {
    let line = "-------------------------------------------";
    let passed = "PASSED: All 1 combinations of ops and datatypes tested passed.";
    let of = |rank| format!("{line}\nAtomic Data Validation results for Rank={rank}:\n{passed}\n{line}\n");
    (0..ranks).map(of).collect()
}

/// A row of a derived datatype: as [`row`], and the bytes that are sent of each message.
pub fn derived_row(size: usize, values: &[f64], errors: Option<i32>, transmitted: usize) -> String {
    format!("{}{transmitted:>FIELD$}\n", row(size, values, errors).trim_end())
}

/// One row of the window-size matrix of `-V`.
pub fn window_row(size: impl std::fmt::Display, cells: impl Iterator<Item = String>) -> String {
    let cells: String = cells.map(|cell| format!("  {cell:>10}")).collect();
    format!("{:<7}{cells}\n", size.to_string())
}

/// One row of either matrix of `-V`: values with two decimals.
pub fn profile_row(size: usize, values: &[f64]) -> String {
    window_row(size, values.iter().map(|value| format!("{value:.2}")))
}

/// The heading of the message-rate matrix of `-V`.
pub fn profile_sizes() -> String {
    let heading = window_row("#", VARIED_WINDOWS.iter().map(|window| window.to_string()));
    format!("\n# Message Rate Profile\n{heading}")
}

#[cfg(test)]
mod tests {
    use super::*;

    // The expected texts are the output of OSU 7.4 built with MPICH 4.0.2, with its version replaced.

    #[test]
    fn latency_looks_like_the_original() {
        let mut options = Options::new(Kind::Latency);
        let start = format!("\n# OSU MPI Latency Test v{}\n# Datatype: MPI_CHAR.\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(header(&options), format!("{start}# Size       Avg Latency(us)\n"));
        assert_eq!(row(1, &[0.469], None), "1                       0.47\n");
        assert_eq!(row(4_194_304, &[666.851], None), "4194304               666.85\n");
        options.validate = true;
        assert_eq!(header(&options), format!("{start}# Size       Avg Latency(us)        Validation\n"));
        assert_eq!(row(2, &[0.64], Some(0)), "2                       0.64              Pass\n");
        assert_eq!(row(2, &[0.64], Some(3)), "2                       0.64              Fail\n");
    }

    #[test]
    fn bandwidth_looks_like_the_original() {
        let text = header(&Options::new(Kind::Bandwidth));
        assert!(text.starts_with("\n# OSU MPI Bandwidth Test v"));
        assert!(text.ends_with("\n# Datatype: MPI_CHAR.\n# Size      Bandwidth (MB/s)\n"));
    }

    #[test]
    fn one_sided_benchmarks_look_like_the_originals() {
        let version = env!("CARGO_PKG_VERSION");
        let of = |kind| header(&Options::new(kind));
        let common = "# Window creation: MPI_Win_allocate\n# Synchronization: MPI_Win_flush\n# Datatype: MPI_CHAR.\n";
        let latency = "# Size          Latency (us)\n";
        assert_eq!(of(Kind::PutLatency), format!("# OSU MPI_Put Latency Test v{version}\n{common}{latency}"));
        assert_eq!(of(Kind::GetLatency), format!("# OSU MPI_Get latency Test v{version}\n{common}{latency}"));
        for (kind, call) in [
            (Kind::AccumulateLatency, "MPI_Accumulate"),
            (Kind::FetchAndOpLatency, "MPI_Fetch_and_op"),
            (Kind::CompareAndSwapLatency, "MPI_Compare_and_swap"),
        ] {
            assert_eq!(of(kind), format!("# OSU {call} latency Test v{version}\n{common}{latency}"));
        }
        let old = "# Window creation: MPI_Win_create\n# Synchronization: MPI_Win_lock/unlock\n";
        let text = of(Kind::GetAccumulateLatency);
        assert_eq!(text, format!("# OSU MPI_Get_accumulate latency Test v{version}\n{old}{latency}"));
        let bandwidth = "# Size      Bandwidth (MB/s)\n";
        assert_eq!(of(Kind::PutBandwidth), format!("# OSU MPI_Put Bandwidth Test v{version}\n{common}{bandwidth}"));
        assert_eq!(of(Kind::GetBandwidth), format!("# OSU MPI_Get Bandwidth Test v{version}\n{common}{bandwidth}"));
        let pscw = common.replace("MPI_Win_flush", "MPI_Win_post/start/complete/wait");
        let text = of(Kind::PutBiBandwidth);
        assert_eq!(text, format!("# OSU MPI_Put Bi-directional Bandwidth Test v{version}\n{pscw}{bandwidth}"));
        assert_eq!(row(8, &[1.349], None), "8                       1.35\n");
    }

    #[test]
    fn validated_one_sided_rows_look_like_the_originals() {
        let mut options = Options::new(Kind::FetchAndOpLatency);
        options.validate = true;
        assert!(header(&options).ends_with("# Size          Latency (us)        Validation\n"));
        assert_eq!(atomic_row(1, 1.84, 0), "1                       1.84            passed\n");
        assert_eq!(atomic_row(8, 1.36, 2), "8                       1.36            failed\n");
        assert!(atomic_summary(2).ends_with(
            "-\nAtomic Data Validation results for Rank=1:\n\
             PASSED: All 1 combinations of ops and datatypes tested passed.\n\
             -------------------------------------------\n"
        ));
    }

    #[test]
    fn a_derived_datatype_is_named_and_its_data_counted() {
        let mut options = Options::new(Kind::Latency);
        (options.element, options.vector) = (bench_harness::Element::Double, Some(Vector { stride: 2, length: 1 }));
        let text = header(&options);
        assert!(text.starts_with("\n# Set Derived DataTypes block_length to 1, stride to 2\n# OSU MPI Latency Test v"));
        assert!(text.ends_with("# Datatype: MPI_DOUBLE.\n# Size       Avg Latency(us)     Transmit Size\n"));
        assert_eq!(derived_row(64, &[0.5], None, 32), "64                      0.50                32\n");
    }

    #[test]
    fn message_rate_looks_like_the_original() {
        let mut options = Options::new(Kind::MultiPair);
        let text = multi_pair_header(&options, 1);
        assert!(text.starts_with("# OSU MPI Multiple Bandwidth / Message Rate Test v"));
        assert!(text.ends_with("\n# [ pairs: 1 ] [ window size: 64 ]\n# Datatype: MPI_CHAR.\n# Size                  MB/s        Messages/s\n"));
        assert_eq!(row(1, &[1.74, 1_744_773.45], None), "1                       1.74        1744773.45\n");
        options.print_rate = false;
        assert!(multi_pair_header(&options, 1).ends_with("\n# Size                  MB/s\n"));
        options.vary_window = true;
        let matrix = "\n#                 1           2           4           8          16          32          64         128\n";
        let text = multi_pair_header(&options, 1);
        assert!(text.contains(
            "# [ pairs: 1 ] [ window size: varied ]\n\n# Uni-directional Bandwidth (MB/sec)\n# Datatype: MPI_CHAR.\n"
        ));
        assert!(text.ends_with(matrix));
        assert_eq!(profile_sizes(), format!("\n# Message Rate Profile{matrix}"));
        assert_eq!(
            profile_row(1, &[0.98, 1.86, 2.56, 3.63, 3.99, 4.95, 5.89, 5.25]),
            "1              0.98        1.86        2.56        3.63        3.99        4.95        5.89        5.25\n"
        );
    }
}
