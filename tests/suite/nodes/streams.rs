//! Standard input and output across hosts.

use super::on;
use anyhow::{Result, ensure};
use pip_tests::cases::Cases;
use pip_tests::run::Run;

/// Lines of each rank.
const LINES: usize = 50_000;

pub fn add(cases: &mut Cases) {
    cases.add("nodes::streams::lines_of_eight_ranks_stay_whole_and_in_order", || {
        let script = format!(
            "my $r = $ENV{{PMI_RANK}}; for my $i (0 .. {}) {{ print \"$r $i \", chr(97 + $i % 26) x ($i * 7 % 190), \"\\n\" }}",
            LINES - 1
        );
        let outcome = on("-hosts a:4,b:4 -n 8 perl -e").arg(script).limit(120).end()?;
        outcome.expect_code(0)?.expect_quiet()?;
        check_lines(&outcome.out())
    });
    cases.add("nodes::streams::the_reader_gets_all_of_standard_input", || {
        let bytes: Vec<u8> = (0..20u32 << 18).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let sum = Run::new("cksum").input(bytes.clone()).end()?.out();
        for reader in ["0", "1"] {
            let run = on(&format!("-s {reader} -hosts a,b -n 2 cksum")).input(bytes.clone());
            run.end()?.expect_code(0)?.expect_quiet()?.expect_lines(&[sum.trim(), "4294967295 0"])?;
        }
        let all = on("-s all -hosts a,b -n 3 cksum").input(bytes);
        all.end()?.expect_code(0)?.expect_quiet()?.expect_lines(&[sum.trim(); 3]).map(drop)
    });
    cases.add("nodes::streams::an_unread_input_does_not_hold_up_the_job", || {
        on("-hosts a,b -n 2 true").input(vec![b'x'; 10 << 20]).end()?.expect_code(0)?.expect_quiet().map(drop)
    });
    cases.add("nodes::streams::the_rank_stands_before_each_line", || {
        let run = on("-l -hosts a,b -n 2 sh -c").arg("printf 'one\\ntwo'; printf ' parts\\n'; echo error >&2");
        let outcome = run.end()?;
        outcome.expect_code(0)?.expect_lines(&["[0] one", "[0] two parts", "[1] one", "[1] two parts"])?;
        outcome.expect_err(&["[0] error\n", "[1] error\n"]).map(drop)
    });
    cases.add("nodes::streams::a_line_that_takes_time_is_not_torn", || {
        crate::streams::slow_lines(on("-hosts a,b"))?;
        crate::streams::slow_lines(on("-hosts b:2"))
    });
    cases.add("nodes::streams::a_prompt_comes_though_others_write", || crate::streams::prompt(on("-hosts a,b")));
    cases.add("nodes::streams::a_slow_reader_slows_the_ranks_and_fills_no_memory", || {
        // Each process may have 64 MiB beside its programs; the ranks would write gigabytes in that time.
        let launcher = pip_tests::places::built("pip-mpiexec");
        let script = format!(
            "{} -launcher fork -hosts slow1,slow2 -n 2 yes | {{ sleep 2; \
             for pid in $(pgrep -f 'hosts slow1,slow2|-agent slow[12]'); do grep RssAnon /proc/$pid/status; done >&2; \
             head -n 1000; }}",
            launcher.display()
        );
        let outcome = Run::new("bash").arg("-c").arg(script).end()?;
        let sizes = outcome.err();
        let kilobytes = sizes.lines().filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        let kilobytes: Vec<u64> = kilobytes.collect();
        ensure!(kilobytes.len() >= 3 && kilobytes.iter().all(|&size| size < 64 << 10), "{outcome}");
        ensure!(outcome.out().lines().count() == 1000, "{outcome}");
        Ok(())
    });
    cases.add("nodes::streams::what_a_dying_rank_wrote_is_not_lost", || {
        let outcome =
            on("-hosts a,b -n 2 sh -c").arg("head -c 60000 /dev/zero | tr '\\0' x; echo; kill -9 $$").end()?;
        let whole = outcome.expect_code(9)?.out().lines().any(|line| line.len() == 60_000);
        ensure!(whole, "the output of the rank that ended the job is incomplete\n{outcome}");
        Ok(())
    });
}

fn check_lines(text: &str) -> Result<()> {
    let mut next = [0; 8];
    for line in text.lines() {
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
