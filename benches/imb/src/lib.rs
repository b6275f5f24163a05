//! The Intel MPI Benchmarks' suites MPI1, RMA and EXT under the originals' names, options and tables.
//!
//! [`mpi1`] and [`one_sided`] hold the patterns; a [`Suite`] is a table of them. [`run`] decides which run on how many processes,
//! [`schedule`] how often, [`sample`] is what a pattern is given, [`checking`] what `-check` expects, [`output`] how it
//! looks.

mod benchmark;
mod checking;
mod mpi1;
mod one_sided;
mod options;
mod output;
mod run;
mod sample;
mod schedule;

use bench_harness::{Threading, World, emit};

pub use benchmark::Suite;
use options::Parsed;

/// IMB-MPI1
pub const MPI1: Suite = Suite { name: "IMB-MPI1", part: "MPI-1 part", benchmarks: mpi1::TABLE };
/// IMB-RMA
pub const RMA: Suite = Suite { name: "IMB-RMA", part: "MPI-RMA part", benchmarks: one_sided::RMA };
/// IMB-EXT
pub const EXT: Suite = Suite { name: "IMB-EXT", part: "MPI-2 part", benchmarks: one_sided::EXT };

/// Runs a suite as the command line asks for, and ends the process.
pub fn main(suite: &'static Suite) -> ! {
    let parsed = options::parse(suite, std::env::args_os().skip(1));
    let wanted = match &parsed {
        Ok(Parsed::Run(options)) => options.threading,
        _ => Threading::Single,
    };
    let world = match World::with_threads(wanted) {
        Ok(world) => world,
        Err(why) => {
            eprintln!("{}: {why}.", suite.name);
            std::process::exit(1);
        }
    };
    let root = world.rank() == 0;
    let code = match parsed {
        Ok(Parsed::Run(options)) => match run::run(&world, &options) {
            Ok(()) => 0,
            Err(why) => {
                if root {
                    eprintln!("{}: {why}.", suite.name);
                }
                1
            }
        },
        Ok(Parsed::Show(text)) => {
            if root {
                emit(&text);
            }
            0
        }
        Err(why) => {
            if root {
                eprintln!("ERROR: {why}\nTry \"{} -help\" for usage information", suite.name);
            }
            1
        }
    };
    drop(world);
    std::process::exit(code);
}
