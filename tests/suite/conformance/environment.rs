//! The environment variables of PiP: stack size, stopping at the start, and what happens at a crash.

use anyhow::{Result, ensure};
use pip_tests::cases::Cases;
use pip_tests::pip_programs::{Mode, Source};
use pip_tests::places;
use pip_tests::run::Outcome;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

pub fn add(cases: &mut Cases) {
    for mode in Mode::ALL {
        cases.add(format!("conformance::a_senseless_stack_size_is_told::{mode}"), move || stack_size(mode));
        cases.add(format!("conformance::a_crash_calls_the_debugger::{mode}"), move || debugger(mode));
        cases.add(format!("conformance::a_crash_shows_mappings::{mode}"), move || {
            let outcome = crash(mode, &[("PIP_SHOW_MAPS", "on")])?;
            ensure!(outcome.err().lines().any(|line| line.contains("r-xp") && line.contains("libpip.so")), "{outcome}");
            let outcome = crash(mode, &[])?;
            ensure!(!outcome.err().contains("r-xp"), "nobody asked for mappings\n{outcome}");
            Ok(())
        });
    }
    cases.add("conformance::tasks_stop_at_their_start_for_a_script", stop_on_start);
    cases.add("conformance::tasks_do_not_stop_in_thread_mode", stop_in_thread_mode);
    cases.add("conformance::one_task_stops_at_its_start", stop_one);
    cases.add("conformance::tasks_start_without_the_script", || {
        let outcome = hellos("1", &[("PIP_STOP_ON_START", "/nowhere/script".as_ref())])?;
        outcome.expect_lines(&["hello"])?.expect_err(&["PiP-WARN", "/nowhere/script"])?;
        Ok(())
    });
}

/// Threads of one process cannot stop one by one.
fn stop_in_thread_mode() -> Result<()> {
    let program = Source::named("plain_hello.c")?.program()?;
    let outcome = Source::named("as_task.c")?
        .run_with(Mode::Thread, &["1", &program.to_string_lossy()], |run| run.env("PIP_STOP_ON_START", "@0"))?;
    outcome.expect_code(0)?.expect_lines(&["hello"])?.expect_err(&["PiP-WARN", "PIP_STOP_ON_START"])?;
    Ok(())
}

fn script(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n"))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

fn hellos(count: &str, variables: &[(&str, &Path)]) -> Result<Outcome> {
    let program = Source::named("plain_hello.c")?.program()?;
    let outcome = Source::named("as_task.c")?.run_with(Mode::Process, &[count, &program.to_string_lossy()], |run| {
        variables.iter().fold(run, |run, (name, value)| run.env(name, value))
    })?;
    outcome.expect_code(0)?;
    Ok(outcome)
}

fn crash(mode: Mode, variables: &[(&str, &str)]) -> Result<Outcome> {
    let outcome = Source::named("crash.c")?
        .run_with(mode, &["null"], |run| variables.iter().fold(run, |run, (name, value)| run.env(name, value)))?;
    outcome.expect_code(0)?;
    Ok(outcome)
}

fn stack_size(mode: Mode) -> Result<()> {
    let program = Source::named("plain_hello.c")?.program()?;
    for size in ["lots", "-1", "1B", "4X"] {
        let outcome = Source::named("as_task.c")?
            .run_with(mode, &["1", &program.to_string_lossy()], |run| run.env("PIP_STACKSIZE", size))?;
        outcome.expect_code(0)?.expect_lines(&["hello"])?;
        outcome.expect_err(&["PiP-WARN", &format!("PIP_STACKSIZE={size}")])?;
    }
    Ok(())
}

/// Which task stops is in the variable; the script learns PID, pipid and program.
fn stop_on_start() -> Result<()> {
    let folder = places::temporary()?;
    let log = folder.path().join("log");
    let text = format!("echo \"$2 $(basename $3) $(cut -d' ' -f3 /proc/$1/stat)\" >> {}; kill -CONT $1", log.display());
    let path = script(folder.path(), "on-start", &text)?;
    let outcome = hellos("2", &[("PIP_STOP_ON_START", &path)])?;
    outcome.expect_lines(&["hello"; 2])?;
    outcome.expect_err(&["PiP task[0] (PID=", "PiP task[1] (PID=", "is SIGSTOPed and executing", "on-start"])?;
    let mut lines: Vec<String> = fs::read_to_string(&log)?.lines().map(str::to_owned).collect();
    lines.sort();
    ensure!(lines == ["0 plain_hello T", "1 plain_hello T"], "{lines:?} in the script's log\n{outcome}");
    Ok(())
}

fn stop_one() -> Result<()> {
    let folder = places::temporary()?;
    let log = folder.path().join("log");
    let path = script(folder.path(), "on-start", &format!("echo $2 >> {}; kill -CONT $1", log.display()))?;
    let with_id = PathBuf::from(format!("{}@1", path.display()));
    hellos("3", &[("PIP_STOP_ON_START", &with_id)])?.expect_lines(&["hello"; 3])?;
    let text = fs::read_to_string(&log)?;
    ensure!(text == "1\n", "the script should have been called for task 1 only: {text:?}");
    Ok(())
}

/// The debugger is a script that tells its arguments.
fn debugger(mode: Mode) -> Result<()> {
    let folder = places::temporary()?;
    let gdb = script(folder.path(), "debugger", "echo \"called with $*\" >&2")?;
    let gdb = gdb.to_string_lossy();
    let called = |outcome: &Outcome| outcome.err().contains("called with");

    let outcome = crash(mode, &[("PIP_GDB_PATH", &gdb)])?;
    let out = outcome.out();
    let thread = out.split_whitespace().last().unwrap_or_default();
    outcome.expect_err(&["called with", &format!("-p {thread}"), "bt"])?;
    let outcome = crash(mode, &[("PIP_GDB_PATH", &gdb), ("PIP_GDB_COMMAND", "/dev/null")])?;
    outcome.expect_err(&["called with", "-x /dev/null", "-batch"])?;
    let outcome = crash(mode, &[("PIP_GDB_PATH", &gdb), ("PIP_GDB_SIGNALS", "ALL-SEGV")])?;
    ensure!(!called(&outcome), "SIGSEGV was excluded\n{outcome}");
    let outcome = crash(mode, &[("PIP_GDB_PATH", &gdb), ("PIP_GDB_SIGNALS", "pipe+segv")])?;
    ensure!(called(&outcome), "SIGSEGV was included\n{outcome}");
    let outcome = crash(mode, &[("PIP_GDB_PATH", &gdb), ("PIP_GDB_SIGNALS", "TERM+NONSENSE")])?;
    outcome.expect_err(&["PiP-WARN", "NONSENSE"])?;
    ensure!(!called(&outcome), "SIGSEGV was not included\n{outcome}");
    Ok(())
}
