//! Headers and tables, as IMB 2021.11 prints them.

use nix::sys::utsname::uname;

use crate::benchmarks::{Benchmark, Layout};
use crate::options::{Options, banner};

/// The start of the run. `mpi` is the MPI standard's version.
pub fn start(options: &Options, mpi: (i32, i32)) -> String {
    let rule = format!("#{}\n", "-".repeat(64));
    let text = |value: &std::ffi::OsStr| value.to_string_lossy().into_owned();
    let system =
        uname().map(|name| (text(name.machine()), text(name.sysname()), text(name.release()), text(name.version())));
    let (machine, sysname, release, version) = system.unwrap_or_default();
    let (min, max) = options.msglog;
    let longest = 1u64 << max.max(min);
    let names: String = options.benchmarks.iter().map(|test| format!("# {}\n", test.name)).collect();
    format!(
        "{rule}#    {}, MPI-1 part\n{rule}\
         # Machine               : {machine}\n# System                : {sysname}\n# Release               : {release}\n\
         # Version               : {version}\n# MPI Version           : {}.{}\n# MPI Thread Environment: \n\n\n\
         # Calling sequence was: \n\n# {} \n\n\
         # Minimum message length in bytes:   0\n# Maximum message length in bytes:   {longest}\n#\n\
         # MPI_Datatype                   :   MPI_BYTE \n# MPI_Datatype for reductions    :   MPI_FLOAT \n\
         # MPI_Op                         :   MPI_SUM  \n# \n# \n\n# List of Benchmarks to run:\n\n{names}",
        banner(),
        mpi.0,
        mpi.1,
        options.calling_sequence
    )
}

/// The heading of a table for `processes` of `all` processes.
pub fn heading(test: &Benchmark, processes: i32, all: i32) -> String {
    let (width, columns) = match test.layout {
        Layout::Time => (51, "       #bytes #repetitions      t[usec]   Mbytes/sec\n"),
        Layout::TimeRange => (77, "       #bytes #repetitions  t_min[usec]  t_max[usec]  t_avg[usec]   Mbytes/sec\n"),
    };
    let rule = format!("#{}\n", "-".repeat(width));
    let waiting = match all - processes {
        0 => String::new(),
        // The original's "processes" is also used for one.
        count => {
            format!("# ( {count} additional process{} waiting in MPI_Barrier)\n", if count == 1 { "" } else { "es" })
        }
    };
    format!("\n{rule}# Benchmarking {} \n# #processes = {processes} \n{waiting}{rule}{columns}", test.name)
}

/// A row, from the seconds per repetition of each process.
pub fn row(test: &Benchmark, size: usize, repetitions: usize, seconds: &[f64]) -> String {
    let micros: Vec<f64> = seconds.iter().map(|seconds| seconds * 1e6 / test.time_divisor).collect();
    let min = micros.iter().copied().fold(f64::INFINITY, f64::min);
    let max = micros.iter().copied().fold(0.0, f64::max);
    let mean = micros.iter().sum::<f64>() / micros.len().max(1) as f64;
    // Bytes per microsecond are the original's Mbytes (10^6) per second.
    let bandwidth = if max > 0.0 { test.messages * size as f64 / max } else { 0.0 };
    match test.layout {
        Layout::Time => format!("{size:>13}{repetitions:>13}{max:>13.2}{bandwidth:>13.2}\n"),
        Layout::TimeRange => {
            format!("{size:>13}{repetitions:>13}{min:>13.2}{max:>13.2}{mean:>13.2}{bandwidth:>13.2}\n")
        }
    }
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
    use crate::benchmarks::find;

    // The expected texts are the output of IMB 2021.11.

    #[test]
    fn pingpong_looks_like_the_original() {
        let test = find("PingPong").expect("in the table");
        let rule = "#---------------------------------------------------\n";
        let columns = "       #bytes #repetitions      t[usec]   Mbytes/sec\n";
        assert_eq!(
            heading(test, 2, 2),
            format!("\n{rule}# Benchmarking PingPong \n# #processes = 2 \n{rule}{columns}")
        );
        let waiting = "# ( 2 additional processes waiting in MPI_Barrier)\n";
        assert_eq!(
            heading(test, 2, 4),
            format!("\n{rule}# Benchmarking PingPong \n# #processes = 2 \n{waiting}{rule}{columns}")
        );
        assert_eq!(row(test, 16, 50, &[0.78e-6, 0.70e-6]), "           16           50         0.39        41.03\n");
        assert_eq!(row(test, 0, 50, &[0.78e-6, 0.78e-6]), "            0           50         0.39         0.00\n");
    }

    #[test]
    fn sendrecv_looks_like_the_original() {
        let test = find("Sendrecv").expect("in the table");
        let text = heading(test, 2, 2);
        assert!(text.starts_with("\n#-----------------------------------------------------------------------------\n# Benchmarking Sendrecv \n"));
        assert!(text.ends_with("       #bytes #repetitions  t_min[usec]  t_max[usec]  t_avg[usec]   Mbytes/sec\n"));
        assert_eq!(
            row(test, 8, 50, &[0.43e-6, 0.45e-6]),
            "            8           50         0.43         0.45         0.44        35.56\n"
        );
    }
}
