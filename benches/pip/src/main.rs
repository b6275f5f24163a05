//! `bench-pip`: one table of Process-in-Process beside the system's own ways and the limit, all measured in one run.

mod campaign;
mod report;

use anyhow::Result;
use bench_pip::worker;
use campaign::Sections;
use limits::{Cores, State};

const HELP: &str = "\
Usage: bench-pip [options]
Measures tasks beside processes and threads, in interleaved rounds, and prints the medians: starting and ending a small
program, a barrier of two, export and import, and mapping memory.
Options:
  --rounds N      rounds (default 15, about two seconds each)
  --cores A,B     the two cores of the barrier (default: the first two of the affinity mask)
  -h, --help      print this help
  -V, --version   print the version
";

struct Options {
    rounds: usize,
    cores: Option<String>,
}

fn main() {
    if worker::serve_as_task() {
        return;
    }
    let options = match options() {
        Ok(Some(options)) => options,
        Ok(None) => return,
        Err(why) => {
            eprintln!("bench-pip: {why}; -h lists the options.");
            std::process::exit(2);
        }
    };
    bench_pip::or_exit(run(&options));
}

fn options() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;
    let mut options = Options { rounds: 15, cores: None };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("rounds") => {
                options.rounds = parser.value()?.parse()?;
                if options.rounds == 0 {
                    return Err("--rounds 0: give a number from 1".into());
                }
            }
            Long("cores") => options.cores = Some(parser.value()?.string()?),
            Short('h') | Long("help") => {
                print!("{HELP}");
                return Ok(None);
            }
            Short('V') | Long("version") => {
                println!("bench-pip {}", env!("CARGO_PKG_VERSION"));
                return Ok(None);
            }
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(Some(options))
}

fn run(options: &Options) -> Result<()> {
    let cores = match &options.cores {
        Some(text) => Some(Cores::parse(text)?),
        // With one core there is no hand-off to compare a barrier with.
        None => Cores::first_two().inspect_err(|why| eprintln!("bench-pip: {why}.")).ok(),
    };
    let mut sections = Sections::new();
    for round in 0..options.rounds {
        sections.round(round, cores)?;
    }
    let Sections { spawn, barrier, sharing, memory } = &sections;
    for section in [spawn, barrier, sharing, memory].into_iter().filter(|section| !section.is_empty()) {
        println!("{}\n", section.table());
    }
    println!(
        "Medians of {} rounds; ratios are medians of the rounds' ratios.\n\
         spawn+wait: of /bin/true; all are started, then waited for. ratio: how many times faster than posix_spawn.\n\
         barrier: ratio to two hand-offs between the same two cores, which the same tasks make in turn with it.\n\
         mmap+touch+munmap: of 64 pages, all workers together. ratio: how many times faster than forked processes (process\n\
         mode) or threads (thread mode).",
        options.rounds
    );
    if let Some(time) = barrier.median(campaign::LIMIT, "time") {
        println!("The cores were {}: a cache line went there and back in {time:.0} ns.", State::of(time).name());
    }
    Ok(())
}
