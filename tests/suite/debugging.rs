//! pip-gdb shows every task with its own symbols: live, in a core file, started under it, in both modes.

use anyhow::{Context, Result, ensure};
use pip_tests::cases::{Cases, needs};
use pip_tests::run::{Run, Running};
use pip_tests::{places, sources};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const WORKER: &str = "pip/debug/worker.c";
/// Selects the frame of `innermost`. (`frame function` lets gdb 13 crash when it has several inferiors.)
const SELECT: [&str; 3] =
    ["python f = gdb.newest_frame()", "python while f.name() != 'innermost': f = f.older()", "python f.select()"];

pub fn add(cases: &mut Cases) {
    let mut add = |name: &str, case: fn() -> Result<()>| {
        cases.add_if(format!("debugging::{name}"), needs("gdb").and_then(|()| needs("gcc")), case);
    };
    add("three_tasks_show_their_backtraces_and_variables", || backtraces(workers(3)?, 3));
    add("three_tasks_of_thread_mode_show_their_backtraces_and_variables", || backtraces(threads(3)?, 3));
    add("a_breakpoint_stops_the_task_that_runs_into_it", || breakpoint(workers(3)?));
    add("a_breakpoint_stops_the_task_that_runs_into_it_in_thread_mode", || breakpoint(threads(3)?));
    add("one_task_brings_the_others", from_a_task);
    add("one_task_of_thread_mode_brings_the_others", from_a_thread);
    add("tasks_are_debugged_from_their_start", || launched(places::built("examples/pip-run"), &["2"], ""));
    add("threads_are_debugged_from_their_start", || launched(places::built("pip-exec"), &["-n", "2"], "thread"));
    add("a_root_and_tasks_of_the_same_program_are_told_apart", same_program);
    add("a_process_that_is_no_task_is_debugged_as_ever", ordinary);
    cases.add_if("debugging::a_core_file_shows_the_task_that_crashed", needs("gdb").and_then(|()| plain_cores()), core);
}

/// gdb with the script of this checkout, without anybody's settings.
fn debugger() -> Run {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pip-core/gdb/pip-gdb");
    Run::new(script).words("-nx -batch").env("DEBUGINFOD_URLS", "")
}

/// Commands to be executed one after the other.
fn commands(run: Run, commands: &[&str]) -> Run {
    commands.iter().fold(run, |run, command| run.arg("-ex").arg(command))
}

fn workers(count: usize) -> Result<Running> {
    started(Run::tasks(count, sources::program(WORKER)?), count)
}

fn threads(count: usize) -> Result<Running> {
    let run = Run::new(places::built("pip-exec")).arg("-n").arg(count.to_string());
    started(run.arg(sources::program(WORKER)?).env("PIP_MODE", "thread"), count)
}

fn started(run: Run, count: usize) -> Result<Running> {
    let mut root = run.start()?;
    root.await_lines(count, "ready ")?;
    Ok(root)
}

/// The kernel TIDs that the tasks wrote, which are also what their static variables hold.
fn tids(root: &mut Running, count: usize) -> Result<BTreeSet<i32>> {
    let output = root.await_lines(count, "ready ")?;
    Ok(output.lines().filter_map(|line| line.strip_prefix("ready ")?.parse().ok()).collect())
}

/// What `print` wrote, as numbers.
fn values(output: &str) -> Vec<i32> {
    let value = |line: &str| line.strip_prefix('$')?.split_once(" = ")?.1.parse().ok();
    output.lines().filter_map(value).collect()
}

/// Column `PID` of `pip tasks`, by pipid.
fn listed(output: &str) -> Vec<i32> {
    let row = |line: &str| {
        let mut words = line.trim_start_matches('*').split_whitespace();
        words.next()?.parse::<usize>().ok()?;
        let pid = words.next()?.parse().ok()?;
        (words.next()? == "alive").then_some(pid)
    };
    output.lines().filter_map(row).collect()
}

fn finish(root: Running) -> Result<()> {
    root.signal(libc::SIGKILL);
    root.end().map(drop)
}

fn backtraces(mut root: Running, count: usize) -> Result<()> {
    let expected = tids(&mut root, count)?;
    let mut gdb = commands(debugger().arg("-p").arg(root.pid().to_string()), &["info inferiors", "pip tasks"]);
    for task in 0..count {
        let select = format!("pip task {task}");
        gdb = commands(commands(commands(gdb, &[&select, "backtrace"]), &SELECT), &["print own_tid"]);
    }
    let outcome = gdb.end()?;
    let output = outcome.out();
    for line in ["in innermost (crash=0) at ", "in middle (crash=0) at ", "in main (argc=1, argv="] {
        let shown = output.lines().filter(|text| text.contains(line)).count();
        ensure!(shown == count, "{line:?} is there {shown} times\n{outcome}");
    }
    let pids = listed(&output);
    ensure!(pids.iter().copied().collect::<BTreeSet<_>>() == expected, "pip tasks lists {pids:?}\n{outcome}");
    ensure!(values(&output) == pids, "the variables are {:?}\n{outcome}", values(&output));
    ensure!(output.matches("/worker").count() >= count, "no program names\n{outcome}");
    finish(root)
}

fn breakpoint(root: Running) -> Result<()> {
    let gdb = debugger().arg("-p").arg(root.pid().to_string());
    let gdb = commands(commands(gdb, &["break checkpoint", "pip tasks", "pip task 1"]), &SELECT);
    let gdb = commands(gdb, &["set variable go = 1", "continue", "backtrace 2", "print own_tid", "pip task 0"]);
    let outcome = commands(commands(gdb, &SELECT), &["print go"]).end()?;
    let output = outcome.out();
    let wanted = listed(&output).get(1).copied().context("no task 1")?;
    ensure!(output.contains("(3 locations)"), "not in every task\n{outcome}");
    ensure!(output.contains("#0  checkpoint (round=0)"), "not at the breakpoint\n{outcome}");
    ensure!(values(&output) == [wanted, 0], "another task than {wanted}\n{outcome}");
    finish(root)
}

fn from_a_task() -> Result<()> {
    let mut root = workers(3)?;
    let task = tids(&mut root, 3)?.last().copied().unwrap_or_default();
    let gdb = commands(debugger().arg("-p").arg(task.to_string()), &["info inferiors"]);
    let outcome = commands(commands(gdb, &SELECT), &["print own_tid"]).end()?;
    let output = outcome.out();
    ensure!(output.matches("(native)").count() == 4, "not the root and three tasks\n{outcome}");
    ensure!(values(&output) == [task], "not the task itself\n{outcome}");

    let alone = debugger().arg("-iex").arg("set pip-auto-attach off").arg("-p").arg(task.to_string());
    let outcome = commands(alone, &["info inferiors", "pip attach", "info inferiors"]).end()?;
    let output = outcome.out();
    ensure!(output.matches("(native)").count() == 5, "not one at first, and then four\n{outcome}");
    ensure!(output.contains("[PiP: 3 more attached]"), "{outcome}");
    ensure!(tids(&mut root, 3)?.len() == 3, "the tasks do not go on");
    finish(root)
}

fn from_a_thread() -> Result<()> {
    let mut root = threads(3)?;
    let task = tids(&mut root, 3)?.last().copied().unwrap_or_default();
    let gdb = commands(debugger().arg("-p").arg(task.to_string()), &["info threads", "pip tasks"]);
    let outcome = commands(commands(gdb, &SELECT), &["print own_tid"]).end()?;
    let output = outcome.out();
    ensure!(output.matches(" thread 1.").count() == 4, "not the root and three tasks\n{outcome}");
    ensure!(values(&output) == [task], "not the task itself\n{outcome}");
    finish(root)
}

fn launched(root: PathBuf, args: &[&str], mode: &str) -> Result<()> {
    let steps = ["set breakpoint pending on", "break innermost", "run", "backtrace 2", "print own_tid", "continue"];
    let gdb = commands(commands(debugger(), &steps), &["backtrace 2", "print own_tid", "pip tasks", "kill"]);
    let gdb = args.iter().fold(gdb.arg("--args").arg(root), |gdb, arg| gdb.arg(arg));
    let gdb = gdb.arg(sources::program(WORKER)?);
    let outcome = if mode.is_empty() { gdb } else { gdb.env("PIP_MODE", mode) }.end()?;
    let output = outcome.out();
    ensure!(output.matches("#0  innermost (crash=0)").count() == 2, "not stopped in both tasks\n{outcome}");
    ensure!(output.matches(" in middle (crash=0)").count() >= 2, "no backtraces\n{outcome}");
    let both: BTreeSet<i32> = values(&output).into_iter().collect();
    ensure!(both.len() == 2 && both == listed(&output).into_iter().collect(), "other tasks\n{outcome}");
    Ok(())
}

/// pip-run as a task of pip-run; without arguments the inner one only says how to use it.
fn same_program() -> Result<()> {
    let root = places::built("examples/pip-run");
    // Rust has two functions of the name main, one in the other.
    let steps = ["break main", "run", "continue", "continue", "info inferiors", "info breakpoints", "kill"];
    let outcome = commands(debugger(), &steps).arg("--args").arg(&root).arg("1").arg(&root).end()?;
    let output = outcome.out();
    ensure!(output.lines().any(|line| line.starts_with("* 2    0 ")), "not in the task\n{outcome}");
    ensure!(output.lines().filter(|line| line.ends_with(" inf 2")).count() == 2, "not two places\n{outcome}");
    Ok(())
}

fn ordinary() -> Result<()> {
    let steps = ["break innermost", "run", "backtrace", "pip tasks", "info inferiors", "kill"];
    let outcome = commands(debugger(), &steps).arg("--args").arg(sources::program(WORKER)?).end()?;
    ensure!(outcome.out().contains(" in middle (crash=0)"), "no backtrace\n{outcome}");
    outcome.expect_err(&["no inferior is a PiP root or task"]).map(drop)
}

/// A pattern that starts with `|` hands cores to a program, which may put them anywhere.
fn plain_cores() -> Result<(), String> {
    let pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    if pattern.starts_with(['|', '/']) {
        return Err(format!("core files do not go to the working folder: core_pattern is {:?}", pattern.trim()));
    }
    needs("gcc")
}

fn core() -> Result<()> {
    let folder = places::temporary()?;
    let shell = Run::new("sh").arg("-c").arg("ulimit -c unlimited && exec \"$@\"").arg("sh");
    let shell = shell.arg(places::built("examples/pip-run")).arg("3").arg(sources::program(WORKER)?).arg("crash");
    let root = started(shell.folder(folder.path()), 3)?;
    let mut core = None;
    for _ in 0..500 {
        let files = std::fs::read_dir(folder.path())?.flatten().map(|file| file.path());
        core = files.into_iter().find(|path| path.file_name().is_some_and(|name| name != "crashing"));
        if core.is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let core = core.context("no core file was written")?;
    // The root reports the crash once the file is complete; the other two run on, so it does not get that far here.
    let mut size = 0;
    while size == 0 || size != core.metadata()?.len() {
        size = core.metadata()?.len();
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let steps = ["backtrace", "print own_tid", "info inferiors", "info sharedlibrary", "pip tasks"];
    let outcome = commands(debugger().arg("-c").arg(core), &steps).end()?;
    let output = outcome.out();
    for text in ["#0  0x", "innermost (crash=1) at ", "in middle (crash=1) at ", "in main (argc=2, argv="] {
        ensure!(output.contains(text), "{text:?} is missing\n{outcome}");
    }
    let row = output.lines().find(|line| line.starts_with("* 1 ")).context("no inferior")?;
    let pid = values(&output).first().copied().unwrap_or_default();
    ensure!(row.contains(&format!("process {pid} ")) && row.ends_with("/worker"), "{row:?}\n{outcome}");
    ensure!(output.contains("libc.so.6"), "no libraries\n{outcome}");
    finish(root)
}
