//! The in-situ example, and the Python module `procinproc`: what the analysis sees is right, and the simulation goes on
//! whatever becomes of it.

#[path = "insitu/python.rs"]
mod python;

use anyhow::{Context, Result, ensure};
use pip_tests::cases::Cases;
use pip_tests::places;
use pip_tests::run::{Outcome, Run, Running};
use std::collections::BTreeMap;
use std::path::Path;

const SMALL: &str = "--size 64 --steps 400 --every 10";

pub fn add(cases: &mut Cases) {
    cases.add("insitu::all_couplings_and_rank_counts_show_the_same", couplings);
    cases.add("insitu::stock_mpi_has_shared_memory_only", stock);
    cases.add("insitu::a_killed_analysis_does_not_end_the_simulation", killed);
    cases.add("insitu::a_stopped_analysis_does_not_stop_the_simulation", stopped);
    cases.add("insitu::a_late_and_slow_analysis_sees_the_last_step", late);
    cases.add("insitu::frames_and_a_plot_are_written", frames);
    cases.add("insitu::the_comparison_names_all_couplings", comparison);
    cases.add("insitu::wrong_input_is_one_sentence", wrong_input);
    python::add(cases);
}

fn job(launcher: Run, ranks: usize, simulation: &str, beside: &str, analysis: &str) -> Run {
    let run = launcher.words(&format!("-n {ranks}")).arg(places::built("simulation")).words(simulation);
    run.words(&format!(": {beside} -n 1")).arg(places::built("analysis")).words(analysis)
}

/// What the analysis printed of each step that it saw.
fn seen(outcome: &Outcome) -> Result<BTreeMap<u64, String>> {
    let out = outcome.out();
    let lines = out.lines().filter_map(|line| line.strip_prefix("analysis: step ")?.split_once(": "));
    lines.map(|(step, text)| Ok((step.parse().context("no step")?, text.to_owned()))).collect()
}

/// The numbers of a step are the same however it came to the analysis, and however the rows are dealt; means are sums in the
/// order of rows.
fn couplings() -> Result<()> {
    let mut all: BTreeMap<u64, String> = BTreeMap::new();
    for (ranks, coupling) in [(1, "zero-copy"), (3, "zero-copy"), (2, "one-copy"), (2, "shm"), (1, "shm")] {
        let simulation = format!("{SMALL} --coupling {coupling}");
        let outcome = job(Run::pip(""), ranks, &simulation, "", "--verbose").end()?;
        outcome.expect_code(0)?;
        let seen = seen(&outcome)?;
        ensure!(seen.contains_key(&400), "the last step was not seen\n{outcome}");
        ensure!(seen.keys().all(|step| step % 10 == 0), "{seen:?}");
        for (step, text) in seen {
            let before = all.entry(step).or_insert_with(|| text.clone());
            ensure!(*before == text, "step {step} was {before:?} before, now {text:?}\n{outcome}");
        }
    }
    Ok(())
}

fn stock() -> Result<()> {
    let pip = job(Run::pip(""), 1, SMALL, "", "--verbose").end()?;
    let stock = job(Run::stock(""), 2, &format!("{SMALL} --coupling shm"), "", "--verbose").end()?;
    let (pip, found) = (seen(&pip)?, seen(stock.expect_code(0)?)?);
    ensure!(found.contains_key(&400) && found.get(&400) == pip.get(&400), "{stock}");
    for coupling in ["zero-copy", "one-copy", "all"] {
        let refused = job(Run::stock(""), 2, &format!("--coupling {coupling}"), "", "").end()?;
        ensure!(refused.code.is_some_and(|code| code != 0), "{refused}");
        refused.expect_err(&[&format!("--coupling {coupling} needs one address space: run this by pip-mpiexec")])?;
    }
    Ok(())
}

/// The PID of the job's process of this name.
fn pid_of(run: &Running, name: &str) -> Result<i32> {
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", run.pid()))?;
    let is_it = |pid: &&str| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name);
    let pid = children.split_whitespace().find(is_it).with_context(|| format!("no {name} among {children}"))?;
    Ok(pid.parse()?)
}

/// A job whose analysis gets a signal once it has seen something, and whose simulation then goes on for a while.
fn signalled(coupling: &str, signal: i32) -> Result<Outcome> {
    // One rank: on a machine that is busy otherwise, each exchange between two waits for both to get a turn.
    let simulation = format!("--size 64 --steps 1000000000 --every 10 --coupling {coupling}");
    let mut run = job(Run::pip(""), 1, &simulation, "-no-rank", "").start()?;
    let progress = |output: &str| output.lines().filter(|line| line.starts_with("simulation: step")).count();
    run.await_lines(1, "analysis: step")?;
    // SAFETY: sends a signal to a process of this test, which has not been waited for, because the job waits for it.
    unsafe { libc::kill(pid_of(&run, "analysis")?, signal) };
    let before = progress(&run.await_lines(1, "analysis: step")?);
    run.await_lines(before + 2, "simulation: step")?;
    if signal == libc::SIGSTOP {
        // SAFETY: as above.
        unsafe { libc::kill(pid_of(&run, "analysis")?, libc::SIGCONT) };
        let seen = run.await_lines(1, "analysis: step")?.matches("analysis: step").count();
        run.await_lines(seen + 1, "analysis: step")?;
    }
    run.signal(libc::SIGTERM);
    run.end()
}

fn killed() -> Result<()> {
    for coupling in ["zero-copy", "one-copy", "shm"] {
        signalled(coupling, libc::SIGKILL)?.expect_err(&["task 1 beside the ranks", "(Killed); the ranks go on"])?;
    }
    Ok(())
}

fn stopped() -> Result<()> {
    signalled("zero-copy", libc::SIGSTOP).map(drop)
}

fn late() -> Result<()> {
    let analysis = "--verbose --delay 0.3 --pause 0.4";
    for coupling in ["zero-copy", "one-copy"] {
        let simulation = format!("--size 64 --steps 2000 --every 10 --coupling {coupling}");
        // As a rank, for which the simulation waits in MPI_Finalize however late it is.
        let outcome = job(Run::pip(""), 1, &simulation, "", analysis).end()?;
        let seen = seen(outcome.expect_code(0)?)?;
        ensure!(seen.contains_key(&2000) && seen.len() < 200, "{outcome}");
    }
    Ok(())
}

fn frames() -> Result<()> {
    let folder = places::temporary()?;
    let run = job(Run::pip(""), 2, SMALL, "", "--verbose --frames").arg(folder.path().join("new/frames"));
    let outcome = run.end()?;
    let seen = seen(outcome.expect_code(0)?)?;
    let read = |name: &str| std::fs::read(folder.path().join("new/frames").join(name)).with_context(|| name.to_owned());
    for step in seen.keys() {
        let frame = read(&format!("frame-{step:08}.png"))?;
        // Signature, and width and height in the header.
        ensure!(frame.starts_with(b"\x89PNG") && frame[16..24] == [0, 0, 0, 64, 0, 0, 0, 64], "step {step}");
    }
    let plot = String::from_utf8(read("over-time.svg")?)?;
    ensure!(plot.starts_with("<svg") && ["mean of u", "mean of v", "isoline"].iter().all(|text| plot.contains(text)));
    Ok(())
}

fn comparison() -> Result<()> {
    let simulation = "--size 64 --steps 40 --every 10 --rounds 2 --coupling all";
    let outcome = job(Run::pip(""), 2, simulation, "-no-rank", "--verbose").end()?;
    outcome.expect_code(0)?;
    let out = outcome.out();
    for coupling in ["off", "zero-copy", "one-copy", "shm"] {
        ensure!(out.lines().any(|line| line.starts_with(&format!("{coupling} "))), "{coupling}: {outcome}");
    }
    Ok(())
}

fn wrong_input() -> Result<()> {
    let simulation = |args: &str| Run::pip("-n 1").arg(places::built("simulation")).words(args).end();
    simulation("--size 4")?.expect_code(2)?.expect_err(&["--size 4: give a number from 16"])?;
    simulation("--coupling x")?.expect_code(2)?.expect_err(&["--coupling x: give zero-copy"])?;
    let analysis = |args: &str| Run::new(places::built("analysis")).words(args).end();
    analysis("--level 3")?.expect_code(2)?.expect_err(&["--level 3: give a number"])?;
    analysis("")?.expect_code(1)?.expect_err(&["shares nothing by shared memory"])?;
    let blocked = Run::new(places::built("analysis")).arg("--frames").arg(Path::new("/dev/null/x")).end()?;
    blocked.expect_code(1)?.expect_err(&["/dev/null/x cannot be made"]).map(drop)
}
