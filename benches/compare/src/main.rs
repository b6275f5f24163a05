//! `compare`: what a message costs under stock MPICH, under PiP and under other MPI libraries, on this machine, now.
//!
//! The phases: options, [`rivals`] and [`benchmarks`] (the two tables), [`measure`] and [`campaign`] (rounds of [`child`] runs
//! between calibrations), which make a [`record`]; [`stats`] and [`ratio`] compare, [`report`], [`page`] and [`baseline`] tell. [`scaling`] is a
//! subcommand with a record and a page of its own.

mod baseline;
mod benchmarks;
mod bounds;
mod campaign;
mod child;
mod load;
mod machine;
#[cfg(test)]
mod made_up;
mod measure;
mod noise;
mod options;
mod output;
mod page;
mod parse;
mod plot;
mod programs;
mod progress;
mod ratio;
mod record;
mod report;
mod rivals;
mod scaling;
mod stats;
mod text;
mod tune;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};

use options::{HELP, Options, Parsed};
use record::Record;

/// The exit code after Ctrl-C: as a shell has it for SIGINT.
const INTERRUPTED: i32 = 130;

fn main() {
    if std::env::args_os().nth(1).is_some_and(|word| word == "scaling") {
        std::process::exit(scaling::main(lexopt::Parser::from_args(std::env::args_os().skip(2))));
    }
    let options = match options::parse(lexopt::Parser::from_env()) {
        Ok(Parsed::Run(options)) => *options,
        Ok(Parsed::Help) => return print!("{HELP}"),
        Ok(Parsed::Version) => return println!("compare {}", env!("CARGO_PKG_VERSION")),
        Err(why) => {
            eprintln!("compare: {why}; -h lists the options.");
            std::process::exit(2);
        }
    };
    std::process::exit(match run(&options) {
        Ok(code) => code,
        Err(why) => {
            eprintln!("compare: {why:#}.");
            if why.is::<child::Interrupted>() { INTERRUPTED } else { 1 }
        }
    });
}

/// Returns the exit code.
fn run(options: &Options) -> Result<i32> {
    for path in [&options.json, &options.html].into_iter().flatten() {
        output::check(path)?;
    }
    if let Some(folder) = &options.pictures {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let baseline = options.baseline.as_deref().map(Record::read).transpose()?;
    if let (Some(json), Some(_)) = (&options.json, &options.baseline) {
        keep_baseline(options, json)?;
    }
    let record = match &options.from {
        Some(path) => Record::read(path)?,
        None => {
            let stop = Arc::new(AtomicBool::new(false));
            for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
                signal_hook::flag::register(signal, Arc::clone(&stop)).context("cannot catch Ctrl-C")?;
            }
            child::adopt_orphans()?;
            match measure::measure(options, &stop)? {
                Some(record) => record,
                None => return Ok(0),
            }
        }
    };
    report(options, &record, baseline.as_ref())?;
    Ok(match &record.results.ended {
        Some(why) if *why == child::Interrupted.to_string() && options.from.is_none() => INTERRUPTED,
        None if record.results.failures.is_empty() => 0,
        _ => 1,
    })
}

/// A baseline that this run would write over is kept under another name.
fn keep_baseline(options: &Options, json: &Path) -> Result<()> {
    let real = |path: &Path| path.canonicalize().ok();
    if real(json).is_some() && real(json) == options.baseline.as_deref().and_then(real) {
        let mut kept = json.as_os_str().to_owned();
        kept.push(".before");
        std::fs::copy(json, &kept).with_context(|| format!("cannot write {}", Path::new(&kept).display()))?;
        eprintln!("compare: the baseline stays in {}", Path::new(&kept).display());
    }
    Ok(())
}

/// Writes everything that the options ask for.
fn report(options: &Options, record: &Record, baseline: Option<&Record>) -> Result<()> {
    let lines = stats::compare(record);
    let name = options.baseline.as_deref().map_or_else(String::new, |path| path.display().to_string());
    let change = baseline.map(|baseline| baseline::change(&name, baseline, record));
    print!("{}", report::text(record, &lines));
    if let Some(change) = &change {
        print!("{}", change.text());
    }
    if let Some(path) = &options.json {
        output::write(path, &record.text(&lines)?)?;
    }
    if let Some(path) = &options.html {
        output::write(path, &page::page(record, &lines, change.as_ref()))?;
        eprintln!("compare: the page is {}", path.display());
    }
    if let Some(folder) = &options.pictures {
        for (name, svg) in page::pictures(record, &lines) {
            output::write(&folder.join(name).with_extension("svg"), &svg)?;
        }
    }
    Ok(())
}
