//! pip-mpiexec: exit statuses, the end of a job by signals, aborts and broken ranks, MPMD, options. Exit codes that Hydra
//! forms without a race are compared with Hydra's.

use anyhow::{Result, ensure};
use pip_tests::cases::Cases;
use pip_tests::run::{Outcome, Run};
use pip_tests::{places, sources};

/// (arguments of mpiexec before the program, arguments of act.c): the same exit status under both launchers.
const AS_HYDRA: [(&str, &str); 10] = [
    ("-n 1", "code 0"),
    ("-n 2", "code 1"),
    ("-n 3", "code 1"),
    ("-n 2", "code 3"),
    ("-n 2", "code 255"),
    ("-n 2", "abort 7"),
    ("-n 2", "abort 300"),
    ("-n 1", "abort 1"),
    ("-n 2", "exit 5"),
    ("-n 2", "fault"),
];

pub fn add(cases: &mut Cases) {
    for (options, args) in AS_HYDRA {
        let name = format!("launcher::exit_status_as_hydra::{}::{}", options.replace(' ', ""), args.replace(' ', "_"));
        cases.add(name, move || {
            let act = sources::program("launcher/act.c")?;
            let stock = Run::stock(options).arg(&act).words(args).end()?;
            let pip = Run::pip(options).arg(&act).words(args).end()?;
            pip.expect_code(stock.code.unwrap_or(-1)).map(drop)
        });
    }
    cases.add("launcher::too_many_mappings_are_named_with_the_way_out", || {
        let run = Run::pip("-n 2").arg(sources::program("launcher/map_until_it_fails.c")?);
        run.end()?.expect_code(libc::SIGABRT)?.expect_err(&["memory mappings", "sysctl -w vm.max_map_count="]).map(drop)
    });
    cases.add("launcher::info_shows_the_settings_in_force", || {
        let outcome = Run::pip("-info").env("PIP_MPI_EAGER_MAX", "32k").end()?;
        outcome.expect_code(0)?.expect_quiet()?;
        let out = outcome.out();
        for part in ["libpip_mpi.so", "PIP_MPI_EAGER_MAX = 32768 bytes (default 16384)", "PIP_MPI_SPIN"] {
            ensure!(out.contains(part), "{part:?} is missing: {outcome}");
        }
        Ok(())
    });
    cases.add("launcher::plain_programs_give_their_exit_status", || {
        for (code, wanted) in [(0, 0), (3, 3), (255, 255)] {
            let outcome = Run::pip("-n 2 sh -c").arg(format!("exit {code}")).end()?;
            outcome.expect_code(wanted)?.expect_quiet()?;
        }
        Run::pip("-n 1 sh -c").arg("exit 1").words(": -n 1 sh -c").arg("exit 2").end()?.expect_code(3).map(drop)
    });
    for (args, code, words) in [
        ("fault", 11, ["rank 3", "signal 11", "Segmentation fault"]),
        ("kill 9", 9, ["rank 3", "signal 9", "Killed"]),
        ("kill 6", 6, ["rank 3", "signal 6", "Aborted"]),
        ("exit 5", 5, ["rank 3", "status 5", "MPI_Finalize"]),
        ("_exit 0", 1, ["rank 3", "status 0", "MPI_Finalize"]),
        ("abort 7", 7, ["rank 3", "MPI_Abort", "7"]),
        ("close", 1, ["rank 3", "PMI", "MPI_Finalize"]),
    ] {
        cases.add(format!("launcher::one_message_names_the_culprit::{}", args.replace(' ', "_")), move || {
            let outcome = Run::pip("-n 4").arg(sources::program("launcher/act.c")?).words(args).end()?;
            outcome.expect_code(code)?.expect_err(&words)?.expect_err(&["PID"])?;
            one_line_of_the_launcher(&outcome)
        });
    }
    cases.add("launcher::a_rank_that_leaves_before_init_ends_the_job", || {
        let outcome = Run::pip("-n 3").arg(sources::program("launcher/act.c")?).words("exit-before-init 4").end()?;
        outcome.expect_code(4)?.expect_err(&["rank 1", "MPI_Init"]).map(drop)
    });
    cases.add("launcher::programs_of_an_mpmd_job_share_a_world", mpmd);
    cases.add("launcher::tasks_beside_the_ranks", beside_the_ranks);
    cases.add("launcher::environment_options", environment);
    cases.add("launcher::working_folder_option", || {
        let folder = places::temporary()?;
        let path = folder.path().canonicalize()?.display().to_string();
        let run = Run::pip("-wdir").arg(&path).words("-n 1 sh -c").arg("pwd").words(": -wdir / -n 1 sh -c").arg("pwd");
        run.end()?.expect_code(0)?.expect_lines(&["/", &path]).map(drop)
    });
    for (signal, name) in [(libc::SIGINT, "SIGINT"), (libc::SIGTERM, "SIGTERM"), (libc::SIGUSR1, "SIGUSR1")] {
        cases.add(format!("launcher::{name}_reaches_the_ranks"), move || {
            let mut run = Run::pip("-n 3").arg(sources::program("launcher/act.c")?).arg("handle").start()?;
            run.await_lines(3, "ready")?;
            run.signal(signal);
            let outcome = run.end()?;
            let told = outcome.out().lines().filter(|line| line.ends_with(&format!("got signal {signal:02}"))).count();
            ensure!(told >= 1, "no rank got signal {signal}\n{outcome}");
            Ok(())
        });
    }
    for (signal, name) in [(libc::SIGINT, "SIGINT"), (libc::SIGTERM, "SIGTERM")] {
        cases.add(format!("launcher::{name}_ends_a_job_that_does_not_handle_it"), move || {
            let mut run = Run::pip("-n 3").arg(sources::program("launcher/act.c")?).arg("wait").start()?;
            run.await_lines(3, "ready")?;
            run.signal(signal);
            run.end()?.expect_code(signal).map(drop)
        });
    }
    cases.add("launcher::ranks_that_ignore_a_signal_are_killed_by_the_second", || {
        let mut run = Run::pip("-n 3").arg(sources::program("launcher/act.c")?).arg("ignore").start()?;
        run.await_lines(3, "ready")?;
        run.signal(libc::SIGTERM);
        std::thread::sleep(std::time::Duration::from_millis(500));
        run.signal(libc::SIGTERM);
        run.end()?.expect_code(libc::SIGTERM).map(drop)
    });
    for args in ["wait", "ignore", "handle", "wait-without-mpi"] {
        cases.add(format!("launcher::a_killed_launcher_leaves_nothing::{args}"), move || {
            let mut run = Run::pip("-n 4").arg(sources::program("launcher/act.c")?).arg(args).start()?;
            run.await_lines(4, "ready")?;
            run.signal(libc::SIGKILL);
            let outcome = run.end()?; // looks for processes and shared memory
            ensure!(outcome.signal == Some(libc::SIGKILL), "{outcome}");
            Ok(())
        });
    }
    for (signal, name) in [(libc::SIGKILL, "SIGKILL"), (libc::SIGINT, "SIGINT"), (libc::SIGTERM, "SIGTERM")] {
        cases.add(format!("launcher::{name}_at_any_time_leaves_nothing"), move || {
            let act = sources::program("launcher/act.c")?;
            for step in 0..20 {
                let run = Run::pip("-n 4").arg(&act).arg("wait").limit(20).start()?;
                // From before the first rank to after MPI_Init.
                std::thread::sleep(std::time::Duration::from_millis(step * step / 2));
                run.signal(signal);
                let outcome = run.end()?;
                ensure!(outcome.code != Some(0), "step {step}: a failure was expected\n{outcome}");
            }
            Ok(())
        });
    }
    for kind in ["forked", "executed"] {
        cases.add(format!("launcher::{kind}_grandchildren_do_not_outlive_the_job"), move || {
            let run = Run::pip("-n 2").arg(sources::program("launcher/act.c")?).arg(kind);
            run.end()?.expect_code(0).map(drop)
        });
        cases.add(format!("launcher::{kind}_grandchildren_do_not_outlive_a_killed_launcher"), move || {
            let mut run = Run::pip("-n 2").arg(sources::program("launcher/act.c")?).arg(kind).arg("1").start()?;
            run.await_lines(2, "ready")?;
            run.signal(libc::SIGKILL);
            run.end().map(drop)
        });
    }
    cases.add("launcher::shared_windows_of_a_killed_job_are_removed", || {
        let outcome = Run::pip("-n 2").arg(sources::program("launcher/act.c")?).arg("window").end()?;
        outcome.expect_code(9).map(drop)
    });
    for what in ["binary", "text", "endless", "missing", "abort"] {
        cases.add(format!("launcher::a_corrupted_pmi_line_ends_the_job::{what}"), move || corrupted(what));
    }
    for what in ["unknown", "number", "spawn", "barrier", "half"] {
        cases.add(format!("launcher::an_odd_pmi_request_does_no_harm::{what}"), move || {
            let run = Run::pip("-n 2").arg(sources::program("launcher/garbage.c")?).arg(what).limit(20);
            let outcome = run.end()?;
            ensure!(outcome.code.is_some_and(|code| code != 0), "an exit status other than 0 was expected\n{outcome}");
            Ok(())
        });
    }
    cases.add("launcher::a_stopped_rank_does_not_survive_a_signal", || {
        let mut run = Run::pip("-n 2 sh -c").arg("echo ready; kill -STOP $$").start()?;
        run.await_lines(2, "ready")?;
        run.signal(libc::SIGTERM);
        run.end()?.expect_code(libc::SIGTERM).map(drop)
    });
    cases.add("launcher::a_waiting_launcher_costs_nothing", || {
        let mut run = Run::pip("-n 4").arg(sources::program("launcher/act.c")?).arg("wait").start()?;
        run.await_lines(4, "ready")?;
        let used = |pid: i32| -> Result<u64> {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/stat"))?;
            let after = stat.rsplit(')').next().unwrap_or_default();
            Ok(after.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum())
        };
        let before = used(run.pid())?;
        std::thread::sleep(std::time::Duration::from_secs(1));
        let ticks = used(run.pid())? - before;
        run.signal(libc::SIGKILL);
        run.end()?;
        ensure!(ticks <= 1, "{ticks} ticks of 10 ms in a second of waiting");
        Ok(())
    });
    cases.add("launcher::too_few_descriptors_are_named", || {
        // Wherever in the start of a rank the descriptors run out.
        for limit in 36..=44 {
            let pip = places::built("pip-mpiexec");
            let command = format!("ulimit -n {limit}; exec {} -n 20 sleep 100", pip.display());
            let outcome = Run::new("bash").arg("-c").arg(command).end()?;
            outcome.expect_code(126)?.expect_err(&["Too many open files", "ulimit -n"])?;
            one_line_of_the_launcher(&outcome)?;
        }
        Ok(())
    });
    cases.add_if("launcher::too_few_processes_are_named", nobody(), || {
        let command = format!("ulimit -u 12; cd /; exec {} -n 40 sleep 100", places::built("pip-mpiexec").display());
        let outcome = Run::new("setpriv").words(NOBODY).arg("bash").arg("-c").arg(command).end()?;
        outcome.expect_code(126)?.expect_err(&["did not start", "ulimit -u"])?;
        one_line_of_the_launcher(&outcome)
    });
    cases.add("launcher::many_processes_start_and_end", || {
        Run::pip("-n 512 /bin/true").end()?.expect_code(0)?.expect_quiet()?.expect_lines(&[]).map(drop)
    });
    cases.add("launcher::many_ranks_start_and_end", || {
        let outcome = Run::pip("-n 200 sh -c").arg("echo $PMI_RANK").end()?;
        let lines: Vec<String> = (0..200).map(|rank| rank.to_string()).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        outcome.expect_code(0)?.expect_quiet()?.expect_lines(&lines).map(drop)
    });
    cases.add("launcher::a_job_within_a_job", || {
        let inner = places::built("pip-mpiexec");
        let command = format!("{} -n 2 {} code 3", inner.display(), sources::program("launcher/act.c")?.display());
        Run::pip("-n 2 sh -c").arg(command).end()?.expect_code(3).map(drop)
    });
}

/// Options of setpriv for a user without processes, whose number can then be limited.
const NOBODY: &str = "--reuid=65533 --clear-groups";

/// Whether such a user may run the launcher.
fn nobody() -> Result<(), String> {
    let run = Run::new("setpriv").words(NOBODY).arg(places::built("pip-mpiexec")).arg("-version");
    match run.end() {
        Ok(outcome) if outcome.code == Some(0) => Ok(()),
        _ => Err("no other user may run the launcher here".to_owned()),
    }
}

/// The launcher itself says one thing, whatever the ranks say.
pub fn one_line_of_the_launcher(outcome: &Outcome) -> Result<()> {
    let lines = outcome.err().lines().filter(|line| line.starts_with("pip-mpiexec:")).count();
    ensure!(lines == 1, "{lines} lines of the launcher instead of one\n{outcome}");
    Ok(())
}

fn mpmd() -> Result<()> {
    let act = sources::program("launcher/act.c")?;
    let run = |run: Run| run.words("-n 2").arg(&act).words("appnum a : -n 1").arg(&act).words("appnum b").end();
    let stock = run(Run::stock(""))?;
    let expected = stock.expect_code(0)?.sorted();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    ensure!(
        expected == ["rank 0 of 3, a, appnum 0", "rank 1 of 3, a, appnum 0", "rank 2 of 3, b, appnum 1"],
        "{stock}"
    );
    run(Run::pip(""))?.expect_code(0)?.expect_quiet()?.expect_lines(&expected).map(drop)
}

/// Tasks that are no ranks do not count in the world, and the ranks survive their end.
fn beside_the_ranks() -> Result<()> {
    let act = sources::program("launcher/act.c")?;
    let script = "echo beside $PMI_RANK$PMI_SIZE$PMI_FD; kill -9 $$";
    let run = Run::pip("-no-rank -n 2 sh -c").arg(script).words(": -n 2").arg(&act).words("appnum a");
    let outcome = run.end()?;
    let expected = ["beside", "beside", "rank 0 of 2, a, appnum 0", "rank 1 of 2, a, appnum 0"];
    outcome.expect_code(libc::SIGKILL)?.expect_lines(&expected)?;
    outcome.expect_err(&["task 2 beside the ranks", "task 3 beside the ranks", "(Killed); the ranks go on"])?;
    // The exit status is theirs too, and the end of a rank is still the end of all.
    Run::pip("-n 1 true : -no-rank sh -c").arg("exit 3").end()?.expect_code(3)?.expect_quiet()?;
    let outcome = Run::pip("-no-rank sleep 1000 : -n 2").arg(&act).words("kill 9").end()?;
    outcome.expect_code(libc::SIGKILL)?;
    one_line_of_the_launcher(&outcome)
}

fn environment() -> Result<()> {
    let show = "echo \"$PMI_RANK $A $B $C\"";
    let run = Run::pip("-genv A all -genv B all -env B 0 -n 1 sh -c").arg(show);
    let run = run.words(": -env C=x=y -n 1 sh -c").arg(show).env("C", "inherited").env("A", "overridden");
    run.end()?.expect_code(0)?.expect_quiet()?.expect_lines(&["0 all 0 inherited", "1 all all x=y"]).map(drop)
}

fn corrupted(what: &str) -> Result<()> {
    let outcome = Run::pip("-n 2").arg(sources::program("launcher/garbage.c")?).arg(what).limit(20).end()?;
    ensure!(outcome.code.is_some_and(|code| code != 0), "an exit status other than 0 was expected\n{outcome}");
    outcome.expect_err(&["rank 1"])?;
    one_line_of_the_launcher(&outcome)
}
