//! Options whose cases need more than a command line: standard input, debuggers, limits.

use super::hostname;
use anyhow::{Context, Result, ensure};
use pip_tests::cases::{Cases, needs};
use pip_tests::run::Run;
use pip_tests::{places, sources};
use std::fs;

/// The options of these cases, for the list of those that have one.
pub const LINES: [&str; 1] = ["-s -gdb"];

pub fn add(cases: &mut Cases) {
    cases.add("options::standard_input_goes_to_the_rank_that_is_named", || {
        let count = |target: &str| {
            let run = Run::pip("-s").arg(target).words("-n 3 sh -c").arg("echo $PMI_RANK $(wc -c)");
            run.input(vec![b'x'; 1 << 20]).end()
        };
        count("2")?.expect_code(0)?.expect_quiet()?.expect_lines(&["0 0", "1 0", "2 1048576"])?;
        count("none")?.expect_code(0)?.expect_quiet()?.expect_lines(&["0 0", "1 0", "2 0"])?;
        count("all")?.expect_code(0)?.expect_quiet()?.expect_lines(&["0 1048576", "1 1048576", "2 1048576"]).map(drop)
    });
    cases.add("options::all_ranks_get_the_same_input_whatever_others_do", || {
        let bytes: Vec<u8> = (0..3u32 << 20).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let sum = Run::new("cksum").input(bytes.clone()).end()?.out();
        // One does not read, one reads little, one comes late.
        let script = "case $PMI_RANK in 0) true;; 1) head -c 10 > /dev/null;; 2) sleep 0.3; cksum;; *) cksum;; esac";
        let outcome = Run::pip("-s all -n 4 sh -c").arg(script).input(bytes).end()?;
        outcome.expect_code(0)?.expect_quiet()?.expect_lines(&[sum.trim(), sum.trim()]).map(drop)
    });
    cases.add_if("options::a_tool_reads_the_process_table", needs("gdb"), process_table);
    cases.add_if("options::gdb_shows_the_ranks", needs("gdb").and_then(|()| needs("gcc")), under_gdb);
    cases.add_if("options::gdb_says_where_ranks_of_other_hosts_are_shown", needs("gdb"), || {
        let run = Run::pip("-gdb -launcher fork -hosts a,b -n 2 sh -c").arg("echo $PMI_RANK; sleep 0.2");
        let outcome = run.env("DEBUGINFOD_URLS", "").input(b"run\nquit\n".to_vec()).end()?;
        let out = outcome.out();
        ensure!(["0", "1"].iter().all(|rank| out.lines().any(|line| line == *rank)), "{outcome}");
        outcome.expect_err(&["host a: its ranks are tasks", "host b: its ranks are tasks", "'pip-gdb -p'"]).map(drop)
    });
    cases.add("options::forbidden_processors_are_not_bound_to", || {
        let outcome = Run::new("taskset").words("-c 0").arg(places::built("pip-mpiexec"));
        let outcome = outcome.words("-bind-to core -n 2 grep Cpus_allowed_list /proc/self/status").end()?;
        outcome.expect_code(0)?.expect_quiet()?.expect_lines(&["Cpus_allowed_list:\t0"; 2]).map(drop)
    });
    cases.add("options::bound_ranks_split_by_hardware_as_under_hydra", || {
        let program = sources::program("mpi/split_types.c")?;
        let words = "-bind-to core -n 2";
        let stock = Run::stock(words).arg(&program).end()?.sorted();
        let outcome = Run::pip(words).arg(&program).end()?;
        outcome.expect_code(0)?.expect_quiet()?;
        ensure!(outcome.sorted() == stock, "not as under Hydra:\n{}", outcome.out());
        Ok(())
    });
    cases.add("options::a_binding_of_the_host_file_holds_for_its_host", || {
        let folder = places::temporary()?;
        fs::write(folder.path().join("hosts"), format!("{}:2 binding=user:0,0\n", hostname()))?;
        let run = Run::pip("-f hosts -n 2 grep Cpus_allowed_list /proc/self/status").folder(folder.path());
        run.end()?.expect_code(0)?.expect_quiet()?.expect_lines(&["Cpus_allowed_list:\t0"; 2]).map(drop)
    });
    cases.add("options::memory_comes_from_where_it_should", || {
        let run = Run::pip("-membind bind:0 -n 2 sh -c").arg("grep -c 'bind:0' /proc/self/numa_maps");
        let outcome = run.end()?;
        outcome.expect_code(0)?.expect_quiet()?;
        ensure!(outcome.out().lines().all(|line| line.parse::<u32>().is_ok_and(|count| count > 0)), "{outcome}");
        Run::pip("-membind bind:900 true").end()?.expect_code(126)?.expect_err(&["-membind"]).map(drop)
    });
    cases.add("options::an_exit_code_of_a_killed_rank_is_its_signal", || {
        let run = Run::pip("-print-all-exitcodes -dac -n 2 sh -c").arg("test $PMI_RANK = 0 || kill -9 $$");
        let line = format!("[mpiexec@{0}] Exit codes: [{0}] 0,9", hostname());
        run.end()?.expect_code(9)?.expect_lines(&[&line]).map(drop)
    });
    cases.add("options::the_manual_page_is_one", || {
        let outcome = Run::pip("-manual-page").end()?;
        outcome.expect_code(0)?.expect_quiet()?;
        ensure!(outcome.out().starts_with(".TH PIP\\-MPIEXEC 1"), "{outcome}");
        Ok(())
    });
}

/// A tool announces itself, stops where the interface says, and finds the ranks in the table: living processes that have not
/// left MPI_Init.
fn process_table() -> Result<()> {
    let act = sources::program("launcher/act.c")?;
    let table = "*(unsigned long *)&MPIR_proctable";
    let print = |rank: usize| {
        let at = rank * 24;
        format!(
            "printf \"rank %s %s %d\\n\", *(char **)({table} + {at}), *(char **)({table} + {at} + 8), *(int *)({table} + {at} + 16)"
        )
    };
    let steps = [
        "set language c".to_owned(),
        "tbreak main".to_owned(),
        "break MPIR_Breakpoint".to_owned(),
        "run".to_owned(),
        "set {int}&MPIR_being_debugged = 1".to_owned(),
        "continue".to_owned(),
        "printf \"state %d size %d\\n\", *(int *)&MPIR_debug_state, *(int *)&MPIR_proctable_size".to_owned(),
        print(0),
        print(1),
        format!("eval \"shell grep -H State /proc/%d/status\", *(int *)({table} + 40)"),
        "continue".to_owned(),
        "printf \"state %d: %s\\n\", *(int *)&MPIR_debug_state, *(char **)&MPIR_debug_abort_string".to_owned(),
        "continue".to_owned(),
    ];
    let gdb = Run::new("gdb").words("-nx -batch").env("DEBUGINFOD_URLS", "");
    let gdb = steps.iter().fold(gdb, |gdb, step| gdb.arg("-ex").arg(step));
    let gdb = gdb.arg("--args").arg(places::built("pip-mpiexec")).words("-n 2").arg(&act).words("abort 3");
    let outcome = gdb.end()?;
    let out = outcome.out();
    ensure!(out.contains("state 1 size 2"), "no table\n{outcome}");
    let rows: Vec<&str> = out.lines().filter(|line| line.starts_with("rank ")).collect();
    let pids: Vec<i32> = rows.iter().filter_map(|row| row.split_whitespace().last()?.parse().ok()).collect();
    ensure!(pids.len() == 2 && pids[0] != pids[1] && pids.iter().all(|&pid| pid > 1), "PIDs {pids:?}\n{outcome}");
    let program = act.display().to_string();
    ensure!(rows.iter().all(|row| row.contains(&hostname()) && row.contains(&program)), "{rows:?}\n{outcome}");
    ensure!(out.contains(&format!("/proc/{}/status:State:", pids[1])), "rank 1 does not live\n{outcome}");
    ensure!(out.contains("state 2: called MPI_Abort with code 3"), "no end\n{outcome}");
    ensure!(out.contains("exited with code 03"), "another exit status\n{outcome}");
    Ok(())
}

/// `-gdb` starts pip-gdb, in which a breakpoint in the program stops a rank.
fn under_gdb() -> Result<()> {
    let worker = sources::program("pip/debug/worker.c")?;
    let commands = b"break innermost\nrun\nbacktrace 2\npip tasks\nkill\nquit\n";
    let run = Run::pip("-gdb -no-shim -n 2").arg(&worker).env("DEBUGINFOD_URLS", "").input(commands.to_vec());
    let outcome = run.end()?;
    let out = outcome.out();
    ensure!(out.contains("#0  innermost (crash=0)") || out.contains(" innermost (crash=0)"), "not stopped\n{outcome}");
    let tasks = out.lines().filter(|line| line.contains(" alive ") && !line.trim_start().starts_with("root")).count();
    ensure!(tasks == 2, "{tasks} tasks\n{outcome}");
    let name = worker.file_name().context("a name")?.to_string_lossy().into_owned();
    ensure!(out.contains(&name), "another program\n{outcome}");
    Ok(())
}
