//! `scaling-ranks`: what a number of ranks costs, however slow it is. Each operation is timed in growing batches until its time is
//! over, so that 64 ranks on two cores end as soon as two do. A line on rank 0 as soon as it is known: name, value, how often.
//!
//!     barrier 12.3 5000
//!
//! Times are microseconds per operation as rank 0 sees them; memory is KiB of the whole job, each address space counted once.

mod memory;
mod operations;

use bench_harness::{World, emit};
use operations::Operations;

const USAGE: &str = "\
Usage: MPIEXEC -n RANKS scaling-ranks [--seconds N] [--start-only]
Times MPI_Barrier, MPI_Allreduce of 8 B, MPI_Alltoall of 64 KiB and a ping-pong of 8 B while all other ranks block in
MPI_Recv, and adds up the memory of all ranks. --seconds N: spend about N seconds on each (default 1); --start-only: only
MPI_Init and MPI_Finalize.
";

/// What the command line says.
struct Options {
    seconds: f64,
    start_only: bool,
}

fn main() {
    let options = match parse(lexopt::Parser::from_env()) {
        Ok(Some(options)) => options,
        Ok(None) => return print!("{USAGE}"),
        Err(why) => {
            eprintln!("scaling-ranks: {why}; -h lists the options.");
            std::process::exit(2);
        }
    };
    let world = match World::init() {
        Ok(world) => world,
        Err(why) => {
            eprintln!("scaling-ranks: {why}.");
            std::process::exit(1);
        }
    };
    if options.start_only {
        return;
    }
    if world.size() < 2 {
        eprintln!("scaling-ranks: this needs at least two ranks.");
        std::process::exit(1);
    }
    run(&world, options.seconds);
}

fn parse(mut parser: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;
    let mut options = Options { seconds: 1.0, start_only: false };
    while let Some(arg) = parser.next()? {
        match arg {
            Long("seconds") => match parser.value()?.parse()? {
                seconds if (0.0..=1e6).contains(&seconds) => options.seconds = seconds,
                seconds => return Err(format!("--seconds {seconds}: give a number from 0").into()),
            },
            Long("start-only") => options.start_only = true,
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(Some(options))
}

fn run(world: &World, seconds: f64) {
    let say = |name: &str, (value, count): (f64, i32)| {
        if world.rank() == 0 {
            emit(&format!("{name} {value:.3} {count}\n"));
        }
    };
    let mut operations = Operations::new(world, seconds);
    say("barrier", operations.barrier());
    say("allreduce", operations.allreduce());
    // Before there are buffers of the benchmark.
    for (name, value) in memory::totals(world) {
        say(name, (value, 1));
    }
    say("ping-pong", operations.ping_pong());
    match operations.alltoall() {
        Ok(measured) => say("alltoall", measured),
        Err(why) if world.rank() == 0 => eprintln!("scaling-ranks: {why}."),
        Err(_) => {}
    }
}
