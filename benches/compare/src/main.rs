//! `compare`: what a message costs under stock MPICH, under PiP and under other MPI libraries, on this machine, now.
//!
//! The phases: options, [`rivals`] and [`benchmarks`] (the two tables), [`campaign`] (rounds of [`child`] runs between
//! calibrations), [`stats`], [`report`].

mod benchmarks;
mod bounds;
mod campaign;
mod child;
mod options;
mod parse;
mod programs;
mod progress;
mod report;
mod rivals;
mod stats;
mod tune;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, bail};
use limits::Cores;

use campaign::Campaign;
use options::{HELP, Options, Parsed};
use programs::Programs;
use rivals::table::Places;
use rivals::{Abi, choice};

fn main() {
    let options = match options::parse(lexopt::Parser::from_env()) {
        Ok(Parsed::Run(options)) => *options,
        Ok(Parsed::Help) => return print!("{HELP}"),
        Ok(Parsed::Version) => return println!("compare {}", env!("CARGO_PKG_VERSION")),
        Err(why) => {
            eprintln!("compare: {why}; -h lists the options.");
            std::process::exit(2);
        }
    };
    match run(options) {
        Ok(true) => {}
        Ok(false) => std::process::exit(1),
        Err(why) => {
            eprintln!("compare: {why:#}.");
            std::process::exit(1);
        }
    }
}

/// Returns whether every run worked.
fn run(options: Options) -> Result<bool> {
    let myself = std::env::current_exe().context("cannot find the folder of this program")?;
    let here = myself.parent().context("this program has no folder")?;
    let folder = options.rivals_folder.unwrap_or_else(|| here.parent().unwrap_or(here).join("rivals"));
    let folder = std::path::absolute(&folder).with_context(|| format!("no such folder: {}", folder.display()))?;
    let places = Places {
        stock: options.stock,
        pip: options.pip.unwrap_or_else(|| here.join("pip-mpiexec")),
        folder: folder.clone(),
        root: nix::unistd::geteuid().is_root(),
    };
    let programs = Programs::new(options.programs.unwrap_or_else(|| here.to_owned()), folder, options.netpipe);
    let rivals = rivals::table::table(&places);
    if options.list {
        print!("{}", choice::list(&rivals, &programs));
        return Ok(true);
    }
    let mut benchmarks = benchmarks::table();
    // Who names benchmarks may name any.
    if options.one_sided || options.only.is_some() {
        benchmarks.extend(benchmarks::one_sided());
    }
    if let Some(names) = &options.only {
        benchmarks = benchmarks::named(benchmarks, names).map_err(anyhow::Error::msg)?;
    }
    if let Some(test) = benchmarks.iter().find(|test| programs.find(Abi::Mpich, test.program).is_none()) {
        bail!(
            "{} was not found: build it with cargo build --release, or install Debian's netpipe-mpich2",
            programs.place(Abi::Mpich, test.program).display()
        );
    }
    let cores = match options.cores {
        Some(text) => Cores::parse(&text)?,
        None => Cores::first_two()?,
    };
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).context("cannot catch Ctrl-C")?;
    }
    let rivals = choice::verified(choice::choose(rivals, &options.rivals)?, &programs, &stop)?;
    let campaign = Campaign {
        rivals: &rivals,
        benchmarks: &benchmarks,
        programs: &programs,
        cores,
        rounds: options.rounds,
        budget: options.budget,
        seed: options.seed.unwrap_or_else(|| fastrand::u64(..1_000_000)),
        stop: &stop,
    };
    eprintln!("compare: up to {} rounds in {} s, seed {}", campaign.rounds, campaign.budget.as_secs(), campaign.seed);
    if options.tune {
        print!("{}", tune::run(&campaign, &rivals[rivals::PIP])?);
        return Ok(true);
    }
    let results = campaign.run()?;
    let lines = stats::compare(&results, &benchmarks, rivals.len());
    print!("{}", report::text(&lines, &results, &campaign));
    if let Some(path) = options.json {
        let text =
            serde_json::to_string_pretty(&report::to_json(&lines, &results, &campaign)).context("cannot form JSON")?;
        std::fs::write(&path, text + "\n").with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(results.failures.is_empty())
}
