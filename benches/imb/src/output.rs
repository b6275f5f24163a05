//! Headers and tables, as IMB 2021.11 prints them.

use nix::sys::utsname::uname;

use crate::benchmark::{Benchmark, Layout, Mode};
use crate::options::{Multi, Options, banner};
use crate::schedule::sizes;

/// The width of every column.
const FIELD: usize = 13;

/// The start of the run. `mpi` is the MPI standard's version.
pub fn start(options: &Options, mpi: (i32, i32)) -> String {
    let rule = format!("#{}\n", "-".repeat(64));
    let text = |value: &std::ffi::OsStr| value.to_string_lossy().into_owned();
    let system =
        uname().map(|name| (text(name.machine()), text(name.sysname()), text(name.release()), text(name.version())));
    let (machine, sysname, release, version) = system.unwrap_or_default();
    let sizes = sizes(options);
    let (shortest, longest) = (sizes.iter().min().copied().unwrap_or(0), sizes.iter().max().copied().unwrap_or(0));
    let mut names = String::new();
    for test in &options.benchmarks {
        names += &format!("# {}\n", test.name);
        names.extend(test.notes.iter().map(|note| format!("#     {note}\n")));
    }
    let lengths = match options.lengths {
        Some(_) => "# Message lengths were user defined\n".into(),
        None => {
            format!("# Minimum message length in bytes:   {shortest}\n# Maximum message length in bytes:   {longest}\n")
        }
    };
    let (element, reduction) = (options.element.1, options.reduction.1);
    format!(
        "{rule}#    {}, {}\n{rule}\
         # Machine               : {machine}\n# System                : {sysname}\n# Release               : {release}\n\
         # Version               : {version}\n# MPI Version           : {}.{}\n# MPI Thread Environment: \n\n\n\
         # Calling sequence was: \n\n# {} \n\n\
         {lengths}#\n\
         # MPI_Datatype                   :   {element} \n# MPI_Datatype for reductions    :   {reduction} \n\
         # MPI_Op                         :   MPI_SUM  \n# \n# \n\n# List of Benchmarks to run:\n\n{names}",
        banner(),
        options.suite.part,
        mpi.0,
        mpi.1,
        options.calling_sequence
    )
}

/// Which processes a table is about.
#[derive(Clone, Copy, Debug)]
pub struct Groups {
    /// The groups that run at once.
    pub count: i32,
    /// The processes of each.
    pub processes: i32,
    /// All processes.
    pub all: i32,
}

/// How the rows of `test` look with `multi`.
fn layout(test: &Benchmark, multi: Multi) -> Layout {
    match (test.layout, multi) {
        // One row for all groups shows how they differ.
        (Layout::Time, Multi::Summary) => Layout::RangeAndRate,
        (layout, _) => layout,
    }
}

/// The heading of a table.
pub fn heading(test: &Benchmark, options: &Options, mode: Mode, groups: Groups) -> String {
    let (width, columns): (_, &[&str]) = match layout(test, options.multi) {
        Layout::Time => (51, &["#bytes", "#repetitions", "t[usec]", "Mbytes/sec"]),
        Layout::RangeAndRate => {
            (77, &["#bytes", "#repetitions", "t_min[usec]", "t_max[usec]", "t_avg[usec]", "Mbytes/sec"])
        }
        Layout::Range => (64, &["#bytes", "#repetitions", "t_min[usec]", "t_max[usec]", "t_avg[usec]"]),
        Layout::Sync => (51, &["#repetitions", "t_min[usec]", "t_max[usec]", "t_avg[usec]"]),
        Layout::Messages => (51, &["#bytes", "#repetitions", "Mbytes/sec", "Msg/sec"]),
        Layout::Passive => (51, &["#bytes", "#repetitions", "t_pure[usec]", "t_ovrl[usec]"]),
    };
    let each = options.multi == Multi::EachGroup;
    let rule = format!("#{}\n", "-".repeat(width + if each { FIELD } else { 0 }));
    let mode = match mode {
        Mode::Only => "",
        Mode::Aggregate => "#\n#    MODE: AGGREGATE \n#\n",
        Mode::NonAggregate => "#\n#    MODE: NON-AGGREGATE \n#\n",
    };
    let columns: String = columns.iter().map(|column| format!("{column:>FIELD$}")).collect();
    let group = if each { format!("{:>FIELD$}", "Group") } else { String::new() };
    let defects = if options.check { format!("{:>FIELD$}", "defects") } else { String::new() };
    let empty = if each { "\n" } else { "" };
    let (name, processes) = (test.name, processes(groups));
    let several = if groups.count > 1 { "Multi-" } else { "" };
    format!("\n{rule}# Benchmarking {several}{name} \n{processes}{rule}{mode}{group}{columns}{defects}\n{empty}")
}

/// The lines of a heading that say who takes part.
fn processes(groups: Groups) -> String {
    let Groups { count, processes, all } = groups;
    let mut text = if count > 1 {
        let mut text = format!("# ( {count} groups of {processes} processes each running simultaneous ) \n");
        for group in 0..count {
            let ranks: String = (group * processes..(group + 1) * processes).map(|rank| format!("{rank:>5}")).collect();
            text += &format!("# Group {group:>2}: {ranks}\n# \n");
        }
        text
    } else {
        format!("# #processes = {processes} \n")
    };
    match all - count * processes {
        0 => {}
        // The original's "processes" is also used for one.
        waiting => {
            let plural = if waiting == 1 { "" } else { "es" };
            text += &format!("# ( {waiting} additional process{plural} waiting in MPI_Barrier)\n");
        }
    }
    text
}

/// What a row is about: the processes that it is for.
pub struct Measured<'a> {
    /// `-multi 1`: the group.
    pub group: Option<i32>,
    /// The bytes of a message.
    pub size: usize,
    /// How often.
    pub repetitions: usize,
    /// Seconds per repetition of the processes that took part.
    pub seconds: &'a [[f64; 2]],
    /// `-check`: what was wrong.
    pub defects: Option<i32>,
    /// The messages of a pair's window.
    pub window: usize,
    /// The pairs.
    pub pairs: i32,
}

/// A row.
pub fn row(test: &Benchmark, multi: Multi, measured: &Measured<'_>) -> String {
    let &Measured { group, size, repetitions, seconds, defects, window, pairs } = measured;
    let micros = |column: usize| seconds.iter().map(move |times| times[column] * 1e6);
    let min = micros(0).fold(f64::INFINITY, f64::min);
    let max = micros(0).fold(0.0, f64::max);
    let mean = micros(0).sum::<f64>() / seconds.len().max(1) as f64;
    // Bytes per microsecond are the original's Mbytes (10^6) per second.
    let bandwidth = if max > 0.0 { test.messages * size as f64 / max } else { 0.0 };
    let number = |value: f64| format!("{value:>FIELD$.2}");
    let range = [min, max, mean].map(number).concat();
    let start = format!("{size:>FIELD$}{repetitions:>FIELD$}");
    let group = group.map_or_else(String::new, |group| format!("{group:>FIELD$}"));
    let defects = defects.map_or_else(String::new, |defects| number(f64::from(defects)));
    let values = match layout(test, multi) {
        Layout::Time => start + &number(max) + &number(bandwidth),
        Layout::RangeAndRate => start + &range + &number(bandwidth),
        Layout::Range => start + &range,
        Layout::Sync => format!("{repetitions:>FIELD$}{range}"),
        Layout::Messages => {
            let rate = test.messages * window as f64 * f64::from(pairs) / max;
            format!("{start}{}{:>FIELD$.0}", number(rate * size as f64), rate * 1e6)
        }
        Layout::Passive => start + &number(max) + &number(micros(1).fold(0.0, f64::max)),
    };
    format!("{group}{values}{defects}\n")
}

/// What stands instead of a row whose buffers, of so many bytes, are too large.
pub fn out_of_memory(group: bool, size: usize, bytes: usize) -> String {
    let (group, needed) = (if group { format!("{:>FIELD$}", 0) } else { String::new() }, bytes as f64 / 1e9 + 0.001);
    format!("{group}{size:>FIELD$} out-of-mem.; needed X={needed:>8.3} GB; use flag \"-mem X\"\n")
}

/// What stands instead of a row whose elements an `int` does not count.
pub fn overflow(group: bool, size: usize) -> String {
    let group = if group { format!("{:>FIELD$}", 0) } else { String::new() };
    format!("{group}{size:>FIELD$} int-overflow.; The production rank*size caused int overflow for given sample\n")
}

/// What is said of a benchmark that needs more processes.
pub fn invalid(test: &Benchmark, processes: i32) -> String {
    format!("\n# !! Benchmark {} invalid for {processes} processes !! \n\n", test.name)
}

/// The end of the run.
pub const END: &str = "\n\n# All processes entering MPI_Finalize\n\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EXT, MPI1};

    // The expected texts are the output of IMB 2021.11.

    fn find(name: &str) -> &'static Benchmark {
        let tests = MPI1.benchmarks.iter().chain(EXT.benchmarks);
        tests.into_iter().find(|test| test.name == name).expect("in a table")
    }

    fn text(name: &str, options: &Options, groups: (i32, i32, i32)) -> String {
        let (count, processes, all) = groups;
        heading(find(name), options, Mode::Only, Groups { count, processes, all })
    }

    fn line(name: &str, size: usize, seconds: &[f64]) -> String {
        let seconds: Vec<[f64; 2]> = seconds.iter().map(|&seconds| [seconds, 0.0]).collect();
        let measured =
            Measured { group: None, size, repetitions: 50, seconds: &seconds, defects: None, window: 256, pairs: 1 };
        row(find(name), Multi::Off, &measured)
    }

    #[test]
    fn pingpong_looks_like_the_original() {
        let options = Options::new(&MPI1);
        let rule = "#---------------------------------------------------\n";
        let columns = "       #bytes #repetitions      t[usec]   Mbytes/sec\n";
        let start = format!("\n{rule}# Benchmarking PingPong \n# #processes = 2 \n");
        assert_eq!(text("PingPong", &options, (1, 2, 2)), format!("{start}{rule}{columns}"));
        let waiting = "# ( 2 additional processes waiting in MPI_Barrier)\n";
        assert_eq!(text("PingPong", &options, (1, 2, 4)), format!("{start}{waiting}{rule}{columns}"));
        assert_eq!(line("PingPong", 16, &[0.39e-6, 0.35e-6]), "           16           50         0.39        41.03\n");
        assert_eq!(line("PingPong", 0, &[0.39e-6, 0.39e-6]), "            0           50         0.39         0.00\n");
    }

    #[test]
    fn tables_look_like_the_originals() {
        let options = Options::new(&MPI1);
        let of = |name| text(name, &options, (1, 2, 2));
        assert!(of("Sendrecv").starts_with("\n#-----------------------------------------------------------------------------\n# Benchmarking Sendrecv \n"));
        assert!(
            of("Sendrecv")
                .ends_with("       #bytes #repetitions  t_min[usec]  t_max[usec]  t_avg[usec]   Mbytes/sec\n")
        );
        assert_eq!(
            line("Sendrecv", 8, &[0.43e-6, 0.45e-6]),
            "            8           50         0.43         0.45         0.44        35.56\n"
        );
        assert!(of("Allreduce").starts_with("\n#----------------------------------------------------------------\n#"));
        assert!(of("Allreduce").ends_with("       #bytes #repetitions  t_min[usec]  t_max[usec]  t_avg[usec]\n"));
        assert!(of("Barrier").ends_with(" #repetitions  t_min[usec]  t_max[usec]  t_avg[usec]\n"));
        assert_eq!(line("Barrier", 0, &[1.37e-6]), "           50         1.37         1.37         1.37\n");
        assert!(of("Uniband").ends_with("       #bytes #repetitions   Mbytes/sec      Msg/sec\n"));
        assert_eq!(line("Uniband", 4, &[291e-6]), "            4           50         3.52       879725\n");
        assert_eq!(line("Biband", 0, &[330e-6]), "            0           50         0.00      1551515\n");
    }

    #[test]
    fn groups_look_like_the_originals() {
        let mut options = Options::new(&MPI1);
        options.multi = Multi::Summary;
        let of = |options: &Options| text("PingPong", options, (2, 2, 4));
        assert!(of(&options).starts_with(
            "\n#-----------------------------------------------------------------------------\n# Benchmarking Multi-PingPong \n\
             # ( 2 groups of 2 processes each running simultaneous ) \n\
             # Group  0:     0    1\n# \n# Group  1:     2    3\n# \n#---"
        ));
        assert!(of(&options).ends_with("  t_min[usec]  t_max[usec]  t_avg[usec]   Mbytes/sec\n"));
        options.multi = Multi::EachGroup;
        assert!(of(&options).starts_with(
            "\n#----------------------------------------------------------------\n# Benchmarking Multi-PingPong \n"
        ));
        assert!(of(&options).ends_with("        Group       #bytes #repetitions      t[usec]   Mbytes/sec\n\n"));
    }

    #[test]
    fn modes_and_defects_are_shown() {
        let mut options = Options::new(&EXT);
        options.check = true;
        let text = heading(find("Unidir_Put"), &options, Mode::NonAggregate, Groups { count: 1, processes: 2, all: 2 });
        assert!(text.ends_with(
            "-\n#\n#    MODE: NON-AGGREGATE \n#\n       #bytes #repetitions      t[usec]   Mbytes/sec      defects\n"
        ));
    }
}
