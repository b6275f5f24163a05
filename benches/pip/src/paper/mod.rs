//! `bench-pip paper`: the measures of the evaluation in the PiP paper (Hori et al., HPDC'18), as tables, figures and JSON.

mod figure;
mod janitor;
mod measures;
mod participants;
mod pictures;
mod samples;
mod scale;
mod spaces;
mod tables;

use crate::report::number;
use anyhow::{Context, Result};
use bench_pip::cycles;
use bench_pip::tlb::Misses;
use janitor::Janitor;
use limits::{Cores, allowed_cores};
use measures::Turn;
use samples::Samples;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;

pub use janitor::serve_if_janitor;

/// What the command line says.
#[derive(Debug)]
pub struct Options {
    /// Where figures and JSON go.
    pub out: PathBuf,
    /// Small sizes, one round.
    pub quick: bool,
    /// Rounds, if it says so.
    pub rounds: Option<usize>,
    /// The cores of two participants; with one core in the affinity mask both have that.
    pub cores: Option<Cores>,
}

/// Measures everything, prints the tables and writes the files.
pub fn run(options: &Options) -> Result<()> {
    let scale = if options.quick { scale::QUICK } else { scale::FULL };
    scale.check_room()?;
    std::fs::create_dir_all(&options.out).with_context(|| format!("cannot make {}", options.out.display()))?;
    let only = allowed_cores()?.first().copied();
    let cores = options.cores.map_or([only; 2], |cores| [Some(cores.0), Some(cores.1)]);
    let rounds = options.rounds.unwrap_or(scale.rounds);

    let janitor = Janitor::start()?;
    let mut samples = Samples::default();
    for round in 0..rounds {
        participants::each(round, |who, kind, way| {
            Turn { scale: &scale, samples: &mut samples, who, kind, way, cores }.measure()
        })?;
    }
    drop(janitor);

    let machine = machine();
    let files = write_files(options, rounds, &samples, &machine)?;
    let mut text: String = tables::tables(&samples).into_iter().map(|table| table + "\n\n").collect();
    text += &explanation(rounds, scale.repeats);
    for row in &participants::ALL {
        if let Some(why) = participants::unavailable(row.way) {
            text += &format!("Not measured: {}: {why}.\n", row.name);
        }
    }
    if let Err(why) = Misses::count() {
        text +=
            &format!("Not measured: TLB misses: the machine does not count them ({why}); their cost is in the time.\n");
    }
    text += &format!("{machine}.\nWritten to {}: {}.\n", options.out.display(), files.join(", "));
    std::io::stdout().write_all(text.as_bytes()).context("cannot print the tables")
}

/// Writes figures and JSON, and gives their names.
fn write_files(options: &Options, rounds: usize, samples: &Samples, machine: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for figure in pictures::figures(samples, machine) {
        names.push(figure.write(&options.out)?);
    }
    let content = json!({
        "machine": machine, "cycles_per_ns": cycles::per_nanosecond(), "cycles_of_nothing": cycles::of_nothing(),
        "rounds": rounds, "medians": samples.to_json(),
    });
    let name = "paper.json";
    let path = options.out.join(name);
    let text = serde_json::to_string_pretty(&content).context("cannot form JSON")?;
    std::fs::write(&path, text + "\n").with_context(|| format!("cannot write {}", path.display()))?;
    names.push(name.to_owned());
    Ok(names)
}

fn explanation(rounds: usize, repeats: usize) -> String {
    format!(
        "\
Medians of {rounds} rounds, of {repeats} repetitions in each for the set-up. Cycles are those of the time-stamp counter, by
lfence and rdtsc before and rdtscp and lfence after; measuring nothing takes {} of them, which every number includes.
set-up: one owner, one peer. Each call follows a sleep, so caches are cold, as in a program that starts. malloc takes what fits
from its heap and maps the rest, of which it writes the first page; shared memory is not touched at all. given back: munmap,
shm_unlink, detach, release, remove, free.
first touch: the owner has written all bytes, in pages of 4 KiB; the peer reads one byte of each twice, and writes them in a
new mapping. mapped: the peer's calls before, which for MAP_POPULATE make all page-table entries. A fault of reading a file
may map several pages (fault-around), one of writing maps one.
page tables: growth of VmPTE (/proc/PID/status) while all share and touch the memory, and all of VmPTE with programs and
libraries. Each address space is counted once; kcmp(2) tells which participants have the same. A table at either end of the
memory may have been there before. Page faults are ru_minflt of all, who write one byte of each page.
hand-over: two participants on one core, which wake each other by a futex or yield until it is their turn. switches: ru_nvcsw
and ru_nivcsw of both for each hand-over. page-table changes: those switches if the two have different address spaces, else
none: the kernel keeps the page table between threads and tasks of one address space. That is derived from kcmp, not counted.
TLB misses, where they can be counted, are those of loads in the program (dTLB-load-misses).
",
        cycles::of_nothing()
    )
}

/// Processor, kernel and counter in a line.
fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("", |(_, name)| name.trim());
    let rate = number(cycles::per_nanosecond());
    format!("{model}, Linux {}, {rate} cycles/ns", read("/proc/sys/kernel/osrelease").trim())
}
