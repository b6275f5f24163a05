//! Collective communication: each of `programs/collectives`, most of which check themselves.

use crate::shim::add_program;
use anyhow::ensure;
use pip_tests::cases::Cases;
use pip_tests::run::Run;
use pip_tests::{places, sources};

pub fn add(cases: &mut Cases) {
    for source in sources::all("collectives").unwrap_or_default() {
        add_program(cases, "collectives", &source);
    }
    for np in [1, 2, 3, 8] {
        cases.add(format!("collectives::halo3d::{np}_ranks"), move || {
            let run =
                Run::pip(&format!("-n {np}")).arg(places::built("halo3d")).words("--cells 20 --steps 60").end()?;
            ensure!(run.expect_code(0)?.out().contains("the exact solution"), "{run}");
            Ok(())
        });
    }
    for wait in ["spin", "yield", "block"] {
        cases.add(format!("collectives::ranks_that_{wait}"), move || {
            let run =
                Run::pip("-n 3").env("PIP_MPI_WAIT", wait).arg(sources::program("collectives/every_call.c")?).end()?;
            run.expect_code(0)?.expect_quiet()?.expect_lines(&["done"]).map(drop)
        });
    }
    for setting in ["PIP_MPI_FLAT_MAX=0", "PIP_MPI_COLLECTIVES=0"] {
        cases.add(format!("collectives::calls_are_right_with_{setting}"), move || {
            let (name, value) = setting.split_once('=').unwrap_or_default();
            let run = Run::pip("-n 2").env(name, value).arg(sources::program("collectives/fortran08.f90")?).end()?;
            run.expect_code(0)?.expect_quiet()?.expect_lines(&["done"]).map(drop)
        });
    }
    cases.add("collectives::statistics_count_them", || {
        let run = Run::pip("-n 2").env("PIP_MPI_STATS", "1").arg(sources::program("collectives/threads.c")?).end()?;
        let error = run.expect_code(0)?.err();
        let counted = |line: &str| -> Option<u64> { line.split_once("collective ")?.1.split(',').next()?.parse().ok() };
        let counts: Vec<u64> = error.lines().filter_map(counted).collect();
        ensure!(counts.len() == 2 && counts.iter().all(|&count| count > 500), "{counts:?}\n{run}");
        Ok(())
    });
}
