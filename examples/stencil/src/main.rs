//! Heat on a plate by a 5-point stencil on a 2-D grid of ranks, in three variants: halo by MPI_Sendrecv, by MPI_Put, and by loads
//! from the neighbours' parts of a shared window. Each result is compared with a serial run to the last bit.

mod cart;
mod check;
mod comm;
mod field;
mod grid;
mod halo;
mod limit;
mod memory;
mod options;
mod picture;
mod plot;
mod report;
mod run;
mod usage;
mod window;

use mpi::traits::{AsRaw, Communicator};

use options::HELP;

fn main() {
    let Some(universe) = mpi::initialize() else {
        eprintln!("stencil: MPI is initialised already.");
        std::process::exit(1);
    };
    let world = universe.world();
    let root = world.rank() == 0;
    let code = match options::parse(std::env::args_os().skip(1)) {
        Ok(Some(options)) => match run::run(world.as_raw(), world.size(), &options) {
            Ok(()) => 0,
            Err(why) => {
                if root {
                    eprintln!("stencil: {why:#}.");
                }
                1
            }
        },
        Ok(None) => {
            if root {
                print!("{HELP}");
            }
            0
        }
        Err(why) => {
            if root {
                eprintln!("stencil: {why}; -h lists the options.");
            }
            2
        }
    };
    drop(universe);
    std::process::exit(code);
}
