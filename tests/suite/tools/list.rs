//! pips and pip-tgkill, which look at and signal what pip-exec runs.

use super::tool;
use anyhow::{Result, ensure};
use pip_tests::cases::{Cases, needs};
use pip_tests::run::{Outcome, Run, Running};
use pip_tests::sources::program;

pub fn add(cases: &mut Cases) {
    for mode in ["process", "thread"] {
        cases.add_if(format!("tools::pips::{mode}::lists_a_family"), needs("ps"), move || family(mode));
        cases.add_if(format!("tools::pips::{mode}::signals_the_selected"), needs("ps"), move || signals(mode));
    }
    cases.add_if("tools::pips::ps_and_top_are_run_on_the_selected", needs("top"), ps_and_top);
    cases.add_if("tools::pips::descendants_are_added", needs("ps"), descendants);
    cases.add_if("tools::pips::wrong_arguments", needs("ps"), wrong_arguments);
    cases.add("tools::pips::says_that_ps_is_missing", || {
        let outcome = pips("ax").env("PATH", "/nonexistent").end()?;
        outcome.expect_code(1)?.expect_err(&["PIPS: ps is not installed", "procps"])?;
        Ok(())
    });
    cases.add("tools::pip_tgkill::signals_one_thread", tgkill);
}

fn pips(args: &str) -> Run {
    tool("pips", args)
}

/// Three sleeping tasks.
fn sleepers(mode: &str) -> Result<Running> {
    let sleeper = program("launcher/leave.c")?;
    let mut run = tool("pip-exec", "-n 2").arg(&sleeper).arg("sleep").arg(":").arg(&sleeper).arg("sleep");
    run = run.env("PIP_MODE", mode);
    let mut run = run.start()?;
    run.await_lines(3, "asleep")?;
    Ok(run)
}

/// Ends them all.
fn finish(run: Running) -> Result<Outcome> {
    run.signal(libc::SIGTERM);
    run.end()
}

/// The PIP and COMMAND columns and the TIDs.
fn parts(outcome: &Outcome) -> (Vec<String>, Vec<String>) {
    let lines: Vec<Vec<String>> =
        outcome.out().lines().skip(1).map(|line| line.split_whitespace().map(str::to_owned).collect()).collect();
    let names = lines.iter().map(|line| line[line.len() - 2..].join(" ")).collect();
    (names, lines.iter().map(|line| line[1].clone()).collect())
}

fn expect(args: &str, wanted: &[&str]) -> Result<()> {
    let outcome = pips(args).end()?;
    outcome.expect_code(0)?.expect_quiet()?;
    ensure!(parts(&outcome).0 == wanted, "expected: {wanted:?}\n{outcome}");
    Ok(())
}

fn family(mode: &str) -> Result<()> {
    let run = sleepers(mode)?;
    let (pid, other) = (run.pid(), if mode == "thread" { "L" } else { "T" });
    let letter = if mode == "thread" { "T" } else { "L" };
    let names = [
        format!("R{letter} pip-exec"),
        format!("0{letter} leave"),
        format!("1{letter} leave"),
        format!("2{letter} leave"),
    ];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    expect(&format!("ax --family {pid}"), &names)?;
    expect(&format!("ax -l -f {pid}"), &names)?;
    expect(&format!("aux -f - {pid}"), &names)?;
    expect(&format!("ax -r -f {pid}"), &names[..1])?;
    expect(&format!("ax --task --family {pid}"), &names[1..])?;
    expect(&format!("ax -r -t -m {letter} -f {pid}"), &names)?;
    let outcome = pips(&format!("ax -f {pid}")).end()?;
    let header = outcome.out().lines().next().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    ensure!(header.as_deref() == Some("PID TID TT STAT TIME PIP COMMAND"), "{outcome}");
    // A task leads to the whole family.
    let tid = parts(&outcome).1.pop().unwrap_or_default();
    expect(&format!("ax -f {tid}"), &names)?;
    expect(&format!("ax {tid}"), &names[3..])?;
    for none in [format!("ax -m {other} {pid}"), "ax no-such-program".to_owned()] {
        let outcome = pips(&none).end()?;
        outcome.expect_code(1)?.expect_err(&["PIPS: no PiP task found\n"])?;
        ensure!(outcome.stdout.is_empty(), "{outcome}");
    }
    let outcome = pips("ax lea*").end()?;
    ensure!(parts(&outcome).0.iter().all(|name| name.ends_with(" leave")), "{outcome}");
    finish(run).map(drop)
}

fn signals(mode: &str) -> Result<()> {
    let run = sleepers(mode)?;
    let family = pips(&format!("ax -t -f {}", run.pid())).end()?;
    let tids = parts(&family).1;
    ensure!(tids.len() == 3, "{family}");
    // Signal 0 only asks.
    pips(&format!("ax -s 0 {}", tids[0])).end()?.expect_code(0)?.expect_quiet()?;
    pips(&format!("ax -v -s sigterm {}", tids[0])).end()?.expect_code(0)?.expect_err(&["Terminated", &tids[0]])?;
    pips(&format!("ax -k {} {}", tids[1], tids[2])).end()?.expect_code(0)?.expect_quiet()?;
    let outcome = run.end()?;
    outcome.expect_code(libc::SIGTERM)?.expect_err(&["PIPID:0 signaled", "PIPID:1 signaled", "PIPID:2 signaled"])?;
    Ok(())
}

fn ps_and_top() -> Result<()> {
    let run = sleepers("process")?;
    let pid = run.pid();
    let outcome = pips(&format!("ax -f -P -o,pid=,-o,comm= {pid}")).end()?;
    outcome.expect_code(0)?;
    let lines = outcome.out();
    ensure!(lines.lines().count() == 4 && lines.contains(&format!("{pid} R:pip-exec")), "{outcome}");
    let outcome = pips(&format!("ax -f --debug --top -b,-n,1 {pid}")).end()?;
    outcome.expect_code(0)?.expect_err(&["\"top\"", "\"ps\""])?;
    ensure!(outcome.out().contains("2:leave"), "{outcome}");
    finish(run).map(drop)
}

fn descendants() -> Result<()> {
    let mut run = tool("pip-exec", "sh -c").arg("echo up; sleep 1000; :").start()?;
    run.await_lines(1, "up")?;
    let pid = run.pid();
    let outcome = loop {
        // The shell says that it is up before it starts the other program.
        let outcome = pips(&format!("ax -f -d {pid}")).end()?;
        if parts(&outcome).0.len() != 2 {
            break outcome;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    };
    ensure!(parts(&outcome).0 == ["RL pip-exec", "0L sh", "- sleep"], "{outcome}");
    let sleeper = parts(&outcome).1.pop().unwrap_or_default();
    tool("pip-tgkill", &format!("KILL {sleeper} {sleeper}")).end()?.expect_code(0)?;
    finish(run).map(drop)
}

fn wrong_arguments() -> Result<()> {
    for args in ["-k -s INT", "-k -P", "-P x -T", "-s NOSUCH", "-s", "-m", "-m X", "--nosuch", "ax -k --top"] {
        let outcome = pips(args).end()?;
        outcome.expect_code(1)?;
        ensure!(!outcome.stderr.is_empty() && outcome.stdout.is_empty(), "{outcome}");
    }
    let help = pips("--help").end()?;
    help.expect_code(0)?.expect_quiet()?;
    ensure!(help.out().contains("--family"), "{help}");
    Ok(())
}

fn tgkill() -> Result<()> {
    let run = sleepers("process")?;
    let pid = run.pid();
    let tgkill = |args: String| tool("pip-tgkill", &args).end();
    tgkill(format!("0 {pid} {pid}"))?.expect_code(0)?.expect_quiet()?;
    tgkill(format!("TERM {pid} 1"))?.expect_code(1)?.expect_err(&["No such process"])?;
    for wrong in ["", "TERM 1", "NOSUCH 1 1", "TERM x 1", "TERM 0 1", "TERM 1 1 1"] {
        tgkill(wrong.to_owned())?.expect_code(2)?.expect_err(&["pip-tgkill"])?;
    }
    tgkill(format!("sigterm {pid} {pid}"))?.expect_code(0)?;
    run.end()?.expect_code(libc::SIGTERM)?;
    Ok(())
}
