//! MPI programs print under PiP what they print under stock MPICH: each of `programs/mpi`, and what needs a closer look.

use anyhow::{Result, ensure};
use pip_tests::cases::{Cases, needs_compiler};
use pip_tests::run::Run;
use pip_tests::spread::Spread;
use pip_tests::{places, sources};
use std::ffi::OsString;
use std::path::Path;

pub fn add(cases: &mut Cases) {
    for source in sources::all("mpi").unwrap_or_default() {
        add_program(cases, "shim", &source);
    }
    cases.add("shim::statistics_show_which_way_messages_went", || statistics(Run::pip("-n 2"), [1, 1, 0]));
    cases.add("shim::without_the_shim_nothing_is_counted", || {
        let run = Run::pip("-no-shim -n 2").env("PIP_MPI_STATS", "1").arg(sources::program("launcher/two_messages.c")?);
        run.end()?.expect_code(0)?.expect_quiet().map(drop)?;
        let run = Run::pip("-n 2").env("PIP_MPI_STATS", "1").env("PIP_MPI_SHIM", "off");
        run.arg(sources::program("launcher/two_messages.c")?).end()?.expect_code(0)?.expect_quiet().map(drop)
    });
    for program in ["rsmpi-messages", "rsmpi-requests"] {
        for np in [1, 2, 3] {
            cases.add(format!("shim::{program}::{np}_ranks"), move || {
                let run = |launcher: Run| launcher.words(&format!("-n {np}")).arg(places::built(program)).end();
                let stock = run(Run::stock(""))?.expect_code(0)?.sorted();
                let expected: Vec<&str> = stock.iter().map(String::as_str).collect();
                run(Run::pip(""))?.expect_code(0)?.expect_quiet()?.expect_lines(&expected).map(drop)
            });
        }
    }
    for linked in [false, true] {
        let how = if linked { "linked" } else { "preloaded" };
        cases.add(format!("shim::a_{how}_profiler_sees_the_calls"), move || profiler(linked));
    }
    cases.add("shim::a_program_without_mpi_runs", || {
        let run = Run::pip("-n 3 perl -e").arg("print \"$ENV{PMI_RANK} of $ENV{PMI_SIZE}\\n\"");
        run.end()?.expect_code(0)?.expect_quiet()?.expect_lines(&["0 of 3", "1 of 3", "2 of 3"]).map(drop)
    });
    for (setting, value) in [
        ("PIP_MPI_EAGER_MAX", "0"),
        ("PIP_MPI_EAGER_MAX", "16m"),
        ("PIP_MPI_COPY_MAX", "0"),
        ("PIP_MPI_COPY_MAX", "1m"),
        ("PIP_MPI_SHARE_MIN", "0"),
        ("PIP_MPI_SHARE_CHUNK", "64"),
        ("PIP_MPI_RING_BYTES", "4k"),
        ("PIP_MPI_RING_BYTES_MAX", "4k"),
        ("PIP_MPI_SPIN", "0"),
        ("PIP_MPI_SCAN_MAX", "0"),
    ] {
        cases.add(format!("shim::traffic_is_right_with_{setting}={value}"), move || {
            let program = sources::program("random_traffic.c")?;
            let stock = Run::stock("-n 3").arg(&program).words("77 15").end()?;
            let pip = Run::pip("-n 3").env(setting, value).arg(&program).words("77 15").end()?;
            pip.expect_code(0)?.expect_quiet()?.expect_lines(&[stock.expect_code(0)?.out().trim()]).map(drop)
        });
    }
}

/// Under PiP an MPI program prints the lines and returns the status that it does under stock MPICH, or those it names itself;
/// a program that stock cannot play checks all it says.
pub fn add_program(cases: &mut Cases, suite: &str, source: &Path) {
    let directives = sources::Directives::read(source).unwrap_or_default();
    let stem = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    for np in directives.numbers("np") {
        let (source, directives) = (source.to_owned(), directives.clone());
        let possible = needs_compiler(&source);
        cases.add_if(format!("{suite}::{stem}::{np}_ranks"), possible, move || play(&source, &directives, np, None));
    }
}

/// `spread`: under PiP, as if the ranks were in several address spaces.
pub fn play(source: &Path, directives: &sources::Directives, np: usize, spread: Option<Spread>) -> Result<()> {
    let program = sources::program(source)?;
    let mut command: Vec<OsString> = vec![program.into()];
    command.extend(directives.words("args").into_iter().map(OsString::from));
    let plainly = |launcher: Run| command.iter().fold(launcher.words(&format!("-n {np}")), Run::arg);
    let stock = || plainly(Run::stock(""));
    let pip = || spread.map_or_else(|| plainly(Run::pip("")), |spread| spread.run(np, &command));
    let run = |mut run: Run| {
        for pair in directives.all("env") {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            run = run.env(name, value);
        }
        run.limit(directives.numbers("limit").first().copied().unwrap_or(30) as u64).end()
    };
    if !directives.all("without-stock").is_empty() {
        let pip = run(pip())?;
        ensure!(!pip.expect_code(0)?.stdout.is_empty(), "no line says what was checked\n{pip}");
        return Ok(());
    }
    let mut expected: Vec<String> = directives.all("expect").into_iter().map(str::to_owned).collect();
    if expected.is_empty() {
        let stock = run(stock())?;
        ensure!(stock.code == Some(0), "stock MPICH is no oracle for this program\n{stock}");
        expected = stock.sorted();
    }
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    run(pip())?.expect_code(0)?.expect_lines(&expected).map(drop)
}

/// Rank 0 sends one short and one long message: [eager, rendezvous, MPICH].
fn statistics(run: Run, wanted: [u64; 3]) -> Result<()> {
    let program = sources::program("launcher/two_messages.c")?;
    let outcome = run.env("PIP_MPI_STATS", "1").arg(program).end()?;
    let error = outcome.expect_code(0)?.err();
    for (rank, wanted) in [wanted, [0; 3]].iter().enumerate() {
        let line = error.lines().find(|line| line.contains(&format!("rank {rank}:")));
        let after = |word: &str| -> Option<u64> { line?.split_once(word)?.1.split_whitespace().next()?.parse().ok() };
        let found = ["eager", "rendezvous", "MPICH"].map(after);
        ensure!(found == wanted.map(Some), "rank {rank} sent {found:?} instead of {wanted:?}\n{outcome}");
    }
    Ok(())
}

/// A library of the PMPI kind counts what the program calls.
fn profiler(linked: bool) -> Result<()> {
    let profiler = sources::library("launcher/count_sends.c")?;
    let program = sources::program(if linked { "launcher/profiled.c" } else { "launcher/two_messages.c" })?;
    let mut run = Run::pip("-n 2");
    if !linked {
        run = run.env("LD_PRELOAD", profiler);
    }
    let outcome = run.arg(program).end()?;
    outcome.expect_code(0)?.expect_lines(&["0: 2 sends, 0 receives", "1: 0 sends, 2 receives"])?;
    Ok(())
}
