//! `limits`: prints what the machine allows a message between two cores to cost.

use anyhow::{Context, Result};
use limits::{Copy, Cores, Handoff, MESSAGE_SIZES, ROUND_TRIPS, Times, copy, handoff};
use serde_json::json;

const HELP: &str = "\
Usage: limits [options]
Measures between two cores: one cache line from core to core (the hand-off), and copying a message into a warm buffer,
by one core and by both: dirty in the other core's cache, and unchanged since the last copy.
Options:
  --cores A,B         the two cores (default: the first two of the affinity mask)
  --round-trips N     round trips of the hand-off (default 100000)
  --json              print JSON
  -h, --help          print this help
  -V, --version       print the version
";

struct Options {
    cores: Option<String>,
    round_trips: u64,
    json: bool,
}

fn main() {
    let options = match options() {
        Ok(Some(options)) => options,
        Ok(None) => return,
        Err(why) => {
            eprintln!("limits: {why}; -h lists the options.");
            std::process::exit(2);
        }
    };
    if let Err(why) = run(&options) {
        eprintln!("limits: {why:#}.");
        std::process::exit(1);
    }
}

fn options() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;
    let mut options = Options { cores: None, round_trips: ROUND_TRIPS, json: false };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("cores") => options.cores = Some(parser.value()?.string()?),
            Long("round-trips") => {
                options.round_trips = parser.value()?.parse()?;
                if options.round_trips == 0 {
                    return Err("--round-trips 0: give a number from 1".into());
                }
            }
            Long("json") => options.json = true,
            Short('h') | Long("help") => {
                print!("{HELP}");
                return Ok(None);
            }
            Short('V') | Long("version") => {
                println!("limits {}", env!("CARGO_PKG_VERSION"));
                return Ok(None);
            }
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(Some(options))
}

fn run(options: &Options) -> Result<()> {
    let cores = match &options.cores {
        Some(text) => Cores::parse(text)?,
        None => Cores::first_two()?,
    };
    let before = handoff(cores, options.round_trips)?;
    let copies = MESSAGE_SIZES.map(|bytes| copy(cores, bytes)).into_iter().collect::<Result<Vec<_>>>()?;
    let after = handoff(cores, options.round_trips)?;
    if options.json {
        let report = json!({ "cores": cores, "handoff": before, "handoff_after": after, "copy": copies });
        println!("{}", serde_json::to_string_pretty(&report).context("cannot write JSON")?);
    } else {
        print(cores, before, after, &copies);
    }
    Ok(())
}

fn print(cores: Cores, before: Handoff, after: Handoff, copies: &[Copy]) {
    println!("# Limits between cores {} and {}", cores.0, cores.1);
    println!(
        "# Hand-off of one cache line: {:.1} ns one way, {:.1} ns round trip: {}",
        before.one_way_ns,
        before.round_trip_ns,
        before.state.name()
    );
    if after.state != before.state {
        println!(
            "# The state changed while copying, to {:.1} ns round trip: {}",
            after.round_trip_ns,
            after.state.name()
        );
    }
    print_copies("that the other core has just written", copies, |copy| copy.dirty);
    print_copies("unchanged since the last copy (as OSU and NetPIPE send)", copies, |copy| copy.unchanged);
}

fn print_copies(message: &str, copies: &[Copy], times: impl Fn(&Copy) -> Times) {
    println!("# Copy into a warm buffer of a message {message}");
    println!("{:<10}{:>18}{:>18}{:>18}{:>18}", "# Size", "One core (us)", "GB/s", "Two cores (us)", "GB/s");
    for copy in copies {
        let Times { one_core_us: one, two_cores_us: two } = times(copy);
        println!("{:<10}{one:>18.2}{:>18.1}{two:>18.2}{:>18.1}", copy.bytes, copy.gbs(one), copy.gbs(two));
    }
}
