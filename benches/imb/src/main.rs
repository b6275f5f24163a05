//! IMB-MPI1: the benchmarks of the Intel MPI Benchmarks' MPI-1 part under the original's names, options and tables.
//!
//! One small file per benchmark in [`benchmarks`] holds its pattern; [`suite`] decides which run on how many processes,
//! [`schedule`] how often, [`output`] how it looks.

mod benchmarks;
mod options;
mod output;
mod schedule;
mod suite;

use bench_harness::{World, emit};

use options::Parsed;

fn main() {
    let world = match World::init() {
        Ok(world) => world,
        Err(why) => {
            eprintln!("IMB-MPI1: {why}.");
            std::process::exit(1);
        }
    };
    let root = world.rank() == 0;
    let code = match options::parse(std::env::args_os().skip(1)) {
        Ok(Parsed::Run(options)) => match suite::run(&world, &options) {
            Ok(()) => 0,
            Err(why) => {
                if root {
                    eprintln!("IMB-MPI1: {why}.");
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
                eprintln!("{why}");
            }
            2
        }
    };
    drop(world);
    std::process::exit(code);
}
