//! The OSU micro-benchmarks as rsmpi programs: the originals' names, options, defaults and output columns, so that
//! people's parsing scripts work unchanged. They run under any launcher and any MPI that rsmpi builds with.
//!
//! One small file in `bin/` per benchmark names its [`Kind`]. Everything is here: the options, headers and rows, the schedule of
//! sizes and iterations, the validation of data, and a frame per sort of benchmark: [`two_sided`], [`one_sided`],
//! [`collective`] and [`startup`].

mod collective;
mod kind;
mod layout;
mod one_sided;
mod options;
mod output;
mod program;
mod schedule;
mod startup;
mod statistics;
mod two_sided;
mod validation;

pub use bench_harness::{Operation, World};
pub use kind::{Form, Kind};
pub use one_sided::{Origin, one_sided_bandwidth, one_sided_latency};
pub use options::Options;
pub use program::{Failure, Program, main, run, run_init};
