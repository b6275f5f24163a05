//! The rounds: every number of ranks under stock MPICH and PiP, in random order, between calibrations.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use limits::{Cores, TooBusy, copy};

use super::options::Options;
use super::record::{COPIED, FORMAT, Gap, Message, Record, Sample, What};
use crate::campaign::calibrate;
use crate::child::{self, Interrupted, Outcome};
use crate::load::Load;
use crate::machine::{self, Machine};
use crate::output;
use crate::parse::{Points, osu};
use crate::programs::Programs;
use crate::progress::Progress;
use crate::rivals::table::{Places, table};
use crate::rivals::{Abi, Rival, choice};

/// The program that ranks run.
const PROGRAM: &str = "scaling-ranks";
/// Messages of two ranks: program, arguments, whether it gives a bandwidth that is made a rate.
const MESSAGES: [(&str, &str, bool); 3] = [
    ("osu_latency", "-m 1:8192 -i 5000 -x 200", false),
    ("osu_latency", "-m 16384:4194304 -i 200 -x 20", false),
    ("osu_bw", "-m 1:8192 -i 300 -x 30", true),
];

struct Measuring<'a> {
    options: &'a Options,
    programs: Programs,
    stop: &'a AtomicBool,
    start: Instant,
    record: Record,
}

/// Measures.
///
/// # Errors
/// A sentence when nothing can be measured; Ctrl-C before anything was.
pub fn measure(options: &Options, stop: &AtomicBool) -> Result<Record> {
    let (start, began) = (Instant::now(), machine::now());
    let myself = std::env::current_exe().context("cannot find the folder of this program")?;
    let here = myself.parent().context("this program has no folder")?;
    let places = Places {
        stock: options.stock.clone(),
        pip: options.pip.clone().unwrap_or_else(|| here.join("pip-mpiexec")),
        folder: "/nonexistent".into(),
        root: false,
    };
    let own = options.programs.clone().unwrap_or_else(|| here.to_owned());
    let programs = Programs::new(own, places.folder.clone(), "".into());
    for program in MESSAGES.map(|message| message.0).into_iter().chain([PROGRAM]) {
        let place = programs.own(Abi::Mpich, program);
        if !crate::rivals::found(&place) {
            bail!("{} was not found: build it with cargo build --release", place.display());
        }
    }
    let cores = options.cores.as_deref().map_or_else(Cores::first_two, Cores::parse)?;
    let (rivals, _) = choice::verified(choice::choose(table(&places), ""), &programs, true, stop)?;
    let record = Record {
        format: FORMAT.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        machine: Machine::this(),
        command: machine::command_line(),
        began,
        seconds: 0.0,
        interrupted: false,
        cores,
        rivals,
        ranks: options.ranks.clone(),
        rounds: 0,
        round_trips_ns: Vec::new(),
        others: Vec::new(),
        copies: Vec::new(),
        samples: Vec::new(),
        messages: Vec::new(),
        gaps: Vec::new(),
    };
    let mut measuring = Measuring { options, programs, stop, start, record };
    match measuring.rounds() {
        Err(why) if why.is::<Interrupted>() => measuring.record.interrupted = true,
        outcome => outcome?,
    }
    let mut record = measuring.record;
    if record.samples.is_empty() && record.messages.is_empty() {
        if record.interrupted {
            return Err(Interrupted.into());
        }
        bail!("no run gave anything: {}", record.gaps.first().map_or("the time was over", |gap| &gap.why));
    }
    record.seconds = start.elapsed().as_secs_f64();
    unmeasured(&mut record);
    Ok(record)
}

impl Measuring<'_> {
    fn rounds(&mut self) -> Result<()> {
        let mut random = fastrand::Rng::new();
        let per_round = 2 * (1 + self.options.ranks.len());
        let progress = Progress::new(self.options.rounds * per_round, self.options.budget);
        for round in 0..self.options.rounds {
            // 0: the messages of two ranks.
            let mut turns: Vec<(usize, usize)> =
                [0].iter().chain(&self.options.ranks).flat_map(|&ranks| [(ranks, 0), (ranks, 1)]).collect();
            random.shuffle(&mut turns);
            for (ranks, rival) in turns {
                if self.start.elapsed() > self.options.budget {
                    progress.end();
                    return Ok(());
                }
                self.record.rounds = round + 1;
                let what = if ranks == 0 { "messages of 2 ranks".to_owned() } else { format!("{ranks} ranks") };
                progress.begin(round + 1, &what, &self.record.rivals[rival].name);
                if ranks == 0 {
                    self.messages(rival)?
                } else {
                    self.ranks(rival, ranks)?
                };
                progress.step();
            }
            match copy(self.record.cores, COPIED) {
                Err(why) if why.is::<TooBusy>() => {}
                copied => self.record.copies.push(copied?.unchanged),
            }
            if let Some(path) = &self.options.json {
                self.record.seconds = self.start.elapsed().as_secs_f64();
                output::write(path, &super::json(&self.record)?)?;
            }
        }
        progress.end();
        Ok(())
    }

    /// One run between two calibrations.
    fn run(&mut self, rival: usize, ranks: usize, program: &str, arguments: &str) -> Result<Outcome> {
        let place = self.programs.own(Abi::Mpich, program);
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let command = self.record.rivals[rival].command(ranks, &place, &arguments);
        self.calibrate()?;
        let load = Load::now();
        let outcome = child::run(&command, self.options.limit, self.stop)?;
        self.record.others.push(load.others());
        self.calibrate()?;
        Ok(outcome)
    }

    fn calibrate(&mut self) -> Result<()> {
        self.record.round_trips_ns.push(calibrate(self.record.cores, self.stop)?);
        Ok(())
    }

    fn messages(&mut self, rival: usize) -> Result<()> {
        for (program, arguments, is_rate) in MESSAGES {
            let outcome = self.run(rival, 2, program, arguments)?;
            if let Some(trouble) = outcome.trouble {
                self.gap(rival, 2, format!("{program}: {trouble}"));
                continue;
            }
            let rate = |(bytes, megabytes): (usize, f64)| (bytes, megabytes / bytes as f64);
            let points: Points = osu(&outcome.stdout);
            let points = if is_rate { points.into_iter().map(rate).collect() } else { points };
            self.record.messages.push(Message { rival, is_rate, points });
        }
        Ok(())
    }

    /// The start alone, and all operations. What was printed before a run was ended counts.
    fn ranks(&mut self, rival: usize, ranks: usize) -> Result<()> {
        let failed = |gap: &&Gap| (gap.rival, gap.ranks) == (rival, ranks);
        if self.record.gaps.iter().any(|gap| failed(&gap)) {
            return Ok(());
        }
        let outcome = self.run(rival, ranks, PROGRAM, "--start-only")?;
        if let Some(trouble) = outcome.trouble {
            self.gap(rival, ranks, format!("the start: {trouble}{}", said(&outcome.stderr)));
            return Ok(());
        }
        let value = outcome.took.as_secs_f64() * 1e3;
        self.record.samples.push(Sample { rival, ranks, what: What::Launch, value, count: 1.0 });
        let outcome = self.run(rival, ranks, PROGRAM, &format!("--seconds {}", self.options.each))?;
        self.record.samples.extend(outcome.stdout.lines().filter_map(|line| sample(rival, ranks, line)));
        if let Some(trouble) = outcome.trouble {
            self.gap(rival, ranks, format!("what is missing: {trouble}{}", said(&outcome.stderr)));
        } else if let Some(line) = outcome.stderr.lines().find(|line| line.starts_with(PROGRAM)) {
            self.gap(rival, ranks, line.to_owned());
        }
        Ok(())
    }

    fn gap(&mut self, rival: usize, ranks: usize, why: String) {
        let gap = Gap { rival, ranks, why };
        if !self.record.gaps.contains(&gap) {
            eprintln!("compare: {} with {ranks} ranks: {}", self.record.rivals[rival].name, gap.why);
            self.record.gaps.push(gap);
        }
    }
}

/// The first line of a program's complaint.
fn said(stderr: &str) -> String {
    let line = stderr.lines().map(str::trim).find(|line| line.chars().any(char::is_alphanumeric));
    line.map_or_else(String::new, |line| format!(": {line}"))
}

/// `barrier 12.3 5000`
fn sample(rival: usize, ranks: usize, line: &str) -> Option<Sample> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [word, value, count] = words[..] else { return None };
    let what = What::ALL.into_iter().find(|what| what.word() == word)?;
    let number = |text: &str| text.parse().ok().filter(|value: &f64| value.is_finite() && *value > 0.0);
    Some(Sample { rival, ranks, what, value: number(value)?, count: number(count)? })
}

/// Notes what has no value and no reason yet.
fn unmeasured(record: &mut Record) {
    for rival in 0..record.rivals.len() {
        for ranks in record.ranks.clone() {
            let missing: Vec<&str> = What::ALL
                .into_iter()
                .filter(|what| record.summary(rival, *what, ranks).is_none())
                .map(What::word)
                .collect();
            let known = record.gaps.iter().any(|gap| (gap.rival, gap.ranks) == (rival, ranks));
            if !missing.is_empty() && !known {
                let why = format!("{}: the time was over, or the system did not tell", missing.join(", "));
                record.gaps.push(Gap { rival, ranks, why });
            }
        }
    }
}

/// `PiP with 64 ranks: ...` for each gap.
pub fn gaps(record: &Record) -> Vec<String> {
    let name = |rival: &Rival| rival.name.clone();
    record
        .gaps
        .iter()
        .map(|gap| format!("{} with {} ranks: {}", name(&record.rivals[gap.rival]), gap.ranks, gap.why))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_ranks_are_read_and_the_rest_skipped() {
        let found = sample(1, 8, "page-tables 1024.000 1").expect("a line");
        assert_eq!((found.what, found.value, found.count), (What::PageTables, 1024.0, 1.0));
        for line in ["", "barrier 0.000 1", "barrier NaN 1", "barrier 1.0", "warning 1 2", "barrier inf 1"] {
            assert!(sample(0, 2, line).is_none(), "{line}");
        }
    }
}
