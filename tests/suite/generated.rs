//! Generated programs (see `pip_tests::generator`): a few of fixed seeds and a few that are new each time. The long run is
//! `make test-generated`.

use anyhow::{Result, bail};
use pip_tests::cases::Cases;
use pip_tests::generator::play::{Stage, keep};
use pip_tests::generator::random::mixed;
use pip_tests::generator::shrink::{Effort, shrink};
use pip_tests::generator::{Program, case, collective, one_sided};
use std::time::SystemTime;

/// Programs for each number of ranks, of the fixed seed and of the new one.
const PROGRAMS: [(usize, usize); 7] = [(2, 50), (3, 45), (4, 35), (5, 8), (6, 4), (7, 4), (8, 4)];

/// The same for one-sided programs.
const ONE_SIDED: [(usize, usize); 4] = [(2, 80), (3, 40), (4, 25), (6, 5)];

/// The same for programs of collective operations.
const COLLECTIVE: [(usize, usize); 7] = [(1, 5), (2, 50), (3, 40), (4, 30), (5, 15), (8, 7), (17, 3)];

/// Seconds for making a program that fails smaller.
const SHRINKING: u64 = 30;

pub fn add(cases: &mut Cases) {
    let new = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs());
    for (kind, seed) in [("seed", 1), ("new_seed", new)] {
        for (ranks, count) in PROGRAMS {
            cases.add(format!("generated::{kind}_{seed}::{count}_programs_of_{ranks}_ranks"), move || {
                play::<case::Case>(seed, ranks, count)
            });
        }
        for (ranks, count) in ONE_SIDED {
            cases.add(format!("windows::{kind}_{seed}::{count}_generated_programs_of_{ranks}_ranks"), move || {
                play::<one_sided::Case>(seed, ranks, count)
            });
        }
        for (ranks, count) in COLLECTIVE {
            cases.add(format!("collectives::{kind}_{seed}::{count}_generated_programs_of_{ranks}_ranks"), move || {
                play::<collective::Case>(seed, ranks, count)
            });
        }
    }
}

/// Plays the programs, those with threads in a launch of their own.
fn play<P: Program>(seed: u64, ranks: usize, count: usize) -> Result<()> {
    let stage = Stage::<P>::new(true)?;
    let seeds = (0..count as u64).map(|index| mixed(seed ^ index << 32 ^ (ranks as u64) << 56) >> 16);
    let (threaded, plain): (Vec<P>, Vec<P>) = seeds.map(|seed| P::draw(seed, ranks)).partition(P::threaded);
    for programs in [plain, threaded] {
        let failures = stage.play(&programs)?;
        // Where stock MPICH fails, there is nothing to compare; `generate-traffic` shows such programs.
        let Some(failure) = failures.iter().find(|failure| !failure.of_stock) else { continue };
        let case = &programs[failure.index];
        let again =
            format!("a program fails; again: generate-traffic{} --case {} --ranks {ranks}", P::OPTION, case.seed());
        let found = shrink(&stage, case, Effort::seconds(SHRINKING))?;
        match found {
            None => bail!("{again}\n{}\n{}", keep(case, &failure.message)?.display(), failure.message),
            Some((small, message)) => {
                let file = keep(&small, &message)?;
                bail!("{again}; made smaller, in {}:\n{}{message}", file.display(), small.script());
            }
        }
    }
    Ok(())
}
