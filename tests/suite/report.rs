//! `pip-mpiexec -report`: the page says what happened, whatever programs are called, and stands alone.

use anyhow::{Result, ensure};
use pip_tests::cases::Cases;
use pip_tests::run::{Outcome, Run};
use pip_tests::{places, sources};
use std::fs;

pub fn add(cases: &mut Cases) {
    cases.add("report::the_traffic_of_a_ring", || {
        let (outcome, page) = reported(|run| Ok(run.words("-n 3").arg(sources::program("launcher/ring.c")?)))?;
        outcome.expect_code(0)?.expect_quiet()?;
        for from in 0..3 {
            // 8 bytes and 1 MiB to the next rank, and nothing to the others.
            let (next, other) = ((from + 1) % 3, (from + 2) % 3);
            has(
                &page,
                &[
                    &format!("rank {from} to rank {next}: 1.0 MiB in 2 messages"),
                    &format!("rank {from} to rank {other}: nothing"),
                ],
            )?;
        }
        has(
            &page,
            &[
                "3 ranks: ring",
                "exit status 0",
                "MPI_Sendrecv",
                "MPI_Allreduce",
                "copied through the mailbox",
                "buffer to buffer",
            ],
        )?;
        ensure!(!page.contains("told nothing"), "all ranks have told:\n{page}");
        ensure!(page.matches("<tr").count() == page.matches("</tr>").count(), "rows that do not end:\n{page}");
        Ok(())
    });
    cases.add("report::names_are_no_markup_and_the_page_stands_alone", || {
        let folder = places::temporary()?;
        let program = folder.path().join("a<b>&'\"c");
        fs::copy(sources::program("launcher/ring.c")?, &program)?;
        let (outcome, page) = reported(|run| Ok(run.words("-n 2").arg(&program).arg("<script>x</script>")))?;
        outcome.expect_code(0)?;
        has(&page, &["a&lt;b&gt;&amp;", "&lt;script&gt;x&lt;/script&gt;"])?;
        ensure!(!page.contains("<b>&") && !page.contains("<script"), "markup of the job's:\n{page}");
        ensure!(
            ["http", "src=", "@import", "url("].iter().all(|word| !page.contains(word)),
            "something from elsewhere:\n{page}"
        );
        Ok(())
    });
    cases.add("report::ranks_without_shim_are_told_of", || {
        let (outcome, page) = reported(|run| Ok(run.words("-no-shim -n 2").arg(sources::program("launcher/ring.c")?)))?;
        outcome.expect_code(0)?;
        has(&page, &["2 of 2 ranks told nothing", "rank 1", "exited with status 0"])
    });
    cases.add("report::a_job_that_fails_is_reported_too", || {
        let (outcome, page) =
            reported(|run| Ok(run.words("-n 2").arg(sources::program("launcher/act.c")?).words("kill 9")))?;
        outcome.expect_code(9)?;
        has(&page, &["exit status 9", "was killed by signal 9"])
    });
    cases.add("report::hosts_are_named", || {
        let ring = sources::program("launcher/ring.c")?;
        let (outcome, page) =
            reported(|run| Ok(run.env("HYDRA_LAUNCHER", "fork").words("-hosts one:2,two:1 -n 3").arg(&ring)))?;
        outcome.expect_code(0)?;
        has(&page, &["ranks on 2 hosts", ">one<", ">two<"])
    });
    cases.add("report::the_variable_names_the_file_too", || {
        let folder = places::temporary()?;
        let file = folder.path().join("page.html");
        let ring = sources::program("launcher/ring.c")?;
        Run::pip("-n 2").arg(&ring).env("PIP_MPI_REPORT", &file).end()?.expect_code(0)?.expect_quiet()?;
        has(&fs::read_to_string(&file)?, &["2 ranks: ring"])
    });
    cases.add("report::a_file_that_cannot_be_made_is_named_before_anything_starts", || {
        let outcome = Run::pip("-report /no/such/folder/page.html -n 2 echo started").end()?;
        outcome.expect_code(126)?.expect_err(&["/no/such/folder/page.html", "No such file"])?;
        ensure!(outcome.stdout.is_empty() && outcome.err().lines().count() == 1, "{outcome}");
        Ok(())
    });
    cases.add("report::nothing_is_counted_without_it", || {
        let outcome = Run::pip("-n 1 sh -c").arg("echo \"${PIP_MPI_REPORT-unset}\"").end()?;
        outcome.expect_code(0)?.expect_lines(&["unset"]).map(drop)
    });
}

/// Runs a job with -report; how it ended, and the page.
fn reported(job: impl FnOnce(Run) -> Result<Run>) -> Result<(Outcome, String)> {
    let folder = places::temporary()?;
    let file = folder.path().join("page.html");
    let outcome = job(Run::pip("-report").arg(&file))?.end()?;
    Ok((outcome, fs::read_to_string(&file)?))
}

fn has(page: &str, texts: &[&str]) -> Result<()> {
    for text in texts {
        ensure!(page.contains(text), "{text:?} is missing in:\n{page}");
    }
    Ok(())
}
