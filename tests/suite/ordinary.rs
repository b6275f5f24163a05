//! Programs that cannot be tasks run as under stock MPICH: as ordinary processes, with one warning that says why; and
//! scripts, which are what their interpreters are.

use anyhow::{Result, ensure};
use pip_tests::cases::Cases;
use pip_tests::run::{Outcome, Run};
use pip_tests::{places, sources};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// (name, flags of the compiler, what the warning says and what would help).
const BUILDS: [(&str, &str, &[&str]); 4] = [
    ("non_pie", "-no-pie -fno-pie", &["non-PIE", "-fPIE"]),
    ("address_sanitizer", "-fsanitize=address", &["AddressSanitizer", "without"]),
    ("address_sanitizer_inside", "-fsanitize=address -static-libasan", &["AddressSanitizer", "without"]),
    ("thread_sanitizer", "-fsanitize=thread", &["ThreadSanitizer", "without"]),
];

pub fn add(cases: &mut Cases) {
    for (name, flags, says) in BUILDS {
        cases.add(format!("ordinary::{name}"), move || {
            let program = Built::new("launcher/ring.c", flags)?;
            // UCX's patching of libc and a sanitizer's do not get on with each other.
            let run = |run: Run| run.env("UCX_MEM_EVENTS", "n").env("UCX_HANDLE_ERRORS", "none");
            let run = |launcher: Run| {
                run(launcher).words("-n 3").arg(&program.path).env("ASAN_OPTIONS", "detect_leaks=0").end()
            };
            let stock = run(Run::stock(""))?;
            let pip = run(Run::pip(""))?;
            as_stock(&pip, &stock)?.expect_err(says)?;
            warned(&pip, 1)?;
            let refused = run(Run::pip("-require-tasks"))?;
            refused.expect_code(126)?.expect_err(says)?.expect_err(&["-require-tasks"])?;
            ensure!(refused.stdout.is_empty(), "something was started\n{refused}");
            Ok(())
        });
    }
    cases.add("ordinary::a_set_user_id_program_has_its_privilege", || {
        let folder = places::temporary()?;
        let program = folder.path().join("id");
        fs::copy("/usr/bin/id", &program)?;
        // Somebody else's, where the tests run as root.
        std::os::unix::fs::chown(&program, Some(65_534), None).ok();
        fs::set_permissions(&program, Permissions::from_mode(0o4755))?;
        let run = |run: Run| run.words("-n 2").arg(&program).arg("-u").end();
        let pip = run(Run::pip(""))?;
        as_stock(&pip, &run(Run::stock(""))?).map(drop)?;
        // Without root the file is the user's own, whose privilege is no other: a task can have it.
        let other = fs::metadata(&program)?.uid() != fs::metadata("/proc/self")?.uid();
        warned(&pip, usize::from(other))
    });
    cases.add("ordinary::tasks_and_processes_are_one_world", || {
        let (task, fixed) = (sources::program("launcher/ring.c")?, Built::new("launcher/ring.c", "-no-pie -fno-pie")?);
        let run =
            |run: Run| run.words("-n 2").arg(&task).words(": -n 2").arg(&fixed.path).words(": -n 1").arg(&task).end();
        let pip = run(Run::pip(""))?;
        as_stock(&pip, &run(Run::stock(""))?)?;
        warned(&pip, 1)
    });
    cases.add("ordinary::one_non_pie_rank_is_a_task", || {
        let fixed = sources::program("launcher/fixed.c")?;
        Run::pip("-require-tasks -n 1").arg(&fixed).end()?.expect_code(0)?.expect_quiet()?;
        let both = Run::pip("-n 1").arg(&fixed).words(": -n 1").arg(&fixed).words("0 3").end()?;
        warned(both.expect_code(3)?, 1)
    });
    for (options, args) in [("-n 2", "code 3"), ("-n 2", "abort 7"), ("-n 2", "exit 5"), ("-n 2", "fault")] {
        cases.add(format!("ordinary::exit_status_as_hydra::{}", args.replace(' ', "_")), move || {
            let act = Built::new("launcher/act.c", "-no-pie -fno-pie")?;
            let stock = Run::stock(options).arg(&act.path).words(args).end()?;
            let pip = Run::pip(options).arg(&act.path).words(args).end()?;
            pip.expect_code(stock.code.unwrap_or(-1)).map(drop)
        });
    }
    for (signal, args) in [(libc::SIGTERM, "wait"), (libc::SIGUSR1, "handle"), (libc::SIGKILL, "ignore")] {
        cases.add(format!("ordinary::signal_{signal}_leaves_nothing"), move || {
            let act = Built::new("launcher/act.c", "-no-pie -fno-pie")?;
            let mut run = Run::pip("-n 3").arg(&act.path).arg(args).start()?;
            run.await_lines(3, "ready")?;
            run.signal(signal);
            let outcome = run.end()?; // looks for processes and shared memory
            match signal {
                libc::SIGKILL => ensure!(outcome.signal == Some(signal), "{outcome}"),
                libc::SIGUSR1 => ensure!(outcome.out().contains("got signal 10"), "{outcome}"),
                _ => drop(outcome.expect_code(signal)?),
            }
            Ok(())
        });
    }
    cases.add("ordinary::forked_grandchildren_do_not_outlive_the_job", || {
        let act = Built::new("launcher/act.c", "-no-pie -fno-pie")?;
        Run::pip("-n 2").arg(&act.path).arg("forked").end()?.expect_code(0).map(drop)
    });
    cases.add("ordinary::a_text_is_run_by_the_shell_and_gets_the_input", || {
        let text = Script::new("text", "cat; echo \"$PMI_RANK of $PMI_SIZE: $1\"; pwd\n")?;
        let run = |run: Run| run.words("-wdir / -n 1").arg(text.path()).arg("a b").input(b"input\n".to_vec()).end();
        let pip = run(Run::pip(""))?;
        as_stock(&pip, &run(Run::stock(""))?)?;
        pip.expect_lines(&["input", "0 of 1: a b", "/"])?;
        warned(&pip, 1)
    });
    for (name, first_line) in [("sh", "#!/bin/sh"), ("an_option", "#! /bin/sh -u"), ("env", "#!/usr/bin/env bash")] {
        cases.add(format!("ordinary::a_script_is_a_task::{name}"), move || {
            let script =
                Script::new("script", &format!("{first_line}\necho \"${{0##*/}} $PMI_RANK $#: $1\"; exit 3\n"))?;
            let run = |run: Run| run.words("-n 2").arg(script.path()).arg("a b").end();
            let pip = run(Run::pip("-require-tasks"))?;
            as_stock(&pip, &run(Run::stock(""))?)?.expect_quiet().map(drop)
        });
    }
    for (name, start) in [("a_child", ""), ("the_same_process", "exec ")] {
        cases.add(format!("ordinary::a_script_starts_an_mpi_program_as::{name}"), move || {
            let ring = sources::program("launcher/ring.c")?;
            let script = Script::new("script.sh", &format!("#!/bin/sh\n{start}{} \"$@\"\n", ring.display()))?;
            let run = |run: Run| run.folder(script.folder.path()).words("-n 3 ./script.sh").end();
            as_stock(&run(Run::pip(""))?, &run(Run::stock(""))?)?.expect_quiet().map(drop)
        });
    }
    cases.add("ordinary::a_script_whose_interpreter_cannot_be_a_task", || {
        let fixed = Built::new("launcher/fixed.c", "-no-pie -fno-pie")?;
        let script = Script::new("script", &format!("#!{} 0\n", fixed.path.display()))?;
        let outcome = Run::pip("-n 2").arg(script.path()).end()?;
        warned(outcome.expect_code(0)?, 1)
    });
}

/// A test program with other flags than its own.
struct Built {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Built {
    fn new(source: &str, flags: &str) -> Result<Built> {
        let folder = places::temporary()?;
        let source = places::programs().join(source);
        let path = folder.path().join("program");
        let compiler = sources::compiler(&source)?;
        Run::new(compiler).words("-O1 -g1").words(flags).arg("-o").arg(&path).arg(&source).end()?.expect_code(0)?;
        Ok(Built { path, _folder: folder })
    }
}

/// A file with execute permission.
struct Script {
    folder: tempfile::TempDir,
    name: &'static str,
}

impl Script {
    fn new(name: &'static str, text: &str) -> Result<Script> {
        let folder = places::temporary()?;
        fs::write(folder.path().join(name), text)?;
        fs::set_permissions(folder.path().join(name), Permissions::from_mode(0o755))?;
        Ok(Script { folder, name })
    }

    fn path(&self) -> PathBuf {
        Path::new(self.folder.path()).join(self.name)
    }
}

/// The same lines and status as under stock MPICH, and not none.
fn as_stock<'a>(pip: &'a Outcome, stock: &Outcome) -> Result<&'a Outcome> {
    let lines = stock.sorted();
    ensure!(!lines.is_empty(), "stock MPICH printed nothing\n{stock}");
    pip.expect_code(stock.code.unwrap_or(-1))?.expect_lines(&lines.iter().map(String::as_str).collect::<Vec<_>>())
}

fn warned(outcome: &Outcome, times: usize) -> Result<()> {
    let lines = outcome.err().lines().filter(|line| line.starts_with("pip-mpiexec: warning: ")).count();
    ensure!(lines == times, "{lines} warnings instead of {times}\n{outcome}");
    Ok(())
}
