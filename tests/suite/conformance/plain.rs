//! What a program does as a PiP task equals what it does after fork and exec, in both modes: how it ends, what it
//! prints while ending, what it finds.

use anyhow::{Result, ensure};
use pip_tests::cases::{Cases, needs, needs_compiler};
use pip_tests::pip_programs::{Mode, Source};
use pip_tests::run::{Outcome, Run};
use pip_tests::sources;
use std::path::{Path, PathBuf};

pub fn add(cases: &mut Cases) {
    for mode in Mode::ALL {
        for how in ["zero", "return", "exit", "_exit", "quick_exit", "pthread_exit", "in_atexit", "thread"] {
            cases.add(format!("conformance::like_a_process::{how}::{mode}"), move || {
                same(mode, "plain_end.c", &[how, "argument"])
            });
        }
        for how in ["term", "segv"] {
            cases.add(format!("conformance::like_a_process::{how}::{mode}"), move || killed(mode, how));
        }
        cases.add(format!("conformance::like_a_process::state::{mode}"), move || state(mode));
        cases.add(format!("conformance::like_a_process::hello::{mode}"), move || same(mode, "plain_hello.c", &[]));
        cases.add_if(format!("conformance::like_a_process::cpp::{mode}"), needs("g++"), move || {
            same(mode, "plain_hello.cpp", &["return"])?;
            same(mode, "plain_hello.cpp", &["exit"])
        });
        cases.add_if(format!("conformance::like_a_process::fortran::{mode}"), needs("gfortran"), move || {
            same(mode, "plain_hello.f90", &["vector"])
        });
        for source in sources::all("tasks").unwrap_or_default() {
            let stem = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            // Dispositions belong to all, and without ld.so nobody can make an end of a thread of its end.
            if mode == Mode::Thread && ["handlers", "static_pie"].contains(&stem.as_str()) {
                continue;
            }
            cases.add_if(format!("conformance::four_tasks::{stem}::{mode}"), needs_compiler(&source), move || {
                four_tasks(mode, &source)
            });
        }
    }
    cases.add("conformance::like_a_process::exec", || same(Mode::Process, "plain_end.c", &["exec", "argument"]));
}

/// Runs a program by as_task.c: "exec", or the number of tasks.
fn run(mode: Mode, how: &str, program: &Path, arguments: &[&str], more: impl Fn(Run) -> Run) -> Result<Outcome> {
    let program = program.to_string_lossy();
    let arguments: Vec<&str> = [how, &program].into_iter().chain(arguments.iter().copied()).collect();
    Source::named("as_task.c")?.run_with(mode, &arguments, more)
}

fn compare(mode: Mode, program: &Path, arguments: &[&str], more: impl Fn(Run) -> Run) -> Result<()> {
    let process = run(mode, "exec", program, arguments, &more)?;
    let task = run(mode, "1", program, arguments, &more)?;
    let equal = process.code == task.code && process.signal == task.signal && process.stdout == task.stdout;
    ensure!(equal, "a task is not like a process\ntask: {task}\nprocess: {process}");
    ensure!(process.code.is_some_and(|code| code < 90) || process.signal.is_some(), "nothing was compared\n{process}");
    Ok(())
}

fn same(mode: Mode, source: &str, arguments: &[&str]) -> Result<()> {
    compare(mode, &Source::named(source)?.program()?, arguments, |run| run)
}

/// What a fatal signal leaves unwritten is no promise.
fn killed(mode: Mode, how: &str) -> Result<()> {
    let program = Source::named("plain_end.c")?.program()?;
    let process = run(mode, "exec", &program, &[how, "argument"], |run| run)?;
    let task = run(mode, "1", &program, &[how, "argument"], |run| run)?;
    ensure!(process.signal.is_some() && process.signal == task.signal, "process: {process}\ntask: {task}");
    Ok(())
}

fn state(mode: Mode) -> Result<()> {
    let program = Source::named("plain_state.c")?.program()?;
    let what = if mode == Mode::Thread { "shared" } else { "all" };
    compare(mode, &program, &[what, "a b", "", "\"quoted\"\n", "*"], |run| {
        run.env("TEST_WORDS", "some words = values").env("TEST_EMPTY", "").env("TEST_LONG", "x".repeat(10_000))
    })
}

/// The loader's programs print as four tasks of a C root what they print four times as processes.
fn four_tasks(mode: Mode, source: &Path) -> Result<()> {
    let name: PathBuf = Path::new("tasks").join(source.file_name().unwrap_or_default());
    let program = sources::program(&*name.to_string_lossy())?;
    let directives = sources::Directives::read(source)?;
    let alone = run(mode, "exec", &program, &directives.words("args"), |run| run)?;
    alone.expect_code(0)?;
    let once = alone.out();
    let lines: Vec<&str> = once.lines().flat_map(|line| std::iter::repeat_n(line, 4)).collect();
    let tasks = run(mode, "4", &program, &directives.words("args"), |run| run)?;
    tasks.expect_code(0)?.expect_lines(&lines)?;
    Ok(())
}
