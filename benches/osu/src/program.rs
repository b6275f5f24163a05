//! What happens before and after a benchmark's own pattern: MPI, options, messages on rank 0 only, exit codes.

use std::time::{Duration, Instant};

use bench_harness::{Threading, World, emit};

use crate::kind::Kind;
use crate::options::{Options, Parsed, help, parse};
use crate::{collective, startup, two_sided};

/// Why a benchmark ends early. The exit code is always the originals': 1.
#[derive(Debug)]
pub enum Failure {
    /// Wrong options.
    Usage(String),
    /// The run cannot be made, or its data was wrong.
    Run(String),
    /// As `Run`, for a text that the originals print to standard output.
    Reported(String),
}

/// A benchmark: called once on every rank with the parsed options.
pub type Program = fn(&World, &Options) -> Result<(), Failure>;

/// Runs the benchmark `kind`, one of those that need no code of their own, and ends the process.
pub fn main(kind: Kind) -> ! {
    let program = match kind {
        Kind::Collective(..) => collective::measure,
        Kind::Hello => startup::hello,
        Kind::ThreadsLatency => two_sided::threads_latency,
        Kind::ProcessesLatency => two_sided::processes_latency,
        Kind::MultiPair => two_sided::multi_pair,
        kind if kind.is_bandwidth() => two_sided::bandwidth,
        _ => two_sided::latency,
    };
    run(kind, program)
}

/// Runs `program` on every rank and ends the process with its exit code.
pub fn run(kind: Kind, program: Program) -> ! {
    start(kind, |world, options, _| program(world, options))
}

/// The same for osu_init, which is about the time until here.
pub fn run_init() -> ! {
    start(Kind::Init, startup::init)
}

fn start(kind: Kind, program: impl FnOnce(&World, &Options, Duration) -> Result<(), Failure>) -> ! {
    let wanted = if kind == Kind::ThreadsLatency { Threading::Multiple } else { Threading::Single };
    let begin = Instant::now();
    let world = match World::with_threads(wanted) {
        Ok(world) => world,
        Err(why) => {
            eprintln!("{}: {why}.", kind.program());
            std::process::exit(1);
        }
    };
    let elapsed = begin.elapsed();
    let outcome = match parse(kind, std::env::args_os().skip(1)) {
        Ok(Parsed::Run(options)) => program(&world, &options, elapsed),
        Ok(Parsed::Help) => {
            say(&world, &help(kind));
            Ok(())
        }
        Ok(Parsed::Version) => {
            say(&world, &kind.title());
            Ok(())
        }
        Err(why) => Err(Failure::Usage(why)),
    };
    let root = world.rank() == 0;
    let code = i32::from(outcome.is_err());
    match outcome {
        Err(Failure::Reported(text)) if root => emit(&format!("{text}\n")),
        Err(Failure::Usage(text) | Failure::Run(text)) if root => eprintln!("{text}"),
        _ => {}
    }
    drop(world);
    std::process::exit(code)
}

fn say(world: &World, text: &str) {
    if world.rank() == 0 {
        emit(text);
    }
}

/// Checks that there are exactly two processes.
///
/// # Errors
/// The original's sentence.
pub fn check_pair(world: &World) -> Result<(), Failure> {
    if world.size() == 2 { Ok(()) } else { Err(Failure::Run("This test requires exactly two processes".into())) }
}

/// Checks that there are at least two processes.
///
/// # Errors
/// The original's sentence.
pub fn check_many(world: &World) -> Result<(), Failure> {
    if world.size() >= 2 { Ok(()) } else { Err(Failure::Run("This test requires at least two processes".into())) }
}

/// Checks that the processes form pairs.
///
/// # Errors
/// The original's sentence for one process; the originals hang with other odd numbers.
pub fn check_pairs(world: &World) -> Result<(), Failure> {
    check_many(world)?;
    match world.size() % 2 {
        0 => Ok(()),
        _ => {
            Err(Failure::Run(format!("This test requires an even number of processes; {} were started", world.size())))
        }
    }
}

/// Ends a validated run whose data was wrong, on every rank: with the original's line on standard output.
///
/// # Errors
/// When `errors` is not zero.
pub fn report_validation(kind: Kind, errors: i32, size: usize) -> Result<(), Failure> {
    if errors == 0 {
        return Ok(());
    }
    let name = kind.program();
    Err(Failure::Reported(format!("DATA VALIDATION ERROR: {name} exited with status 1 on message size {size}.")))
}
