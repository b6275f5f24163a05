//! Programs as tasks behave as they do as processes: each of `programs/tasks`, and what needs a closer look.

use anyhow::{Context, Result, ensure};
use pip_tests::cases::{Cases, needs_compiler};
use pip_tests::run::Run;
use pip_tests::{places, sources};
use std::collections::BTreeSet;
use std::path::Path;

pub fn add(cases: &mut Cases) {
    for source in sources::all("tasks").unwrap_or_default() {
        add_program(cases, &source);
    }
    cases.add("loader::static_variables_of_tasks_have_different_addresses", different_addresses);
    cases.add("loader::arguments_environment_and_folder_arrive", arguments);
    cases.add("loader::a_big_environment_and_a_long_argument_arrive", big_environment);
    cases.add("loader::ld_preload_is_per_task", preload);
    cases.add("loader::perl_runs", || {
        let run = Run::tasks(4, "perl")
            .arg("-e")
            .arg("my %h; $h{$_}++ for map {$_ % 7} 1..1000; print join(',', map {$h{$_}} sort keys %h), \"\\n\"");
        run.end()?.expect_quiet()?.expect_lines(&["142,143,143,143,143,143,143"; 4]).map(drop)
    });
    cases.add("loader::bash_runs", || {
        let run =
            Run::tasks(4, "bash").arg("-c").arg("x=$(echo 6 | sed s/6/7/); (exit 3); echo $x $? $((x * 6)) | cat");
        run.end()?.expect_quiet()?.expect_lines(&["7 3 42"; 4]).map(drop)
    });
    cases.add_if("loader::a_pie_python_runs", pie_python().map(drop), || {
        let python = pie_python().map_err(anyhow::Error::msg)?;
        // One write a line: print makes two where PYTHONUNBUFFERED is set, and lines of three tasks mix.
        let line = "json.dumps([math.pi > 3, threading.active_count()])";
        let run = Run::tasks(3, python)
            .arg("-c")
            .arg(format!("import json, threading, math, sys; sys.stdout.write({line} + '\\n')"));
        run.end()?.expect_lines(&["[true, 1]"; 3]).map(drop)
    });
    for scenario in [
        "exit_statuses",
        "signals",
        "exports",
        "descriptors",
        "cycles",
        "non_pie",
        "working_folder",
        "affinity",
        "sessions",
        "signal_state",
        "task_ids",
        "concurrent_spawns",
    ] {
        cases.add(format!("loader::root::{scenario}"), move || root_scenario(scenario));
    }
    for mode in ["", "thread_"] {
        for scenario in ["lending", "holding", "killed_readers", "wrong_types", "atomics"] {
            let scenario = format!("{mode}sharing_{scenario}");
            cases.add(format!("loader::root::{scenario}"), move || root_scenario(&scenario));
        }
        for scenario in ["steps", "killed_readers", "killed_writer", "ended_writer"] {
            let scenario = format!("{mode}fields_{scenario}");
            cases.add(format!("loader::root::{scenario}"), move || root_scenario(&scenario));
        }
    }
    cases.add("loader::a_killed_root_takes_its_tasks_along", || {
        let mut run =
            Run::new(places::built("test-root")).arg("sleepers").arg(sources::program("launcher/leave.c")?).start()?;
        run.await_lines(8, "asleep")?;
        run.signal(libc::SIGKILL);
        // `end` looks for the tasks.
        let outcome = run.end()?;
        ensure!(outcome.signal == Some(libc::SIGKILL), "{outcome}");
        Ok(())
    });
}

/// As a task, a program prints what it prints as an ordinary process, as often as there are tasks.
fn add_program(cases: &mut Cases, source: &Path) {
    let directives = sources::Directives::read(source).unwrap_or_default();
    let stem = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = format!("tasks/{}", source.file_name().unwrap_or_default().to_string_lossy());
    for count in directives.numbers("tasks") {
        let (name, directives) = (name.clone(), directives.clone());
        let possible = needs_compiler(source);
        cases.add_if(format!("loader::{stem}::{count}_tasks"), possible, move || {
            let program = sources::program(&name)?;
            let args = directives.words("args").join(" ");
            let alone = Run::new(&program).words(&args).end()?;
            alone.expect_code(0)?;
            let once = alone.out();
            let lines: Vec<&str> = once.lines().flat_map(|line| std::iter::repeat_n(line, count)).collect();
            let limit = directives.numbers("limit").first().copied().unwrap_or(60);
            let tasks = Run::tasks(count, &program).words(&args).limit(limit as u64).end()?;
            tasks.expect_code(0)?.expect_quiet()?.expect_lines(&lines)?;
            Ok(())
        });
    }
}

/// What the binary test-root checks from within a root, with the helper programs it needs.
fn root_scenario(scenario: &str) -> Result<()> {
    let run = Run::new(places::built("test-root")).arg(scenario);
    let run = run.arg(sources::program("launcher/leave.c")?).arg(sources::program("launcher/fixed.c")?);
    run.end()?.expect_code(0)?;
    Ok(())
}

fn different_addresses() -> Result<()> {
    let outcome = Run::tasks(16, sources::program("launcher/address.c")?).end()?;
    let lines: BTreeSet<String> = outcome.sorted().into_iter().collect();
    ensure!(lines.len() == 16, "16 different addresses were expected\n{outcome}");
    Ok(())
}

fn arguments() -> Result<()> {
    let folder = places::temporary()?;
    let text = "echo \"$0|$1|$2|$#|$GREETING|$PWD\"";
    let run = Run::tasks(3, "bash").arg("-c").arg(text).arg("name").arg("a b").arg("");
    let outcome = run.env("GREETING", "hello = world").folder(folder.path()).end()?;
    let here = folder.path().canonicalize()?;
    let line = format!("name|a b||2|hello = world|{}", here.display());
    outcome.expect_quiet()?.expect_lines(&[line.as_str(); 3])?;
    Ok(())
}

fn big_environment() -> Result<()> {
    let mut run = Run::tasks(3, "bash").arg("-c").arg("echo ${#BIG_999} ${#1} $(env | grep -c ^BIG_)");
    run = run.arg("bash").arg("x".repeat(120_000));
    for i in 0..1000 {
        run = run.env(format!("BIG_{i}"), "v".repeat(700));
    }
    run.end()?.expect_quiet()?.expect_lines(&["700 120000 1000"; 3])?;
    Ok(())
}

fn preload() -> Result<()> {
    let library = sources::library("launcher/preloaded.c")?;
    let program = sources::program("launcher/address.c")?;
    let outcome = Run::tasks(4, program).env("LD_PRELOAD", library).end()?;
    let greetings = outcome.out().lines().filter(|line| *line == "preloaded 1").count();
    ensure!(greetings == 5, "each task and pip-run have the library once\n{outcome}");
    Ok(())
}

/// A position-independent python3, which Debian's own is not.
fn pie_python() -> Result<std::path::PathBuf, String> {
    let roots = ["/root/.pyenv/versions", "/opt", "/usr/local/bin"];
    let mut candidates: Vec<_> = roots
        .iter()
        .flat_map(|root| std::fs::read_dir(root).into_iter().flatten().flatten())
        .map(|e| e.path().join("bin/python3"))
        .collect();
    candidates.push("/usr/local/bin/python3".into());
    candidates.push("/usr/bin/python3".into());
    let is_pie = |path: &std::path::PathBuf| -> Result<bool> {
        let path = path.canonicalize()?;
        Ok(!pip_core::Program::open(&path).context("no program")?.is_fixed())
    };
    candidates
        .into_iter()
        .find(|path| is_pie(path).unwrap_or(false))
        .ok_or_else(|| "no position-independent python3 is installed".to_owned())
}
