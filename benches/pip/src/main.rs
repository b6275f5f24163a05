//! `bench-pip`: one table of Process-in-Process beside the system's own ways and the limit, all measured in one run; or the
//! measures of the PiP paper, with figures.

mod campaign;
mod paper;
mod report;

use anyhow::Result;
use bench_pip::worker;
use campaign::Sections;
use limits::{Cores, State};
use std::path::PathBuf;

const HELP: &str = "\
Usage: bench-pip [options]
       bench-pip paper [options]
Measures tasks beside processes and threads, in interleaved rounds, and prints the medians: starting and ending a small
program, a barrier of two, export and import, and mapping memory. With `paper`, the measures of the PiP paper beside POSIX
shared memory and XPMEM: set-up, first touch, page tables, and handing over a core; as tables, figures (SVG) and JSON.
Options:
  --rounds N      rounds (default 15, about two seconds each; with paper 7, about four)
  --cores A,B     the two cores of two workers (default: the first two of the affinity mask)
  --out DIR       with paper: where figures and JSON go (default paper)
  --quick         with paper: one round of small sizes, to see that everything works
  -h, --help      print this help
  -V, --version   print the version
";

#[derive(Default)]
struct Options {
    paper: bool,
    rounds: Option<usize>,
    cores: Option<String>,
    out: Option<PathBuf>,
    quick: bool,
}

fn main() {
    if worker::serve_if_worker() || paper::serve_if_janitor() {
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
    let mut options = Options::default();
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("rounds") => {
                let rounds = parser.value()?.parse()?;
                if rounds == 0 {
                    return Err("--rounds 0: give a number from 1".into());
                }
                options.rounds = Some(rounds);
            }
            Long("out") => options.out = Some(parser.value()?.into()),
            Long("quick") => options.quick = true,
            Value(word) if word == "paper" && !options.paper => options.paper = true,
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
    if !options.paper && (options.quick || options.out.is_some()) {
        return Err("--quick and --out are options of 'bench-pip paper'".into());
    }
    Ok(Some(options))
}

fn run(options: &Options) -> Result<()> {
    let cores = match &options.cores {
        Some(text) => Some(Cores::parse(text)?),
        // With one core there is no hand-off to compare a barrier with.
        None => Cores::first_two().inspect_err(|why| eprintln!("bench-pip: {why}.")).ok(),
    };
    if options.paper {
        let out = options.out.clone().unwrap_or_else(|| "paper".into());
        return paper::run(&paper::Options { out, quick: options.quick, rounds: options.rounds, cores });
    }
    let rounds = options.rounds.unwrap_or(15);
    let mut sections = Sections::new();
    for round in 0..rounds {
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
         mmap+touch+munmap: of 64 pages, all workers together. ratio: how many times faster than processes (process\n\
         mode) or threads (thread mode).",
        rounds
    );
    if let Some(time) = barrier.median(campaign::LIMIT, "time") {
        println!("The cores were {}: a cache line went there and back in {time:.0} ns.", State::of(time).name());
    }
    Ok(())
}
