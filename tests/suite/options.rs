//! pip-mpiexec: every option, with an expectation that was checked against Hydra where Hydra has the option.
//!
//! Each case is a command line, given to both launchers in a folder of its own. Outputs (lines sorted), exit statuses and the
//! files that came into being are compared.

mod cases;
mod own;

use anyhow::{Context, Result, bail, ensure};
use cases::{CASES, Expect, SEVERAL_HOSTS};
use pip_tests::cases::Cases;
use pip_tests::places;
use pip_tests::run::{Outcome, Run};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

pub fn add(cases: &mut Cases) {
    for (line, expect) in CASES.iter().chain(SEVERAL_HOSTS) {
        let possible = if line.contains("bind-to") || line.contains("BINDING") { all_processors() } else { Ok(()) };
        cases.add_if(format!("options::{}", name(line)), possible, move || {
            check(line, expect).with_context(|| format!("the case {line}"))
        });
    }
    cases.add("options::every_name_of_the_table_has_a_case", every_name_has_a_case);
    cases.add("options::every_option_explains_itself", every_option_explains_itself);
    own::add(cases);
}

/// A name for the test runner.
fn name(line: &str) -> String {
    line.chars().map(|c| if c.is_ascii_alphanumeric() || "-=.".contains(c) { c } else { '_' }).collect()
}

/// Hydra binds to all processors of the machine, also those that the test may not use.
fn all_processors() -> Result<(), String> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).map(str::trim);
    let online = fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
    if allowed == Some(online.trim()) { Ok(()) } else { Err("not all processors may be used here".to_owned()) }
}

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
struct Came {
    code: Option<i32>,
    out: Vec<String>,
    err: Vec<String>,
    files: BTreeMap<String, String>,
}

fn check(line: &str, expect: &Expect) -> Result<()> {
    let pip = run(Run::pip(""), line)?;
    let mut stock = run(Run::stock(""), line)?;
    // Hydra now and then loses output, crashes, or takes its timeout for over, mostly when the machine is busy.
    for _ in 0..2 {
        if matches!(expect, Expect::AsHydra) && stock.0 != pip.0 {
            stock = run(Run::stock(""), line)?;
        }
    }
    match expect {
        Expect::AsHydra => {
            ensure!(stock.0 == pip.0, "Hydra: {:#?}\n{}", stock.0, pip.1);
            ensure!(stock.0.code != Some(255), "Hydra refuses it\n{}", stock.1);
        }
        Expect::Refused(texts) => {
            ensure!(stock.0.code.is_none_or(|code| code != 0), "Hydra takes it\n{}", stock.1);
            refused(&pip.1, texts)?;
        }
        Expect::RefusedHere(texts, _why) => {
            ensure!(stock.0.code == Some(0), "Hydra refuses it\n{}", stock.1);
            refused(&pip.1, texts)?;
        }
        Expect::Otherwise { hydra, here, why } => {
            let lines = |came: &Came| came.out.join("|");
            ensure!(
                lines(&stock.0) == *hydra,
                "Hydra does {:?} now; the case says: {why}\n{}",
                lines(&stock.0),
                stock.1
            );
            ensure!(lines(&pip.0) == *here, "{:?} was expected, since {why}\n{}", here, pip.1);
            ensure!(stock.0.code == pip.0.code, "Hydra: {:?}\n{}", stock.0.code, pip.1);
        }
        Expect::Says(code, texts) => {
            pip.1.expect_code(*code)?;
            let all = pip.1.out() + &pip.1.err() + &pip.0.files.values().cloned().collect::<String>();
            for text in *texts {
                ensure!(all.contains(&filled(text)), "{text:?} was expected\n{}", pip.1);
            }
        }
    }
    Ok(())
}

fn refused(outcome: &Outcome, texts: &[&str]) -> Result<()> {
    outcome.expect_code(2)?.expect_err(texts)?;
    ensure!(outcome.stdout.is_empty() && outcome.err().lines().count() == 1, "one line was expected\n{outcome}");
    Ok(())
}

/// Runs a line in a folder with what cases need.
fn run(launcher: Run, line: &str) -> Result<(Came, Outcome)> {
    let folder = places::temporary()?;
    let path = folder.path();
    let host = hostname();
    let given = [
        ("hostfile", format!("# all of it\n{host}:2 # two\n\n{host}:1\n")),
        ("programs", "-n 1 echo a # first\n\n-n 2 -env X 5 sh show.sh b\n".to_owned()),
        ("defaults", "-l -genv X 3 # comment\n".to_owned()),
        ("show.sh", "echo x$X $1 $(pwd)\n".to_owned()),
        ("local.sh", "echo $PMI_RANK of $PMI_SIZE, $MPI_LOCALRANKID of $MPI_LOCALNRANKS\n".to_owned()),
        ("mask.sh", "echo $PMI_RANK $(grep -E '(Cpus|Mems)_allowed_list' /proc/self/status)\n".to_owned()),
        ("both.sh", "echo out $PMI_RANK; echo err $PMI_RANK >&2\n".to_owned()),
        ("universe.sh", "echo cmd=get_universe_size >&$PMI_FD; read -r -u $PMI_FD line; echo $line; echo cmd=finalize >&$PMI_FD; read -r -u $PMI_FD line\n".to_owned()),
        ("fails.sh", "if [ $PMI_RANK = 0 ]; then exit 3; fi; sleep 0.3; echo alive $PMI_RANK\n".to_owned()),
        ("dies.sh", "if [ $PMI_RANK = 0 ]; then kill -9 $$; fi; sleep 0.3; echo alive $PMI_RANK\n".to_owned()),
        ("old.0", "what was there before\n".to_owned()),
    ];
    for (name, text) in &given {
        fs::write(path.join(name), text)?;
    }
    fs::create_dir(path.join("sub"))?;
    std::os::unix::fs::symlink("/bin/echo", path.join("sub/echo-of-sub"))?;
    let mut run = launcher.folder(path).env("HOME", path).limit(20);
    let words = words(&filled(line))?;
    let variables = words.iter().take_while(|word| is_variable(word)).count();
    for word in &words[..variables] {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        run = run.env(name, value);
    }
    let outcome = words[variables..].iter().fold(run, |run, word| run.arg(word)).end()?;
    let sorted = |text: String| {
        // The folder has another name each time.
        let mut lines: Vec<String> =
            text.replace(&path.display().to_string(), "FOLDER").lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let came = Came {
        code: outcome.code,
        out: sorted(outcome.out()),
        err: sorted(outcome.err()),
        files: files(path, &given.map(|(name, _)| name))?,
    };
    Ok((came, outcome))
}

/// What stands in the files of a folder, but for those that were there and do not change.
fn files(folder: &Path, given: &[&str]) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.metadata()?.is_file() && (!given.contains(&name.as_str()) || name.starts_with("old")) {
            let mut lines: Vec<String> = fs::read_to_string(entry.path())?.lines().map(str::to_owned).collect();
            lines.sort();
            files.insert(name, lines.join("\n"));
        }
    }
    Ok(files)
}

/// The line with this machine's name in it.
fn filled(line: &str) -> String {
    line.replace("@HOST", &hostname())
}

fn hostname() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

fn is_variable(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
}

/// Words of a line; single quotes hold one together.
fn words(line: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    for (index, part) in line.split('\'').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    if line.matches('\'').count() % 2 == 1 {
        bail!("an open quote in {line}");
    }
    Ok(words)
}

/// The rows of the table, as `-help` lists them: the names of each.
fn table() -> Result<Vec<Vec<String>>> {
    let outcome = Run::pip("-help").end()?;
    outcome.expect_code(0)?.expect_quiet()?;
    let text = outcome.out();
    let rows = text.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| line.starts_with('-'));
    let names = |row: &str| -> Vec<String> {
        let row = row.split("  ").next().unwrap_or_default();
        row.split([' ', ',']).filter_map(|word| word.strip_prefix('-')).map(str::to_owned).collect()
    };
    let rows: Vec<Vec<String>> = rows.map(names).collect();
    ensure!(rows.len() > 50 && rows.iter().all(|names| !names.is_empty()), "{} rows in\n{text}", rows.len());
    Ok(rows)
}

fn every_name_has_a_case() -> Result<()> {
    let of_line = |line: &str| -> Result<Vec<String>> {
        let options = words(line)?.into_iter().filter_map(|word| {
            let word = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?.to_ascii_lowercase();
            Some(word.split('=').next().unwrap_or_default().to_owned())
        });
        Ok(options.collect())
    };
    let mut used: BTreeSet<String> = BTreeSet::new();
    for line in CASES.iter().map(|(line, _)| *line).chain(own::LINES) {
        used.extend(of_line(line)?);
    }
    let missing: Vec<String> = table()?.into_iter().flatten().filter(|name| !used.contains(name)).collect();
    ensure!(missing.is_empty(), "no case for {}", missing.join(", "));
    Ok(())
}

fn every_option_explains_itself() -> Result<()> {
    for names in table()? {
        for name in &names {
            let outcome = Run::pip("").arg(format!("-{name}")).arg("-help").end()?;
            outcome.expect_code(0)?.expect_quiet()?;
            let text = outcome.out();
            ensure!(names.iter().all(|name| text.contains(&format!("-{name}"))), "not about -{name}\n{outcome}");
            ensure!(name == "help" || name == "h" || text.lines().count() < 8, "more than about -{name}\n{outcome}");
        }
    }
    Ok(())
}
