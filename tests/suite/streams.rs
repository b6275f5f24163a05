//! Standard input, output and error of a job.

use anyhow::{Result, ensure};
use pip_tests::cases::Cases;
use pip_tests::run::{Outcome, Run};
use pip_tests::{places, sources};

pub fn add(cases: &mut Cases) {
    cases.add("launcher::streams::rank_0_gets_all_of_standard_input", || {
        let bytes: Vec<u8> = (0..100u32 << 18).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let sum = Run::new("cksum").input(bytes.clone()).end()?.out();
        let outcome = Run::pip("-n 2 sh -c").arg("cksum").input(bytes).end()?;
        outcome.expect_code(0)?.expect_quiet()?.expect_lines(&[sum.trim(), "4294967295 0"]).map(drop)
    });
    cases.add("launcher::streams::an_unread_input_does_not_hold_up_the_job", || {
        Run::pip("-n 2 true").input(vec![b'x'; 10 << 20]).end()?.expect_code(0)?.expect_quiet().map(drop)
    });
    cases.add("launcher::streams::lines_of_eight_ranks_stay_whole_and_in_order", || {
        let outcome = flood("-n 8 perl -e")?;
        in_order(&outcome.stdout, &[0, 1, 2, 3, 4, 5, 6, 7])
    });
    cases.add("launcher::streams::files_of_eight_ranks_are_whole_and_in_order", || {
        let folder = places::temporary()?;
        let outcome = flood(&format!("-outfile-pattern {}/%r -n 8 perl -e", folder.path().display()))?;
        ensure!(outcome.stdout.is_empty(), "{outcome}");
        (0..8).try_for_each(|rank| in_order(&std::fs::read(folder.path().join(rank.to_string()))?, &[rank]))
    });
    cases.add("launcher::streams::a_flooded_error_stream_does_not_hold_up_the_other", || {
        let script = "yes error | head -c 30000000 >&2; echo out $PMI_RANK";
        let outcome = Run::pip("-n 2 sh -c").arg(script).end()?;
        outcome.expect_code(0)?.expect_lines(&["out 0", "out 1"])?;
        ensure!(outcome.stderr.len() == 60_000_000, "{} bytes of errors\n{outcome}", outcome.stderr.len());
        let whole = outcome.stderr.chunks(6).all(|line| line == b"error\n");
        ensure!(whole, "broken lines of errors\n{outcome}");
        Ok(())
    });
    cases.add("launcher::streams::a_rank_may_close_its_output", || {
        let outcome = Run::pip("-n 3 sh -c").arg("exec >&- 2>&-; sleep 0.1; exit 4").end()?;
        outcome.expect_code(4)?.expect_quiet()?.expect_lines(&[]).map(drop)
    });
    cases.add("launcher::streams::a_full_disk_is_named_and_the_job_goes_on", full_disk);
    cases.add("launcher::streams::the_rank_stands_before_each_line", || {
        let run = Run::pip("-l -n 2 sh -c").arg("printf 'one\\ntwo'; printf ' parts\\n'; echo error >&2");
        let outcome = run.end()?;
        outcome.expect_code(0)?.expect_lines(&["[0] one", "[0] two parts", "[1] one", "[1] two parts"])?;
        outcome.expect_err(&["[0] error\n", "[1] error\n"]).map(drop)
    });
    cases.add("launcher::streams::a_line_that_takes_time_is_not_torn", || {
        slow_lines(Run::pip(""))?;
        slow_lines(Run::pip("-l"))
    });
    cases.add("launcher::streams::a_prompt_comes_though_others_write", || prompt(Run::pip("")));
    cases.add("launcher::streams::output_and_error_stay_apart", || {
        let outcome = Run::pip("-n 1 sh -c").arg("echo out; echo err >&2; printf 'no newline'").end()?;
        ensure!(outcome.stdout == b"out\nno newline" && outcome.stderr == b"err\n", "{outcome}");
        Ok(())
    });
    cases.add("launcher::streams::bytes_pass_unchanged", || {
        let bytes: Vec<u8> = (0..300_000u32).map(|i| (i * 7 % 256) as u8).collect();
        let outcome = Run::pip("-n 1 cat").input(bytes.clone()).end()?;
        ensure!(outcome.expect_code(0)?.stdout == bytes, "{} bytes came back changed", outcome.stdout.len());
        Ok(())
    });
    cases.add("launcher::streams::a_closed_output_ends_the_job", || {
        let launcher = pip_tests::places::built("pip-mpiexec");
        let command = format!("{} -n 2 yes | head -n 3; echo ${{PIPESTATUS[0]}}", launcher.display());
        Run::new("bash").arg("-c").arg(command).end()?.expect_lines(&["y", "y", "y", "13"]).map(drop)
    });
    cases.add("launcher::streams::what_a_dying_rank_wrote_is_not_lost", || {
        let outcome = Run::pip("-n 2 sh -c").arg("head -c 60000 /dev/zero | tr '\\0' x; echo; kill -9 $$").end()?;
        let whole = outcome.expect_code(9)?.out().lines().any(|line| line.len() == 60_000);
        ensure!(whole, "the output of the rank that ended the job is incomplete\n{outcome}");
        Ok(())
    });
    cases.add("launcher::streams::closed_standard_streams_do_no_harm", || {
        let launcher = pip_tests::places::built("pip-mpiexec");
        let act = sources::program("launcher/act.c")?;
        let command = format!("{} -n 2 {} code 1 <&- >&- 2>&-; echo $?", launcher.display(), act.display());
        Run::new("bash").arg("-c").arg(command).end()?.expect_lines(&["1"]).map(drop)
    });
}

/// Rank 0 takes its time for each line, with pauses at which a prompt would be shown; rank 1 writes all the while, or pauses as well.
pub fn slow_lines(run: Run) -> Result<()> {
    let script = "if [ $PMI_RANK = 0 ]; then for i in 1 2; do printf 'slow '; sleep 0.5; printf 'line '; sleep 0.5; echo end; done; \
        else for i in $(seq 30); do echo tick $i; sleep 0.02; done; sleep 0.8; for i in $(seq 30); do echo tick; sleep 0.02; done; fi";
    let outcome = run.words("-n 2 sh -c").arg(script).end()?;
    outcome.expect_code(0)?.expect_quiet()?;
    let out = outcome.out();
    let lines = out.lines().map(|line| line.trim_start_matches(['[', ']', '0', '1', ' ']));
    let slow = lines.clone().filter(|line| *line == "slow line end").count();
    let ticks = lines.clone().filter(|line| line.starts_with("tick")).count();
    ensure!((slow, ticks, lines.count()) == (2, 60, 62), "{outcome}");
    Ok(())
}

/// Rank 0 asks and waits, while rank 1 never ceases to write: the question comes, and the lines of rank 1 stay whole and go on.
pub fn prompt(run: Run) -> Result<()> {
    let folder = places::temporary()?;
    let done = folder.path().join("done");
    let script = "if [ $PMI_RANK = 0 ]; then printf 'name? '; while [ ! -e $DONE ]; do sleep 0.05; done; echo done; \
        else while [ ! -e $DONE ]; do echo tick tick; sleep 0.03; done; fi";
    let mut job = run.words("-n 2 sh -c").arg(script).env("DONE", &done).limit(40).start()?;
    let before = job.await_lines(1, "name? ")?;
    ensure!(before.ends_with("\nname? ") || before.starts_with("name? "), "{before:?}");
    let ticks = |text: &str| text.lines().filter(|line| *line == "tick tick").count();
    job.await_lines(ticks(&before) + 10, "tick tick")?;
    std::fs::write(&done, "")?;
    let outcome = job.end()?;
    let out = outcome.expect_code(0)?.expect_quiet()?.out();
    let whole = |line: &str| ["tick tick", "name? ", "done", "name? done"].contains(&line);
    ensure!(out.lines().all(whole), "{outcome}");
    Ok(())
}

/// Lines of each rank.
const LINES: usize = 262_144;

/// 8 ranks write 25 MB each, in lines of all lengths.
fn flood(options: &str) -> Result<Outcome> {
    let script = "my $r = $ENV{PMI_RANK}; for my $i (0 .. 262143) { print \"$r $i \", chr(97 + $i % 26) x ($i * 7 % 190), \"\\n\" }";
    let outcome = Run::pip(options).arg(script).limit(120).end()?;
    outcome.expect_code(0)?.expect_quiet()?;
    Ok(outcome)
}

/// Whether these are all the lines of these ranks, unbroken, those of a rank in order.
fn in_order(bytes: &[u8], ranks: &[usize]) -> Result<()> {
    let mut next = [0; 8];
    for line in std::str::from_utf8(bytes)?.lines() {
        let mut words = line.splitn(3, ' ');
        let mut number = || words.next().and_then(|word| word.parse::<usize>().ok()).unwrap_or(usize::MAX);
        let (rank, index) = (number(), number());
        ensure!(rank < 8 && index == next[rank], "line {line:?} where line {:?} of its rank was due", next.get(rank));
        let (text, letter) = (words.next().unwrap_or_default(), b'a' + (index % 26) as u8);
        ensure!(text.len() == index * 7 % 190 && text.bytes().all(|byte| byte == letter), "a broken line: {line:?}");
        next[rank] += 1;
    }
    let wanted: Vec<usize> = (0..8).map(|rank| if ranks.contains(&rank) { LINES } else { 0 }).collect();
    ensure!(next == *wanted, "lines per rank: {next:?}");
    Ok(())
}

/// The rest of the output is lost, the ranks do their work, and the exit status tells.
fn full_disk() -> Result<()> {
    let folder = places::temporary()?;
    let launcher = places::built("pip-mpiexec");
    let rank = "sh -c 'yes | head -c 300000; echo done >&2'";
    for (what, command, named) in [
        ("a device", format!("{} -outfile-pattern /dev/full -n 2 {rank}", launcher.display()), "No space left"),
        (
            "a limit",
            format!("ulimit -f 100; {} -outfile-pattern out.%r -n 2 {rank}", launcher.display()),
            "File too large",
        ),
        ("standard output", format!("{} -n 2 {rank} > /dev/full", launcher.display()), "No space left"),
    ] {
        // Not replaced by the launcher: the shell tells how it ended.
        let shell = Run::new("bash").arg("-c").arg(format!("{command}; exit $?")).folder(folder.path());
        let outcome = shell.end()?;
        outcome.expect_code(1)?.expect_err(&["cannot be written", named])?;
        ensure!(outcome.err().matches("done\n").count() == 2, "{what}: the ranks did not end\n{outcome}");
        ensure!(outcome.err().lines().count() == 3, "{what}: more than one message\n{outcome}");
    }
    ensure!(std::fs::metadata(folder.path().join("out.1"))?.len() == 102_400, "not up to the limit");
    Ok(())
}
