//! A measurement from the options to the record.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use limits::Cores;

use crate::benchmarks::Benchmark;
use crate::campaign::{Campaign, Results};
use crate::machine::{self, Machine};
use crate::options::Options;
use crate::output;
use crate::programs::Programs;
use crate::record::{FORMAT, Record};
use crate::rivals::table::{Places, table};
use crate::rivals::{Abi, PIP, choice};
use crate::{stats, tune};

/// Where things are, as the options say or beside this program.
///
/// # Errors
/// When the folder of this program is not to be found.
pub fn places(options: &Options) -> Result<(Places, Programs)> {
    let myself = std::env::current_exe().context("cannot find the folder of this program")?;
    let here = myself.parent().context("this program has no folder")?;
    let folder = options.rivals_folder.clone().unwrap_or_else(|| here.parent().unwrap_or(here).join("rivals"));
    let folder = std::path::absolute(&folder).with_context(|| format!("no such folder: {}", folder.display()))?;
    let places = Places {
        stock: options.stock.clone(),
        pip: options.pip.clone().unwrap_or_else(|| here.join("pip-mpiexec")),
        folder: folder.clone(),
        root: nix::unistd::geteuid().is_root(),
    };
    let own = options.programs.clone().unwrap_or_else(|| here.to_owned());
    Ok((places, Programs::new(own, folder, options.netpipe.clone())))
}

/// Measures. None when the options ask for something else, which is then done.
///
/// # Errors
/// A sentence when nothing can be measured; Ctrl-C before anything was.
pub fn measure(options: &Options, stop: &AtomicBool) -> Result<Option<Record>> {
    let (start, began) = (Instant::now(), machine::now());
    let (places, programs) = places(options)?;
    if options.list {
        print!("{}", choice::list(&table(&places), &programs));
        return Ok(None);
    }
    let (benchmarks, missing) = built(&options.benchmarks, &programs)?;
    let cores = options.cores.as_deref().map_or_else(Cores::first_two, Cores::parse)?;
    let chosen = choice::choose(table(&places), &options.rivals);
    let named = options.rivals.split(',').all(|word| word.trim() != "found");
    let (mut rivals, absent) = choice::verified(chosen, &programs, named, stop)?;
    for given in &options.given {
        if rivals.iter().any(|rival| rival.name == given.name) {
            bail!("--mpiexec {}: there is a rival of this name already", given.name);
        }
        rivals.push(given.rival(&programs, &places.folder, places.root, stop)?);
    }
    let campaign = Campaign {
        rivals: &rivals,
        benchmarks: &benchmarks,
        programs: &programs,
        cores,
        rounds: options.rounds,
        budget: options.budget,
        seed: options.seed.unwrap_or_else(|| fastrand::u64(..1_000_000)),
        start,
        stop,
    };
    eprintln!(
        "compare: {} libraries, {} benchmarks, up to {} rounds in {} s, seed {}",
        rivals.len(),
        benchmarks.len(),
        campaign.rounds,
        campaign.budget.as_secs(),
        campaign.seed
    );
    if options.tune {
        print!("{}", tune::run(&campaign, &rivals[PIP])?);
        return Ok(None);
    }
    let mut record = Record {
        format: FORMAT.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        machine: Machine::this(),
        command: machine::command_line(),
        began,
        seconds: 0.0,
        seed: campaign.seed,
        cores,
        rivals: rivals.clone(),
        absent,
        benchmarks: benchmarks.iter().map(Into::into).collect(),
        missing,
        results: Results::default(),
    };
    // A program that is killed leaves the rounds before.
    let mut keep = |results: &Results| {
        let Some(path) = &options.json else { return Ok(()) };
        (record.results, record.seconds) = (results.clone(), start.elapsed().as_secs_f64());
        output::write(path, &record.text(&stats::compare(&record))?)
    };
    (record.results, record.seconds) = (campaign.run(&mut keep)?, start.elapsed().as_secs_f64());
    Ok(Some(record))
}

/// The benchmarks whose programs there are, and a sentence about each of the others.
fn built(benchmarks: &[Benchmark], programs: &Programs) -> Result<(Vec<Benchmark>, Vec<String>)> {
    let there = |test: &&Benchmark| programs.find(Abi::Mpich, test.program).is_some();
    let (built, others): (Vec<&Benchmark>, Vec<&Benchmark>) = benchmarks.iter().partition(there);
    let sentence = |test: &&Benchmark| {
        format!("{}: {} was not found", test.name, programs.place(Abi::Mpich, test.program).display())
    };
    let sentences: Vec<String> = others.iter().map(sentence).collect();
    for sentence in &sentences {
        eprintln!("compare: {sentence}");
    }
    if built.is_empty() {
        bail!("no benchmark was found: build them with cargo build --release");
    }
    Ok((built.into_iter().cloned().collect(), sentences))
}
