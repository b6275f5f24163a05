//! The OSU micro-benchmarks as rsmpi programs: the originals' names, options, defaults and output columns, so that
//! people's parsing scripts work unchanged. They run under any launcher and any MPI that rsmpi builds with.
//!
//! One small file in `bin/` per benchmark holds its communication pattern. Everything they share is here: the option
//! table, headers and rows, buffers, the schedule of sizes and iterations, and the validation of data.

mod bandwidth;
mod buffers;
mod kind;
mod layout;
mod one_sided;
mod options;
mod output;
mod program;
mod schedule;
mod validation;

pub use bandwidth::measure as measure_bandwidth;
pub use bench_harness::{Requests, World};
pub use buffers::Buffers;
pub use kind::Kind;
pub use layout::{Layout, Vector};
pub use one_sided::{Origin, Passive, Synchronization, one_sided_bandwidth, one_sided_latency};
pub use options::{BufferCount, Options, parse};
pub use output::{derived_row, header, multi_pair_header, profile_row, profile_sizes, row, window_row};
pub use program::{Failure, Program, check_processes, report_validation, run};
pub use schedule::{Schedule, VARIED_WINDOWS, sizes};
pub use validation::stamp;
