//! Standard input, output and error of a job.

use anyhow::{Result, ensure};
use pip_tests::cases::Cases;
use pip_tests::run::Run;
use pip_tests::sources;

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
    cases.add("launcher::streams::lines_of_eight_ranks_stay_whole_and_in_order", whole_lines);
    cases.add("launcher::streams::the_rank_stands_before_each_line", || {
        let run = Run::pip("-l -n 2 sh -c").arg("printf 'one\\ntwo'; printf ' parts\\n'; echo error >&2");
        let outcome = run.end()?;
        outcome.expect_code(0)?.expect_lines(&["[0] one", "[0] two parts", "[1] one", "[1] two parts"])?;
        outcome.expect_err(&["[0] error\n", "[1] error\n"]).map(drop)
    });
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

/// 8 ranks write 10 MB each, in lines of all lengths.
fn whole_lines() -> Result<()> {
    const LINES: usize = 100_000;
    let script = "my $r = $ENV{PMI_RANK}; for my $i (0 .. 99999) { print \"$r $i \", chr(97 + $i % 26) x ($i * 7 % 190), \"\\n\" }";
    let outcome = Run::pip("-n 8 perl -e").arg(script).limit(120).end()?;
    outcome.expect_code(0)?.expect_quiet()?;
    let mut next = [0; 8];
    for line in outcome.out().lines() {
        let mut words = line.splitn(3, ' ');
        let mut number = || words.next().and_then(|word| word.parse::<usize>().ok()).unwrap_or(usize::MAX);
        let (rank, index) = (number(), number());
        ensure!(rank < 8 && index == next[rank], "line {line:?} where line {:?} of its rank was due", next.get(rank));
        let (text, letter) = (words.next().unwrap_or_default(), char::from(b'a' + (index % 26) as u8));
        ensure!(text.len() == index * 7 % 190 && text.chars().all(|c| c == letter), "a broken line: {line:?}");
        next[rank] += 1;
    }
    ensure!(next == [LINES; 8], "lines per rank: {next:?}");
    Ok(())
}
