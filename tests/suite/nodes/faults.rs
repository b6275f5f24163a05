//! What ends a job on several hosts: nothing is left on any of them, and one line names rank and host.

use super::on;
use crate::launcher::one_line_of_the_launcher;
use anyhow::{Context, Result, ensure};
use pip_tests::cases::Cases;
use pip_tests::run::{Run, Running};
use pip_tests::sources;

pub fn add(cases: &mut Cases) {
    for (how, code) in [("kill", 9), ("fault", 11), ("exit", 5), ("abort", 7)] {
        cases.add(format!("nodes::faults::{how}_of_a_rank"), move || {
            let die = sources::program("launcher/die.c")?;
            let run = on("-no-shim -hosts a:2,b:3 -n 5").arg(&die).words(&format!("barrier {how} 30")).limit(30);
            let outcome = run.end()?;
            outcome.expect_code(code)?.expect_err(&["rank 4 (PID ", " on b)"])?;
            one_line_of_the_launcher(&outcome)
        });
    }
    for (signal, name, words) in [(libc::SIGKILL, "killed", "has ended"), (libc::SIGTERM, "terminated", "SIGTERM")] {
        cases.add(format!("nodes::faults::an_agent_is_{name}"), move || {
            let mut job = sleepers(&format!("agent-{name}-"))?;
            job.await_lines(3, "here")?;
            send(agent(&format!("agent-{name}-b"))?, signal);
            let outcome = job.end()?;
            outcome.expect_code(1)?.expect_err(&[&format!("host agent-{name}-b"), words])?;
            one_line_of_the_launcher(&outcome)
        });
    }
    cases.add("nodes::faults::an_agent_falls_silent", || {
        let mut job = start(silent("silent-"))?;
        job.await_lines(3, "here")?;
        let stopped = agent("silent-b")?;
        send(stopped, libc::SIGSTOP);
        let outcome = job.end();
        send(stopped, libc::SIGCONT);
        let outcome = outcome?;
        outcome.expect_code(1)?.expect_err(&["host silent-b", "2 seconds"])?;
        one_line_of_the_launcher(&outcome)
    });
    cases.add("nodes::faults::the_launcher_is_killed", || {
        let mut job = sleepers("orphan-")?;
        job.await_lines(3, "here")?;
        job.signal(libc::SIGKILL);
        let outcome = job.end()?; // looks for processes
        ensure!(outcome.signal == Some(libc::SIGKILL), "{outcome}");
        Ok(())
    });
    cases.add("nodes::faults::a_launcher_that_was_stopped_goes_on", || {
        let script = "echo here; sleep 4; echo there";
        let mut job = start(Run::pip("-launcher fork -hosts stop-a,stop-b -n 2 sh -c").arg(script).env(TIMEOUT, "1"))?;
        job.await_lines(2, "here")?;
        job.signal(libc::SIGSTOP);
        std::thread::sleep(std::time::Duration::from_secs(3));
        job.signal(libc::SIGCONT);
        job.end()?.expect_code(0)?.expect_quiet().map(drop)
    });
    cases.add("nodes::faults::signals_reach_all_hosts", || {
        let mut job = sleepers("signal-")?;
        job.await_lines(3, "here")?;
        job.signal(libc::SIGTERM);
        job.end()?.expect_code(libc::SIGTERM)?.expect_err(&["SIGTERM"])?;
        let trap = "trap 'echo caught; exit 0' USR1; echo here; while :; do sleep 0.05; done";
        let mut job = start(on("-hosts usr-a,usr-b -n 2 sh -c").arg(trap))?;
        job.await_lines(2, "here")?;
        job.signal(libc::SIGUSR1);
        job.end()?.expect_code(0)?.expect_lines(&["here", "here", "caught", "caught"]).map(drop)
    });
    cases.add("nodes::faults::a_second_signal_kills", || {
        let script = "trap '' INT; echo here; while :; do sleep 0.05; done";
        let mut job = start(on("-hosts int-a,int-b -n 2 sh -c").arg(script))?;
        job.await_lines(2, "here")?;
        job.signal(libc::SIGINT);
        std::thread::sleep(std::time::Duration::from_millis(400));
        job.signal(libc::SIGINT);
        job.end()?.expect_code(libc::SIGINT)?.expect_err(&["second signal"]).map(drop)
    });
}

/// Seconds of silence after which a host is lost.
const TIMEOUT: &str = "PIP_MPI_NODE_TIMEOUT";

/// Three ranks on three hosts whose names begin with `prefix`, who say "here" and sleep.
fn sleepers(prefix: &str) -> Result<Running> {
    start(on(&format!("-hosts {prefix}a,{prefix}b,{prefix}c -n 3 sh -c")).arg("echo here; sleep 1000"))
}

fn silent(prefix: &str) -> Run {
    on(&format!("-hosts {prefix}a,{prefix}b,{prefix}c -n 3 sh -c")).arg("echo here; sleep 1000").env(TIMEOUT, "2")
}

fn start(run: Run) -> Result<Running> {
    run.limit(40).start()
}

/// The PID of the agent of a host.
fn agent(host: &str) -> Result<i32> {
    let wanted = format!("-agent\0{host}\0");
    let pids =
        std::fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_agent = |pid: &i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let status = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        // Its tasks and its janitor show the same command line.
        line.ends_with(wanted.as_bytes()) && status.starts_with("pip-mpiexec")
    };
    pids.filter(is_agent).min().with_context(|| format!("no agent of {host}"))
}

fn send(pid: i32, signal: i32) {
    // SAFETY: kill touches no memory; the PID was just seen as a process of this test.
    unsafe { libc::kill(pid, signal) };
}
