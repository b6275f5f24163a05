//! Generated MPI programs in any number, under PiP and under stock MPICH.

use anyhow::{Context, Result, bail};
use pip_tests::generator::play::{Failure, Stage, keep};
use pip_tests::generator::random::{Random, mixed};
use pip_tests::generator::shrink::{Effort, shrink};
use pip_tests::generator::{Program, case, collective, one_sided};
use pip_tests::{places, traces};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Instant, SystemTime};

const USAGE: &str = "\
usage: generate-traffic [--one-sided | --collectives] [--cases N] [--seed S] [--ranks A-B] [--against stock|none] [--spaces K]
                        [--shrink SECONDS]
       generate-traffic [--one-sided | --collectives] --case SEED --ranks N [--print] [--against stock|none] [--spaces K]
                        [--shrink SECONDS]
Plays N (1000) legal MPI programs drawn from seed S (the time) on A to B (2-8) ranks, compares what arrives with a model and
with stock MPICH, and makes each program that fails as small as it can in so many SECONDS (60). --case plays one again;
--print writes its script instead. --one-sided draws windows and operations on them instead of messages, --collectives
collective operations (on 1 to 17 ranks). --spaces plays as if the ranks were in K address spaces, of neighbours or alternating.";

/// Cases of one launch.
const BATCH: usize = 50;

struct Options {
    cases: usize,
    seed: u64,
    ranks: (usize, usize),
    against_stock: bool,
    shrink_seconds: u64,
    case: Option<u64>,
    print: bool,
    one_sided: bool,
    spaces: usize,
    collectives: bool,
}

fn main() -> ExitCode {
    let end = options().and_then(|options| {
        places::check()?;
        traces::isolate();
        match (options.one_sided, options.collectives) {
            (true, _) => run::<one_sided::Case>(&options),
            (_, true) => run::<collective::Case>(&options),
            _ => run::<case::Case>(&options),
        }
    });
    places::leave();
    match end {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("generate-traffic: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn options() -> Result<Options> {
    let time = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs());
    let mut options = Options {
        cases: 1000,
        seed: time,
        ranks: (2, 8),
        against_stock: true,
        shrink_seconds: 60,
        case: None,
        print: false,
        one_sided: false,
        spaces: 1,
        collectives: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value\n{USAGE}"));
        match word.as_str() {
            "--cases" => options.cases = value()?.parse()?,
            "--seed" => options.seed = value()?.parse()?,
            "--spaces" => options.spaces = value()?.parse()?,
            "--shrink" => options.shrink_seconds = value()?.parse()?,
            "--case" => options.case = Some(value()?.parse()?),
            "--one-sided" => options.one_sided = true,
            "--collectives" => options.collectives = true,
            "--print" => options.print = true,
            "--ranks" => {
                let text = value()?;
                let (first, last) = text.split_once('-').unwrap_or((&text, &text));
                options.ranks = (first.parse()?, last.parse()?);
            }
            "--against" => match value()?.as_str() {
                "stock" => options.against_stock = true,
                "none" => options.against_stock = false,
                other => bail!("--against {other}: stock or none\n{USAGE}"),
            },
            "-h" | "--help" => bail!("{USAGE}"),
            _ => bail!("{word} is no option\n{USAGE}"),
        }
    }
    let (fewest, most) = if options.collectives { (1, 17) } else { (2, 8) };
    let (first, last) = options.ranks;
    if first < fewest || last < first || last > most {
        bail!("--ranks {first}-{last}: from {fewest} to {most}\n{USAGE}");
    }
    Ok(options)
}

/// Returns how many cases failed.
fn run<P: Program>(options: &Options) -> Result<usize> {
    let stage = Stage::<P>::new(options.against_stock)?.spread(options.spaces);
    if let Some(seed) = options.case {
        let case = P::draw(seed, options.ranks.0);
        if options.print {
            print!("case 0\n{}", case.script());
            return Ok(0);
        }
        return play(&stage, &[case], options);
    }
    println!("seed {}", options.seed);
    let started = Instant::now();
    // Batches of equal launches; few ranks are likelier, since they are faster.
    let mut waiting: BTreeMap<(usize, bool), Vec<P>> = BTreeMap::new();
    let (mut failed, mut played) = (0, 0);
    let mut finish = |batch: Vec<P>, started: &Instant| -> Result<()> {
        failed += play(&stage, &batch, options)?;
        played += batch.len();
        println!("{played} cases, {failed} failed, {:.0} s", started.elapsed().as_secs_f64());
        Ok(())
    };
    for index in 0..options.cases as u64 {
        let seed = mixed(options.seed ^ index << 40) >> 16;
        let (first, last) = options.ranks;
        let mut random = Random::new(seed ^ 0x5eed);
        let ranks = random.between(first, last).min(random.between(first, last));
        let case = P::draw(seed, ranks);
        let group = waiting.entry((ranks, case.threaded())).or_default();
        group.push(case);
        if group.len() == BATCH {
            finish(std::mem::take(group), &started)?;
        }
    }
    for batch in waiting.into_values().filter(|batch| !batch.is_empty()) {
        finish(batch, &started)?;
    }
    Ok(failed)
}

/// Plays cases, and says what failed and how to see it again.
fn play<P: Program>(stage: &Stage<P>, cases: &[P], options: &Options) -> Result<usize> {
    let failures = stage.play(cases)?;
    for failure in &failures {
        report(stage, &cases[failure.index], failure, options)?;
    }
    // What only stock MPICH fails in says nothing about PiP.
    Ok(failures.iter().filter(|failure| !failure.of_stock).count())
}

fn report<P: Program>(stage: &Stage<P>, case: &P, failure: &Failure, options: &Options) -> Result<()> {
    let who = if failure.of_stock { "stock MPICH failed" } else { "failed" };
    let (seed, ranks) = (case.seed(), case.ranks());
    let spaces = if options.spaces > 1 { format!(" --spaces {}", options.spaces) } else { String::new() };
    println!("case {seed} of {ranks} ranks {who} (again:{}{spaces} --case {seed} --ranks {ranks}):", P::OPTION);
    println!("{}", failure.message);
    if failure.of_stock || options.shrink_seconds == 0 {
        println!("its script: {}", keep(case, &failure.message)?.display());
        return Ok(());
    }
    match shrink(stage, case, Effort::seconds(options.shrink_seconds))? {
        None => println!("alone it does not fail; its script: {}", keep(case, &failure.message)?.display()),
        Some((small, message)) => {
            let file = keep(&small, &message)?;
            println!("the smallest that fails, on {} ranks, is {}:\n{}", small.ranks(), file.display(), small.script());
            println!("which says\n{message}");
        }
    }
    Ok(())
}
