//! The C interface in both modes: each program of `programs/pip` checks its part by itself; what needs a look from
//! outside is here, the environment variables in `environment`, and the comparison with ordinary processes in `plain`.

mod environment;
mod plain;

use anyhow::{Context, Result, ensure};
use pip_tests::cases::{Cases, needs};
use pip_tests::pip_programs::{Mode, Source, include};
use std::process::Command;

pub fn add(cases: &mut Cases) {
    plain::add(cases);
    environment::add(cases);
    for source in Source::tests().unwrap_or_default() {
        for mode in source.modes() {
            let (name, source) = (format!("conformance::{}::{mode}", source.stem()), source.clone());
            cases.add_if(name, needs(source.compiler()), move || {
                let outcome = source.run(mode, &[])?;
                outcome.expect_code(0)?;
                let last = outcome.out();
                let number = last.lines().last().and_then(|line| line.strip_suffix(" checks")?.parse().ok());
                ensure!(number.unwrap_or(0) > 0, "the number of checks should be the last line\n{outcome}");
                Ok(())
            });
        }
    }
    cases.add("conformance::headers_are_c99_c11_and_cpp", headers);
    cases.add("conformance::options_and_pip_mode", options);
    for mode in Mode::ALL {
        cases.add(format!("conformance::every_end_of_the_root_and_of_a_task::{mode}"), move || every_end(mode));
        cases.add(format!("conformance::messages_say_who_and_can_be_silenced::{mode}"), move || messages(mode));
        cases.add(format!("conformance::a_root_that_exits_takes_its_tasks_along::{mode}"), move || exits(mode));
        for who in ["abort", "abort-by-task"] {
            cases.add(format!("conformance::{who}_ends_everything::{mode}"), move || abort(mode, who));
        }
        for call in ["get", "wait", "wait_any", "spawn", "import", "named", "export", "kill"] {
            cases.add(format!("conformance::damaged_registry::{call}::{mode}"), move || damaged_registry(mode, call));
        }
        for (place, words) in [
            ("null", "is not mapped"),
            ("heap", "is task 0's heap"),
            ("stack", "is task 0's stack"),
            ("program", "is task 0's /"),
            ("fpe", "Floating point exception (8) !!"),
        ] {
            cases.add(format!("conformance::crash_is_explained::{place}::{mode}"), move || crash(mode, place, words));
        }
        for company in ["alone", "beside"] {
            cases.add(format!("conformance::reclaim_{company}::{mode}"), move || reclaim(mode, company));
        }
    }
}

/// Programs may be written to any of these standards.
fn headers() -> Result<()> {
    let strict = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "-include", "pip/pip.h"];
    for (compiler, language, standard) in [
        ("gcc", "c", "c99"),
        ("gcc", "c", "c11"),
        ("gcc", "c", "gnu17"),
        ("g++", "c++", "c++98"),
        ("g++", "c++", "c++11"),
        ("g++", "c++", "c++20"),
    ] {
        let mut command = Command::new(compiler);
        command.arg("-x").arg(language).arg(format!("-std={standard}")).arg("-I").arg(include()).args(strict);
        let output = command.arg(include().join("xpmem.h")).output().context("no compiler")?;
        let text = String::from_utf8_lossy(&output.stderr);
        // A header as the main file may have its guard only.
        ensure!(output.status.success(), "{standard}: {text}");
    }
    Ok(())
}

/// Options of pip_init() against PIP_MODE.
fn options() -> Result<()> {
    const PRELOAD: &str = "0x100 process:preload 0 0";
    const PIPCLONE: &str = "0x400 process:pipclone 0 0";
    const THREAD: &str = "0x1000 pthread 1 1";
    const PROCESS: &str = "0x100 process 0 0";
    const DENIED: &str = "EPERM";
    const INVALID: &str = "EINVAL";
    let environment = [
        None,
        Some("process"),
        Some("process:preload"),
        Some("Process:PipClone"),
        Some("process:got"),
        Some("THREAD"),
        Some("pthread"),
        Some("other"),
    ];
    let table = [
        ("0", [PROCESS, PROCESS, PRELOAD, PIPCLONE, DENIED, THREAD, THREAD, DENIED]),
        ("0x500", [PROCESS, PROCESS, PRELOAD, PIPCLONE, INVALID, DENIED, DENIED, DENIED]),
        ("0x100", [PRELOAD, PRELOAD, PRELOAD, DENIED, DENIED, DENIED, DENIED, DENIED]),
        ("0x400", [PIPCLONE, PIPCLONE, DENIED, PIPCLONE, DENIED, DENIED, DENIED, DENIED]),
        ("0x1000", [THREAD, DENIED, DENIED, DENIED, DENIED, THREAD, THREAD, DENIED]),
        ("0x8000", [INVALID; 8]),
        ("0x1100", [INVALID; 8]),
        ("0x1500", [INVALID; 8]),
        ("0x200", [INVALID; 8]),
        ("0x2000", [INVALID; 8]),
        ("0xff00", [INVALID; 8]),
    ];
    let source = Source::named("mode_of.c")?;
    let mut wrong = Vec::new();
    for (options, row) in table {
        for (value, expected) in environment.into_iter().zip(row) {
            let unset = if value.is_none() { "unset" } else { "" };
            let outcome = source
                .run_with(Mode::Process, &[options, unset], |run| run.env("PIP_MODE", value.unwrap_or_default()))?;
            outcome.expect_code(0)?;
            let printed = outcome.out();
            let printed = printed.trim();
            // Who gave an unknown name should learn it.
            let told = value != Some("other") || expected == INVALID || outcome.err().contains("other");
            if printed != expected || !told {
                wrong.push(format!("options {options}, PIP_MODE {value:?}: {expected} expected\n{outcome}"));
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Every way to end a task with every way to end its root, and more ways of the task with other statuses.
fn every_end(mode: Mode) -> Result<()> {
    const WAYS: [&str; 8] =
        ["return", "exit", "pip_exit", "_exit", "fin-return", "fin-exit", "fin-pip_exit", "fin-_exit"];
    let source = Source::named("ends.c")?;
    let check = |root: &str, task: &str, status: &str, end: &str, after: u8| -> Result<()> {
        let outcome = source.run(mode, &[root, task, status])?;
        outcome.expect_code(0)?;
        outcome.expect_lines(&[format!("{end}, before 1, after {after}").as_str()])?;
        Ok(())
    };
    for root in WAYS {
        for task in WAYS {
            check(root, task, "0", "exit 0", u8::from(!task.ends_with("_exit") || task.ends_with("pip_exit")))?;
        }
    }
    for (task, status, end, after) in [
        ("return", "77", "exit 77", 1),
        ("exit", "255", "exit 255", 1),
        ("pip_exit", "1", "exit 1", 1),
        ("_exit", "9", "exit 9", 0),
        ("_Exit", "9", "exit 9", 0),
        ("fin-exit", "4", "exit 4", 1),
        ("fin-_exit", "11", "exit 11", 0),
        ("pthread_exit", "3", "exit 0", 1),
        ("15", "0", "signal 15", 1),
        ("11", "0", "signal 11", 1),
    ] {
        check("return", task, status, end, after)?;
    }
    if mode == Mode::Process {
        check("return", "9", "0", "signal 9", 0)?;
        check("return", "exec", "12", "exit 12", 0)?;
    }
    Ok(())
}

fn messages(mode: Mode) -> Result<()> {
    let source = Source::named("messages.c")?;
    let outcome = source.run(mode, &[])?;
    outcome.expect_code(0)?;
    let err = outcome.err();
    for (kind, text) in [("INFO", "information 1"), ("WARN", "warning two"), ("ERR", "error 3")] {
        for who in ["R", "T0"] {
            let found = err.lines().any(|line| {
                line.starts_with(&format!("PiP-{kind}[")) && line.ends_with(text) && line.contains(&format!(":{who}]"))
            });
            ensure!(found, "PiP-{kind} of {who} should be there\n{outcome}");
        }
    }
    let streams =
        outcome.out().lines().filter(|line| line.contains("PiP-INFO[") && line.ends_with("stream 4.5")).count();
    ensure!(streams == 2, "two messages should be on standard output\n{outcome}");
    ensure!(outcome.out().contains("libpip.so"), "mappings should be on standard output\n{outcome}");
    source.run_with(mode, &[], |run| run.env("PIP_QUIET", "1"))?.expect_code(0)?.expect_quiet()?;
    Ok(())
}

fn exits(mode: Mode) -> Result<()> {
    let outcome = Source::named("exit_with_tasks.c")?.run(mode, &["pip_exit"])?;
    outcome.expect_code(5)?.expect_lines(&["tasks are alive"])?;
    let killed = outcome.err().lines().filter(|line| line.contains("still running and killed")).count();
    ensure!(killed == 3, "each of three tasks should be named\n{outcome}");
    Ok(())
}

fn abort(mode: Mode, who: &str) -> Result<()> {
    let outcome = Source::named("exit_with_tasks.c")?.run(mode, &[who])?;
    ensure!(outcome.signal == Some(libc::SIGABRT), "SIGABRT was expected\n{outcome}");
    outcome.expect_lines(&["tasks are alive"])?;
    Ok(())
}

fn damaged_registry(mode: Mode, call: &str) -> Result<()> {
    let outcome = Source::named("corrupt.c")?.run(mode, &[call])?;
    outcome.expect_code(0)?.expect_lines(&["root EPERM", "observer EPERM"])?;
    let told = outcome.err().lines().any(|line| line.contains("PiP-ERR") && line.contains("registry"));
    ensure!(told, "the damage should be told\n{outcome}");
    Ok(())
}

/// Which task, which signal, where, and whose memory that was.
fn crash(mode: Mode, place: &str, words: &str) -> Result<()> {
    let outcome = Source::named("crash.c")?.run(mode, &[place])?;
    outcome.expect_code(0)?;
    let out = outcome.out();
    let address = out.split_whitespace().nth(1).context("no address")?;
    let err = outcome.err();
    let line = err.lines().find(|line| line.contains("Exception signal: ")).unwrap_or_default();
    let right = match place {
        "fpe" => line.contains(words),
        _ => line.contains("Segmentation fault (11) !!") && line.contains(&format!("address {address} {words}")),
    };
    // The instruction is one of the program, which is named.
    let names = line.starts_with("PiP-ERR[") && line.contains("task 1 ") && line.contains("/crash");
    ensure!(right && names, "task 1, its signal, the address and \"{words}\" were expected\n{outcome}");
    Ok(())
}

/// The promise of SPECIFICATION.md about long-lived roots.
fn reclaim(mode: Mode, company: &str) -> Result<()> {
    let outcome = Source::named("reclaim.c")?.run_with(mode, &[company], |run| run.limit(400))?;
    outcome.expect_code(0)?;
    let numbers: Vec<i64> = outcome.out().split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [memory, mappings] = numbers[..] else { anyhow::bail!("two numbers were expected\n{outcome}") };
    println!("2,000 tasks {company}, {mode} mode: resident memory grew by {memory} KiB, mappings by {mappings}");
    ensure!(memory < 8 << 10, "resident memory grew by {memory} KiB");
    ensure!(mappings < 50, "{mappings} mappings were left");
    Ok(())
}
