//! `compare`: what a message costs under stock MPICH and under PiP, on this machine, now.
//!
//! The phases: options, [`rivals`] and [`benchmarks`] (the two tables), [`campaign`] (rounds of [`child`] runs between
//! calibrations), [`stats`], [`report`].

mod benchmarks;
mod campaign;
mod child;
mod options;
mod parse;
mod progress;
mod report;
mod rivals;
mod stats;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, bail};
use limits::Cores;

use campaign::Campaign;
use options::{HELP, Options, Parsed};

fn main() {
    let options = match options::parse(lexopt::Parser::from_env()) {
        Ok(Parsed::Run(options)) => options,
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
    let here = || -> Result<PathBuf> {
        let myself = std::env::current_exe().context("cannot find the folder of this program")?;
        Ok(myself.parent().context("this program has no folder")?.to_owned())
    };
    let programs = match options.programs {
        Some(folder) => folder,
        None => here()?,
    };
    let pip = match options.pip {
        Some(launcher) => launcher,
        None => here()?.join("pip-mpiexec"),
    };
    let rivals = rivals::table(options.stock, pip);
    let benchmarks = benchmarks::table(|name| programs.join(name), options.netpipe);
    rivals.iter().try_for_each(rivals::Rival::check)?;
    if let Some(test) = benchmarks.iter().find(|test| !rivals::found(&test.program)) {
        bail!(
            "{} was not found: build it with cargo build --release, or install Debian's netpipe-mpich2",
            test.program.display()
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
    let campaign = Campaign {
        rivals: &rivals,
        benchmarks: &benchmarks,
        cores,
        rounds: options.rounds,
        budget: options.budget,
        seed: options.seed.unwrap_or_else(|| fastrand::u64(..1_000_000)),
        stop: &stop,
    };
    eprintln!("compare: up to {} rounds in {} s, seed {}", campaign.rounds, campaign.budget.as_secs(), campaign.seed);
    let results = campaign.run()?;
    let lines = stats::compare(&results, &benchmarks, rivals.len());
    println!("{}\n\n{}", report::table(&lines, &campaign), report::footnotes(&lines, &results, &campaign).trim_end());
    print!("{}", report::failures(&results, &campaign));
    if let Some(path) = options.json {
        let text =
            serde_json::to_string_pretty(&report::to_json(&lines, &results, &campaign)).context("cannot form JSON")?;
        std::fs::write(&path, text + "\n").with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(results.failures.is_empty())
}
