//! Headers and rows, byte for byte as the originals print them (OSU 7.4), except for the version, which is ours.

use crate::kind::Kind;
use crate::layout::name;
use crate::one_sided::creation_name;
use crate::options::Options;
use crate::schedule::VARIED_WINDOWS;
use crate::statistics::percentiles;

/// The width of every column after the size, and of the size column.
const FIELD: usize = 18;
const SIZE: usize = 10;
/// The width of the iterations of `-f`.
const ITERATIONS: usize = 12;

/// What every run begins with.
pub fn preamble(options: &Options) -> String {
    let (kind, title) = (options.kind, options.kind.title());
    match kind {
        // Their originals begin without an empty line.
        Kind::MultiPair | Kind::Init | Kind::Hello => title,
        _ if kind.is_one_sided() => {
            let (window, synchronization) = (creation_name(options.creation), options.synchronization.name());
            format!("{title}# Window creation: {window}\n# Synchronization: {synchronization}\n")
        }
        _ if kind.is_non_blocking() => {
            format!("\n{title}# Overall = Coll. Init + Compute + MPI_Test + MPI_Wait\n\n")
        }
        _ => format!("\n{title}"),
    }
}

/// What the table of one type of elements begins with.
pub fn columns(options: &Options) -> String {
    let (kind, first) = (options.kind, first_columns(options));
    // The original of osu_get_acc_latency does not name the datatype, and barriers have none.
    let datatype = match kind {
        Kind::GetAccumulateLatency => String::new(),
        _ if !kind.has_size() => String::new(),
        _ => format!("# Datatype: {}.\n", name(options.element)),
    };
    let (start, rest) = match first.split_first() {
        Some((one, rest)) if !kind.has_size() => (format!("# {one}"), rest),
        _ => (format!("{:<SIZE$}", "# Size"), &first[..]),
    };
    let full = match options.full && !kind.is_non_blocking() {
        true => format!("{:>FIELD$}{:>FIELD$}{:>ITERATIONS$}", "Min Latency(us)", "Max Latency(us)", "Iterations"),
        false => String::new(),
    };
    let rest: String = rest.iter().map(|column| format!("{column:>FIELD$}")).collect();
    let validation = if options.validate { format!("{:>FIELD$}", "Validation") } else { String::new() };
    let unit = if kind.is_bandwidth() { "BW(MB/s)" } else { "Lat(us)" };
    let tails: String =
        options.tails.iter().map(|percent| format!("{:>FIELD$}", format!("P{percent} Tail {unit}"))).collect();
    let transmit = if options.shape.is_some() { format!("{:>FIELD$}", "Transmit Size") } else { String::new() };
    format!("{datatype}{start}{rest}{full}{validation}{tails}{transmit}\n")
}

/// The measured columns, before those that options add.
fn first_columns(options: &Options) -> Vec<&'static str> {
    match options.kind {
        Kind::MultiPair if options.print_rate => vec!["MB/s", "Messages/s"],
        Kind::MultiPair => vec!["MB/s"],
        kind if kind.is_bandwidth() => vec!["Bandwidth (MB/s)"],
        kind if kind.is_one_sided() => vec!["Latency (us)"],
        kind if kind.is_non_blocking() && options.full => vec![
            "Overall(us)",
            "Compute(us)",
            "Coll. Init(us)",
            "MPI_Test(us)",
            "MPI_Wait(us)",
            "Pure Comm.(us)",
            "Min Comm.(us)",
            "Max Comm.(us)",
            "Overlap(%)",
        ],
        kind if kind.is_non_blocking() => vec!["Overall(us)", "Compute(us)", "Pure Comm.(us)", "Overlap(%)"],
        _ => vec!["Avg Latency(us)"],
    }
}

/// All that is printed before the rows of a table of one type of elements.
pub fn header(options: &Options) -> String {
    preamble(options) + &columns(options)
}

/// The header of osu_mbw_mr for `pairs` pairs.
pub fn multi_pair_preamble(options: &Options, pairs: i32) -> String {
    let window = match options.vary_window {
        true => "varied".into(),
        false => options.window.to_string(),
    };
    format!("{}# [ pairs: {pairs} ] [ window size: {window} ]\n", preamble(options))
}

/// What the window-size matrix of `-V` begins with.
pub fn varied_columns(options: &Options) -> String {
    let heading = window_row("#", VARIED_WINDOWS.iter().map(|window| window.to_string()));
    format!("\n# Uni-directional Bandwidth (MB/sec)\n# Datatype: {}.\n{heading}", name(options.element))
}

/// One row of a table.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The size of the message in bytes; None: of a barrier.
    pub size: Option<usize>,
    /// What was measured.
    pub values: Vec<f64>,
    /// `-f`: how often.
    pub iterations: Option<usize>,
    /// `-c`: the errors.
    pub errors: Option<i32>,
    /// `-z`: the percentiles.
    pub tails: Vec<f64>,
    /// `-D`: the bytes that are sent of each message.
    pub transmitted: Option<usize>,
}

impl Row {
    /// The row of messages of `size` bytes, of which `transmitted` are sent, as far as `options` ask for its fields.
    pub fn of(
        options: &Options,
        size: usize,
        values: Vec<f64>,
        errors: i32,
        samples: &mut [f64],
        transmitted: usize,
    ) -> Row {
        Row {
            size: Some(size),
            values,
            errors: options.validate.then_some(errors),
            tails: percentiles(samples, &options.tails),
            transmitted: options.shape.as_ref().map(|_| transmitted),
            iterations: None,
        }
    }

    /// The line of it in a table of `kind`.
    pub fn text(&self, kind: Kind) -> String {
        let number = |value: &f64| format!("{value:>FIELD$.2}");
        let mut values = self.values.iter();
        let start = match self.size {
            Some(size) => format!("{size:<SIZE$}"),
            None => {
                let width = if kind.is_non_blocking() { 13 } else { 17 };
                values.next().map_or_else(String::new, |value| format!("{value:>width$.2}"))
            }
        };
        let iterations = self.iterations.map_or_else(String::new, |iterations| format!("{iterations:>ITERATIONS$}"));
        // The one-sided originals have words of their own.
        let words = if kind.is_one_sided() { ["passed", "failed"] } else { ["Pass", "Fail"] };
        let verdict =
            self.errors.map_or_else(String::new, |errors| format!("{:>FIELD$}", words[usize::from(errors != 0)]));
        let transmitted = self.transmitted.map_or_else(String::new, |bytes| format!("{bytes:>FIELD$}"));
        let (values, tails): (String, String) = (values.map(number).collect(), self.tails.iter().map(number).collect());
        format!("{start}{values}{iterations}{verdict}{tails}{transmitted}\n")
    }
}

/// What a validated one-sided benchmark that computes ends with when no rank has found an error.
pub fn atomic_summary(ranks: i32, types: usize) -> String {
    let line = "-------------------------------------------";
    let passed = format!("PASSED: All {types} combinations of ops and datatypes tested passed.");
    let of = |rank| format!("{line}\nAtomic Data Validation results for Rank={rank}:\n{passed}\n{line}\n");
    (0..ranks).map(of).collect()
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
    use crate::kind::Form;
    use crate::layout::Shape;
    use bench_harness::{Element, Operation};

    // The expected texts are the output of OSU 7.4 built with MPICH 4.0.2, with its version replaced.

    fn line(kind: Kind, size: usize, values: &[f64], errors: Option<i32>) -> String {
        Row { size: Some(size), values: values.to_vec(), errors, ..Row::default() }.text(kind)
    }

    #[test]
    fn latency_looks_like_the_original() {
        let (mut options, row) =
            (Options::new(Kind::Latency), |size, value, errors| line(Kind::Latency, size, &[value], errors));
        let start = format!("\n# OSU MPI Latency Test v{}\n# Datatype: MPI_CHAR.\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(header(&options), format!("{start}# Size       Avg Latency(us)\n"));
        assert_eq!(row(1, 0.469, None), "1                       0.47\n");
        assert_eq!(row(4_194_304, 666.851, None), "4194304               666.85\n");
        options.validate = true;
        assert_eq!(header(&options), format!("{start}# Size       Avg Latency(us)        Validation\n"));
        assert_eq!(row(2, 0.64, Some(0)), "2                       0.64              Pass\n");
        assert_eq!(row(2, 0.64, Some(3)), "2                       0.64              Fail\n");
        options.tails = vec![50, 9];
        assert!(header(&options).ends_with("Latency(us)        Validation  P50 Tail Lat(us)   P9 Tail Lat(us)\n"));
    }

    #[test]
    fn bandwidth_looks_like_the_original() {
        let mut options = Options::new(Kind::Bandwidth);
        let text = header(&options);
        assert!(text.starts_with("\n# OSU MPI Bandwidth Test v"));
        assert!(text.ends_with("\n# Datatype: MPI_CHAR.\n# Size      Bandwidth (MB/s)\n"));
        options.tails = vec![50, 90];
        assert!(header(&options).ends_with("# Size      Bandwidth (MB/s) P50 Tail BW(MB/s) P90 Tail BW(MB/s)\n"));
    }

    #[test]
    fn collectives_look_like_the_originals() {
        let mut options = Options::new(Kind::Collective(Operation::Allreduce, Form::Blocking));
        let version = env!("CARGO_PKG_VERSION");
        let start = format!("\n# OSU MPI Allreduce Latency Test v{version}\n# Datatype: MPI_CHAR.\n");
        assert_eq!(header(&options), format!("{start}# Size       Avg Latency(us)\n"));
        (options.full, options.validate, options.tails) = (true, true, vec![50]);
        let columns = "# Size       Avg Latency(us)   Min Latency(us)   Max Latency(us)  Iterations        Validation  P50 Tail Lat(us)\n";
        assert_eq!(header(&options), format!("{start}{columns}"));
        let row = Row {
            size: Some(4),
            values: vec![1.15, 0.89, 1.4],
            iterations: Some(10),
            errors: Some(0),
            tails: vec![1.09],
            transmitted: None,
        };
        let text = "4                       1.15              0.89              1.40          10              Pass              1.09\n";
        assert_eq!(row.text(options.kind), text);
    }

    #[test]
    fn barriers_have_no_size() {
        let mut options = Options::new(Kind::Collective(Operation::Barrier, Form::Blocking));
        assert!(header(&options).ends_with(concat!("v", env!("CARGO_PKG_VERSION"), "\n# Avg Latency(us)\n")));
        options.full = true;
        assert!(header(&options).ends_with("\n# Avg Latency(us)   Min Latency(us)   Max Latency(us)  Iterations\n"));
        let row = Row { values: vec![1408.66, 1209.04, 1608.28], iterations: Some(10), ..Row::default() };
        assert_eq!(row.text(options.kind), "          1408.66           1209.04           1608.28          10\n");
    }

    #[test]
    fn non_blocking_collectives_look_like_the_originals() {
        let mut options = Options::new(Kind::Collective(Operation::Barrier, Form::NonBlocking));
        let text = header(&options);
        assert!(text.ends_with(
            "\n# Overall = Coll. Init + Compute + MPI_Test + MPI_Wait\n\n\
             # Overall(us)       Compute(us)    Pure Comm.(us)        Overlap(%)\n"
        ));
        let row = Row { values: vec![2.9, 1.41, 1.0, 0.0], ..Row::default() };
        assert_eq!(row.text(options.kind), "         2.90              1.41              1.00              0.00\n");
        options.kind = Kind::Collective(Operation::Allreduce, Form::NonBlocking);
        assert!(header(&options).ends_with(
            "\n\n# Datatype: MPI_CHAR.\n# Size           Overall(us)       Compute(us)    Pure Comm.(us)        Overlap(%)\n"
        ));
        options.full = true;
        assert!(header(&options).ends_with(
            "Compute(us)    Coll. Init(us)      MPI_Test(us)      MPI_Wait(us)    Pure Comm.(us)     Min Comm.(us)     \
             Max Comm.(us)        Overlap(%)\n"
        ));
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
        assert_eq!(line(Kind::PutLatency, 8, &[1.349], None), "8                       1.35\n");
    }

    #[test]
    fn validated_one_sided_rows_look_like_the_originals() {
        let mut options = Options::new(Kind::FetchAndOpLatency);
        options.validate = true;
        assert!(header(&options).ends_with("# Size          Latency (us)        Validation\n"));
        assert_eq!(
            line(Kind::FetchAndOpLatency, 1, &[1.84], Some(0)),
            "1                       1.84            passed\n"
        );
        assert_eq!(
            line(Kind::FetchAndOpLatency, 8, &[1.36], Some(2)),
            "8                       1.36            failed\n"
        );
        assert!(atomic_summary(2, 1).ends_with(
            "-\nAtomic Data Validation results for Rank=1:\n\
             PASSED: All 1 combinations of ops and datatypes tested passed.\n\
             -------------------------------------------\n"
        ));
    }

    #[test]
    fn the_data_of_a_derived_datatype_is_counted() {
        let mut options = Options::new(Kind::Latency);
        (options.element, options.shape) = (Element::Double, Some(Shape::Vector { stride: 2, length: 1 }));
        let text = header(&options);
        assert!(text.ends_with("# Datatype: MPI_DOUBLE.\n# Size       Avg Latency(us)     Transmit Size\n"));
        let row = Row { size: Some(64), values: vec![0.5], transmitted: Some(32), ..Row::default() };
        assert_eq!(row.text(Kind::Latency), "64                      0.50                32\n");
    }

    #[test]
    fn message_rate_looks_like_the_original() {
        let mut options = Options::new(Kind::MultiPair);
        let whole = |options: &Options| {
            let columns = if options.vary_window { varied_columns(options) } else { columns(options) };
            multi_pair_preamble(options, 1) + &columns
        };
        let text = whole(&options);
        assert!(text.starts_with("# OSU MPI Multiple Bandwidth / Message Rate Test v"));
        assert!(text.ends_with("\n# [ pairs: 1 ] [ window size: 64 ]\n# Datatype: MPI_CHAR.\n# Size                  MB/s        Messages/s\n"));
        assert_eq!(
            line(Kind::MultiPair, 1, &[1.74, 1_744_773.45], None),
            "1                       1.74        1744773.45\n"
        );
        options.print_rate = false;
        assert!(whole(&options).ends_with("\n# Size                  MB/s\n"));
        options.vary_window = true;
        let matrix = "\n#                 1           2           4           8          16          32          64         128\n";
        let text = whole(&options);
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
