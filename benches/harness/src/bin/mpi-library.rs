//! `mpi-library`: says which MPI library a launcher gives its ranks. Two lines on rank 0: what the library calls itself, and
//! its file.

use bench_harness::{World, emit, library};

fn main() {
    let world = match World::init() {
        Ok(world) => world,
        Err(why) => {
            eprintln!("mpi-library: {why}.");
            std::process::exit(1);
        }
    };
    if world.rank() == 0 {
        let file = library::file().unwrap_or_default();
        emit(&format!("library: {}\nfile: {}\n", library::version(), file.display()));
    }
}
