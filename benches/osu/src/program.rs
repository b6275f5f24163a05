//! What happens before and after a benchmark's own pattern: MPI, options, messages on rank 0 only, exit codes.

use bench_harness::{World, emit};

use crate::kind::Kind;
use crate::options::{Options, Parsed, help, parse};

/// Why a benchmark ends early, and with which exit code.
#[derive(Debug)]
pub enum Failure {
    /// Wrong options: exit code 2.
    Usage(String),
    /// The run cannot be made, or its data was wrong: exit code 1.
    Run(String),
    /// As `Run`, for a text that the originals print to standard output.
    Reported(String),
}

/// A benchmark: called once on every rank with the parsed options.
pub type Program = fn(&World, &Options) -> Result<(), Failure>;

/// Runs `program` on every rank and ends the process with its exit code. The process name is used in texts.
pub fn run(kind: Kind, program: Program) -> ! {
    let world = match World::init() {
        Ok(world) => world,
        Err(why) => {
            eprintln!("{}: {why}.", kind.program());
            std::process::exit(1);
        }
    };
    let outcome = match parse(kind, std::env::args_os().skip(1)) {
        Ok(Parsed::Run(options)) => program(&world, &options),
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
    let code = match outcome {
        Ok(()) => 0,
        Err(failure) => {
            let (text, code) = match &failure {
                Failure::Usage(text) => (text, 2),
                Failure::Run(text) | Failure::Reported(text) => (text, 1),
            };
            match failure {
                Failure::Reported(_) if root => emit(&format!("{text}\n")),
                _ if root => eprintln!("{text}"),
                _ => {}
            }
            code
        }
    };
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
pub fn check_processes(world: &World) -> Result<(), Failure> {
    if world.size() == 2 { Ok(()) } else { Err(Failure::Run("This test requires exactly two processes".into())) }
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
