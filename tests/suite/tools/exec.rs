//! pip-exec.

use super::tool;
use anyhow::{Context, Result, ensure};
use pip_tests::cases::{Cases, needs};
use pip_tests::places;
use pip_tests::run::Run;
use pip_tests::sources::program;
use std::fs;
use std::os::unix::fs::PermissionsExt;

pub fn add(cases: &mut Cases) {
    for mode in ["process", "thread"] {
        cases.add(format!("tools::pip_exec::{mode}::runs_several_programs"), move || several(mode));
        cases.add(format!("tools::pip_exec::{mode}::the_largest_status_counts"), move || largest(mode));
        cases.add(format!("tools::pip_exec::{mode}::starts_at_a_function"), move || function(mode));
        cases.add(format!("tools::pip_exec::{mode}::binds_to_cores"), move || cores(mode));
        cases.add(format!("tools::pip_exec::{mode}::sigint_ends_the_tasks"), move || interrupt(mode));
        let name = format!("tools::pip_exec::{mode}::ctrl_c_ends_the_tasks");
        cases.add_if(name, needs("script"), move || control_c(mode));
    }
    cases.add("tools::pip_exec::the_first_signal_is_the_status", first_signal);
    cases.add("tools::pip_exec::wrong_arguments", wrong_arguments);
    cases.add("tools::pip_exec::what_cannot_be_started", errors);
    cases.add("tools::pip_exec::one_that_fails_takes_the_others_along", all_or_none);
    cases.add("tools::pip_exec::input_folder_and_environment_are_inherited", inherits);
    cases.add("tools::pip_exec::d_tells_what_is_started", debug);
    cases.add("tools::pip_exec::a_signal_to_the_group_ends_all", group);
    cases.add("tools::pip_exec::tasks_that_ignore_a_signal_are_killed", stubborn);
    cases.add("tools::pip_exec::stop_on_start_runs_a_script", stop_on_start);
    cases.add("tools::pip_exec::many_tasks", || {
        let run = tool("pip-exec", "-n 600 true : -n 600 sh -c").arg("exit 9").limit(120);
        run.end()?.expect_code(9)?.expect_quiet().map(drop)
    });
}

/// PIPIDs are given in order, and the command names say them.
fn several(mode: &str) -> Result<()> {
    let folder = places::temporary()?;
    let copy = |name: &str| -> Result<String> {
        let path = folder.path().join(name);
        fs::copy(program("pip/tools/whoami.c")?, &path)?;
        Ok(path.to_string_lossy().into_owned())
    };
    let (a, b, c) = (copy("simulation")?, copy("analysis")?, copy("a-very-long-name")?);
    let outcome = tool("pip-exec", &format!("-n 2 {a} : {b} x -n 7 :: -n 1 {c} :")).env("PIP_MODE", mode).end()?;
    outcome.expect_code(0)?.expect_quiet()?;
    let mark = if mode == "thread" { '|' } else { ':' };
    let names: Vec<String> =
        outcome.sorted().iter().map(|line| line.split(' ').next().unwrap_or_default().replace(mark, "!")).collect();
    ensure!(names == ["0!simulation", "1!simulation", "2!analysis", "3!a-very-long-n"], "{outcome}");
    Ok(())
}

fn largest(mode: &str) -> Result<()> {
    let run = tool("pip-exec", "sh -c").arg("exit 3").words(": -n 2 sh -c").arg("exit 5").words(": true");
    run.env("PIP_MODE", mode).end()?.expect_code(5)?.expect_quiet().map(drop)
}

fn function(mode: &str) -> Result<()> {
    let program = program("pip/tools/function.c")?;
    let run = |options: &str| tool("pip-exec", options).arg(&program).env("PIP_MODE", mode).end();
    run("")?.expect_code(4)?.expect_lines(&["main"])?;
    run("-n 2 -f start")?.expect_code(5)?.expect_lines(&["start 1"; 2])?;
    run("-f hidden")?.expect_code(6)?.expect_lines(&["hidden 1"])?;
    run("-n 2 -f nosuch")?.expect_code(libc::ENOEXEC)?.expect_err(&["pip-exec: ", "'nosuch'"])?;
    Ok(())
}

fn cores(mode: &str) -> Result<()> {
    let program = program("pip/tools/whoami.c")?;
    let cores = |run: Run| -> Result<Vec<Vec<String>>> {
        let outcome = run.env("PIP_MODE", mode).end()?;
        outcome.expect_code(0)?;
        Ok(outcome.sorted().iter().map(|line| line.split(' ').skip(1).map(str::to_owned).collect()).collect())
    };
    let allowed = cores(tool("pip-exec", "").arg(&program))?.pop().context("no line")?;
    let bound = cores(tool("pip-exec", "-n 3 -c 1").arg(&program))?;
    let wanted: Vec<Vec<String>> = (1..4).map(|i| vec![allowed[i % allowed.len()].clone()]).collect();
    ensure!(bound == wanted, "{bound:?} instead of {wanted:?}");
    Ok(())
}

fn first_signal() -> Result<()> {
    let outcome = tool("pip-exec", "sh -c").arg("kill -SEGV $$").words(": sh -c").arg("exit 77").end()?;
    outcome.expect_code(libc::SIGSEGV)?.expect_err(&["pip-exec: PIPID:0 signaled (Segmentation fault)\n"])?;
    Ok(())
}

fn wrong_arguments() -> Result<()> {
    for args in ["", ":", "-n 0 true", "-n x true", "-n 2", "true : : true", ": true", "-z true", "-c x true", "-f"] {
        let outcome = tool("pip-exec", args).end()?;
        outcome.expect_code(2)?.expect_err(&["pip-exec"])?;
        ensure!(outcome.stdout.is_empty(), "{outcome}");
    }
    tool("pip-exec", "true :").end()?.expect_code(0)?.expect_quiet()?;
    let help = tool("pip-exec", "--help").end()?;
    help.expect_code(0)?.expect_quiet()?;
    ensure!(help.out().contains("-n <N>"), "{help}");
    tool("pip-exec", "-n 4097 true").end()?.expect_code(libc::EOVERFLOW)?.expect_err(&["pip-exec: Too many tasks"])?;
    tool("pip-exec", "true")
        .env("PIP_MODE", "process:got")
        .end()?
        .expect_code(libc::EPERM)?
        .expect_err(&["PIP_MODE"])?;
    Ok(())
}

fn errors() -> Result<()> {
    let folder = places::temporary()?;
    let file = |name: &str, text: &str| -> Result<String> {
        let path = folder.path().join(name);
        fs::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(path.to_string_lossy().into_owned())
    };
    let script = file("script", "#!/bin/sh\n")?;
    let text = file("text", &"no program ".repeat(20))?;
    let short = file("short", "no program")?;
    for (program, code) in [
        ("no-such-program", libc::ENOENT),
        ("/no/such/file", libc::ENOENT),
        ("/etc/passwd", libc::EACCES),
        ("/usr", libc::EACCES),
        (&script, libc::ELIBSCN),
        (&text, libc::ELIBBAD),
        (&short, libc::EUNATCH),
    ] {
        let outcome = tool("pip-exec", "-n 2 true :").arg(program).end()?;
        outcome.expect_code(code)?.expect_err(&["pip-exec: ", program])?;
    }
    Ok(())
}

/// The second of two programs with fixed addresses cannot be started, when another task runs already.
fn all_or_none() -> Result<()> {
    let fixed = program("launcher/fixed.c")?;
    let outcome = tool("pip-exec", "-n 2").arg(fixed).words("60 0").limit(20).end()?;
    outcome.expect_code(libc::ELIBEXEC)?.expect_err(&["non-PIE"])?;
    Ok(())
}

fn inherits() -> Result<()> {
    let folder = places::temporary()?;
    let run = tool("pip-exec", "sh -c").arg("cat; echo $GREETING; pwd").env("GREETING", "hello world");
    let outcome = run.folder(folder.path()).input(b"from outside\n".to_vec()).end()?;
    let here = folder.path().canonicalize()?;
    outcome.expect_code(0)?.expect_lines(&["from outside", "hello world", &here.to_string_lossy()])?;
    Ok(())
}

fn debug() -> Result<()> {
    let outcome = tool("pip-exec", "-d -n 2 true a : false").end()?;
    outcome.expect_code(1)?.expect_err(&["PIPID:0 PID:", "PIPID:1 PID:", " true a\n"])?;
    ensure!(!outcome.err().contains("PIPID:2"), "{outcome}");
    Ok(())
}

fn interrupt(mode: &str) -> Result<()> {
    let mut run =
        tool("pip-exec", "-n 3").arg(program("launcher/leave.c")?).arg("sleep").env("PIP_MODE", mode).start()?;
    run.await_lines(3, "asleep")?;
    run.signal(libc::SIGINT);
    let outcome = run.end()?;
    let by_itself = outcome.code == Some(libc::SIGINT);
    // In thread mode the signal may reach one of the tasks, which are this very process.
    ensure!(by_itself || (mode == "thread" && outcome.signal == Some(libc::SIGINT)), "{outcome}");
    Ok(())
}

/// On a terminal, which script(1) makes; the key is pressed when all are there.
fn control_c(mode: &str) -> Result<()> {
    let folder = places::temporary()?;
    let (output, line) = (folder.path().join("output"), program("launcher/leave.c")?);
    // Without exec the shell would get the signal, too, and some shells end by it.
    let line = format!("exec '{}' -n 3 '{}' sleep", places::built("pip-exec").display(), line.display());
    let text = "press() { until [ \"$(grep -c asleep \"$1\")\" = 3 ]; do sleep 0.05; done; printf '\\003'; sleep 1; }
                touch \"$1\"; press \"$1\" | script -qec \"$2\" /dev/null > \"$1\"; echo rc $?; cat \"$1\"";
    let outcome = Run::new("sh").arg("-c").arg(text).arg("sh").arg(output).arg(line).env("PIP_MODE", mode).end()?;
    let printed = outcome.out();
    ensure!(printed.contains("rc 2") && printed.matches("signaled (Interrupt)").count() == 3, "{outcome}");
    Ok(())
}

/// As a terminal does it.
fn group() -> Result<()> {
    let mut run = tool("pip-exec", "-n 3").arg(program("launcher/leave.c")?).arg("sleep").start()?;
    run.await_lines(3, "asleep")?;
    // SAFETY: touches no memory; the group's leader has not been waited for.
    unsafe { libc::kill(-run.pid(), libc::SIGINT) };
    run.end()?.expect_code(libc::SIGINT)?.expect_err(&["PIPID:2 signaled (Interrupt)"])?;
    Ok(())
}

fn stubborn() -> Result<()> {
    let text = "trap '' TERM; echo ready; while :; do sleep 0.1; done";
    let mut run = tool("pip-exec", "-n 2 sh -c").arg(text).limit(30).start()?;
    run.await_lines(2, "ready")?;
    run.signal(libc::SIGTERM);
    run.end()?.expect_code(libc::SIGKILL)?.expect_err(&["signaled (Killed)"])?;
    Ok(())
}

fn stop_on_start() -> Result<()> {
    let folder = places::temporary()?;
    let (script, notes) = (folder.path().join("script"), folder.path().join("notes"));
    fs::write(&script, format!("#!/bin/sh\necho \"$2 $3\" > {}\nkill -CONT $1\n", notes.display()))?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    let stop = |value: &str| tool("pip-exec", "-n 2 echo done").env("PIP_STOP_ON_START", value).end();
    let outcome = stop(&format!("{}@1", script.display()))?;
    outcome.expect_code(0)?.expect_lines(&["done"; 2])?;
    outcome.expect_err(&["PiP-INFO[", "PiP task[1] (PID=", "is SIGSTOPed and executing"])?;
    ensure!(!outcome.err().contains("task[0]"), "{outcome}");
    let notes = fs::read_to_string(notes)?;
    ensure!(notes.starts_with("1 /") && notes.ends_with("/echo\n"), "{notes:?}");
    let outcome = stop("/no/such/script")?;
    outcome.expect_code(0)?.expect_lines(&["done"; 2])?.expect_err(&["PiP-WARN[", "/no/such/script"])?;
    Ok(())
}
