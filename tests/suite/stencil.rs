//! The stencil example: every variant has one result under every launcher and number of ranks, its picture is a picture, and
//! what it cannot do it says in one sentence.

use anyhow::{Context, Result, ensure};
use pip_tests::cases::Cases;
use pip_tests::places;
use pip_tests::run::{Outcome, Run};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

const LAUNCHERS: [&str; 2] = ["pip", "stock"];
const VARIANTS: [&str; 3] = ["sendrecv", "put", "shared"];
/// Neither 2 nor 3 ranks get equal parts of it.
const PROBLEM: &str = "--size 67 --iterations 40";
/// (name, arguments, exit status, what the sentence contains); `D` is an empty folder.
const WRONG: [(&str, &str, i32, &[&str]); 9] = [
    ("a_size_of_0", "--size 0", 2, &["--size 0", "from 1 to"]),
    ("a_size_below_the_ranks", "--size 1", 1, &["--size 1", "2 x 1 ranks"]),
    ("a_size_beyond_memory", "--size 1000000", 1, &["--size 1000000", "GB", "smaller"]),
    ("a_size_that_is_no_number", "--size many", 2, &["--size many"]),
    ("no_iterations", "--iterations 0", 2, &["--iterations 0"]),
    ("an_unknown_variant", "--variant get", 2, &["--variant get", "sendrecv, put, shared or all"]),
    ("an_unknown_option", "--faster", 2, &["--faster", "-h"]),
    ("a_plot_in_no_folder", "--plot D/none/heat.png", 1, &["none/heat.png", "cannot be written"]),
    ("a_plot_onto_a_folder", "--plot D", 1, &["--plot", "cannot be written"]),
];

pub fn add(cases: &mut Cases) {
    for launcher in LAUNCHERS {
        for np in 1..=4 {
            for variant in VARIANTS {
                cases.add(format!("stencil::{launcher}::{variant}::{np}_ranks"), move || one(launcher, np, variant));
            }
        }
        cases.add(format!("stencil::{launcher}::all"), move || all(launcher));
        cases.add(format!("stencil::{launcher}::plot"), move || plot(launcher));
        for (name, args, code, texts) in WRONG {
            cases.add(format!("stencil::{launcher}::refuses::{name}"), move || wrong(launcher, args, code, texts));
        }
    }
    cases.add("stencil::without_check", || {
        let outcome = run("pip", 2).words(PROBLEM).words("--no-check").end()?;
        let text = outcome.expect_code(0)?.out();
        ensure!(text.contains("compared by checksum with each other only") && !text.contains("serial"), "{outcome}");
        ensure!(checksum(&outcome)? == reference()?, "{outcome}");
        Ok(())
    });
}

fn run(launcher: &str, np: usize) -> Run {
    let np = format!("-n {np}");
    let run = if launcher == "stock" { Run::stock(&np) } else { Run::pip(&np) };
    run.arg(places::built("stencil")).limit(120)
}

fn checksum(outcome: &Outcome) -> Result<String> {
    let text = outcome.out();
    let found = text.lines().find_map(|line| line.strip_prefix("checksum "));
    found.map(str::to_owned).with_context(|| format!("there is no checksum\n{outcome}"))
}

/// The checksum of one rank with the most ordinary variant, which the serial run confirms.
fn reference() -> Result<String> {
    static REFERENCE: OnceLock<String> = OnceLock::new();
    if let Some(known) = REFERENCE.get() {
        return Ok(known.clone());
    }
    let outcome = run("stock", 1).words(PROBLEM).words("--variant sendrecv").end()?;
    outcome.expect_code(0)?;
    Ok(REFERENCE.get_or_init(|| checksum(&outcome).unwrap_or_default()).clone())
}

fn one(launcher: &str, np: usize, variant: &str) -> Result<()> {
    let outcome = run(launcher, np).words(PROBLEM).words(&format!("--variant {variant}")).end()?;
    outcome.expect_code(0)?.expect_quiet()?;
    let verdict = format!("{variant}: all 4489 points equal the serial run's to the last bit.");
    ensure!(outcome.out().lines().any(|line| line == verdict), "{outcome}");
    ensure!(checksum(&outcome)? == reference()?, "another checksum than {}\n{outcome}", reference()?);
    Ok(())
}

/// The table has a row of positive times for each variant, and address spaces are counted as they are.
fn all(launcher: &str) -> Result<()> {
    let outcome = run(launcher, 3).words("--size 200 --iterations 20").end()?;
    let text = outcome.expect_code(0)?.expect_quiet()?.out();
    for variant in VARIANTS {
        let row = text.lines().find(|line| line.split_whitespace().next() == Some(variant));
        let words: Vec<_> = row.unwrap_or_default().split_whitespace().collect();
        let positive = |word: &&str| word.parse::<f64>().is_ok_and(|number| number > 0.0);
        ensure!(
            words.get(2).is_some_and(positive) && words.last().is_some_and(positive),
            "no row of {variant}\n{outcome}"
        );
    }
    let spaces = if launcher == "pip" { "in 1 address space" } else { "in 3 address spaces" };
    let first = text.lines().next().unwrap_or_default();
    // A container may forbid the system call that tells.
    ensure!(first.ends_with(spaces) || first.contains("refuses kcmp"), "{outcome}");
    Ok(())
}

/// The picture is the same for any ranks, for its cells are single points here.
fn plot(launcher: &str) -> Result<()> {
    let folder = places::temporary()?;
    let draw = |launcher: &str, np: usize, name: &str| {
        let file = folder.path().join(name);
        run(launcher, np).words(PROBLEM).words("--variant shared --plot").arg(&file).end()?.expect_code(0)?;
        picture(&file)
    };
    ensure!(draw(launcher, 3, "three.png")? == draw("stock", 1, "one.png")?, "the pictures of 3 ranks and of 1 differ");
    Ok(())
}

/// The bytes of a PNG file, from signature to end mark.
fn picture(file: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(file).with_context(|| format!("{}: cannot be read", file.display()))?;
    let good =
        bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.ends_with(b"IEND\xae\x42\x60\x82") && bytes.len() > 1000;
    ensure!(good, "{}: {} bytes that are no PNG file", file.display(), bytes.len());
    Ok(bytes)
}

/// One line, from rank 0, and nobody hangs.
fn wrong(launcher: &str, args: &str, code: i32, texts: &[&str]) -> Result<()> {
    let folder = places::temporary()?;
    let args = args.replace('D', &folder.path().to_string_lossy());
    let outcome = run(launcher, 2).words(&args).end()?;
    outcome.expect_code(code)?.expect_err(texts)?;
    ensure!(outcome.err().matches("stencil: ").count() == 1, "one sentence was expected\n{outcome}");
    Ok(())
}
