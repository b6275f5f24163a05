//! Seeded random traffic: the digest of all data received is stock MPICH's.

use anyhow::Result;
use pip_tests::cases::Cases;
use pip_tests::run::Run;
use pip_tests::sources;
use std::time::SystemTime;

/// (seed, ranks, rounds).
const FIXED: [(u64, usize, usize); 7] =
    [(1, 1, 20), (2, 2, 60), (3, 3, 40), (4, 4, 30), (5, 8, 8), (6, 2, 60), (7, 4, 30)];

pub fn add(cases: &mut Cases) {
    let random = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| u64::from(time.subsec_nanos()));
    for (seed, np, rounds) in FIXED {
        cases.add(format!("oracle::seed_{seed}::{np}_ranks"), move || same_digest(seed, np, rounds));
    }
    // The name of the case shows the seed.
    for np in [2, 3, 4] {
        cases.add(format!("oracle::random_seed_{random}::{np}_ranks"), move || same_digest(random, np, 25));
    }
    // Stock reports truncation for long messages of derived types; the program checks all data itself.
    for np in [2, 4] {
        cases.add(format!("oracle::long_derived_types_seed_{random}::{np}_ranks"), move || {
            let program = sources::program("random_traffic.c")?;
            Run::pip("")
                .words(&format!("-n {np}"))
                .arg(program)
                .words(&format!("{random} 15 500000"))
                .end()?
                .expect_code(0)?
                .expect_quiet()
                .map(drop)
        });
    }
}

fn same_digest(seed: u64, np: usize, rounds: usize) -> Result<()> {
    let program = sources::program("random_traffic.c")?;
    let run =
        |launcher: Run| launcher.words(&format!("-n {np}")).arg(&program).words(&format!("{seed} {rounds}")).end();
    let (stock, pip) = (run(Run::stock(""))?, run(Run::pip(""))?);
    let digest = stock.expect_code(0)?.out();
    pip.expect_code(0)?.expect_quiet()?.expect_lines(&[digest.trim()])?;
    Ok(())
}
