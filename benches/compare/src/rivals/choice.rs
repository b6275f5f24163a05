//! Which rivals take part: `--rivals`, what is installed, and what is what it says.

use std::sync::atomic::AtomicBool;

use anyhow::{Result, bail};

use super::table::{Places, missing, table};
use super::{Abi, PIP, Rival, STOCK, library};
use crate::programs::Programs;
use crate::record::Absent;

/// The words that ask for every rival: installed or not, and only those that are installed.
const ALL: [&str; 2] = ["all", "found"];

/// The words of `--rivals`.
fn words(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect()
}

/// Whether every word of `--rivals` is one.
///
/// # Errors
/// A sentence that names the unknown word and all rivals.
pub fn check(text: &str) -> Result<(), String> {
    let places = Places { stock: "".into(), pip: "".into(), folder: "".into(), root: false };
    let rivals = table(&places);
    let known = |word: &&str| ALL.contains(word) || rivals.iter().any(|rival| rival.name.eq_ignore_ascii_case(word));
    let Some(wrong) = words(text).into_iter().find(|word| !known(word)) else { return Ok(()) };
    let names: Vec<&str> = rivals.iter().map(|rival| rival.name.as_str()).collect();
    Err(format!("wrong rival '{wrong}' in --rivals: give found, all, or some of {}, with commas", names.join(", ")))
}

/// The rivals that `--rivals` asks for: always stock and PiP, in the order of the table.
pub fn choose(rivals: Vec<Rival>, text: &str) -> Vec<Rival> {
    let wanted = |name: &str| words(text).iter().any(|word| ALL.contains(word) || name.eq_ignore_ascii_case(word));
    let chosen = rivals.into_iter().enumerate();
    chosen
        .filter(|(index, rival)| [STOCK, PIP].contains(index) || wanted(&rival.name))
        .map(|(_, rival)| rival)
        .collect()
}

/// Why `rival` is absent: what is not there, and the command that installs it. None when it can be tried.
fn absent(rival: &Rival, programs: &Programs) -> Option<String> {
    let file = missing(rival, &programs.own(rival.abi, library::PROGRAM))?;
    Some(format!("absent: {} was not found; {}", file.display(), rival.remedy))
}

/// Asks every rival for its library and keeps those that have the expected one; the others are named on standard error and
/// returned, those that are not installed on standard error only if `tell`.
///
/// # Errors
/// When stock or PiP is not among them, or at Ctrl-C.
pub fn verified(
    rivals: Vec<Rival>,
    programs: &Programs,
    tell: bool,
    stop: &AtomicBool,
) -> Result<(Vec<Rival>, Vec<Absent>)> {
    let (mut verified, mut others) = (Vec::new(), Vec::new());
    for (index, mut rival) in rivals.into_iter().enumerate() {
        let absent = absent(&rival, programs);
        let tell = tell || absent.is_none();
        let why = match absent {
            Some(absent) => absent,
            None => match library::verify(&rival, &programs.own(rival.abi, library::PROGRAM), stop)? {
                Ok(library) => {
                    rival.library = Some(library);
                    verified.push(rival);
                    continue;
                }
                Err(trouble) => format!("refused: {trouble}"),
            },
        };
        if [STOCK, PIP].contains(&index) {
            bail!("{}, which every comparison needs, is {why}", rival.name);
        }
        if tell {
            eprintln!("compare: {} is {why}", rival.name);
        }
        others.push(Absent { name: rival.name, title: rival.title, why });
    }
    Ok((verified, others))
}

/// The text of `--list-rivals`.
pub fn list(rivals: &[Rival], programs: &Programs) -> String {
    let line = |rival: &Rival| {
        let build = if rival.abi == Abi::OpenMpi { " (programs built for Open MPI)" } else { "" };
        let state = absent(rival, programs).unwrap_or_else(|| format!("installed{build}"));
        format!("{:<17}{}\n{:17}{state}\n{:17}{}\n", rival.name, rival.title, "", "", rival.settings())
    };
    rivals.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rivals() -> Vec<Rival> {
        let nowhere = || "/nowhere/mpiexec".into();
        table(&Places { stock: nowhere(), pip: nowhere(), folder: "/nowhere".into(), root: false })
    }

    fn names(text: &str) -> Vec<String> {
        choose(rivals(), text).into_iter().map(|rival| rival.name).collect()
    }

    #[test]
    fn stock_and_pip_always_take_part() {
        assert_eq!(names("stock"), ["stock", "PiP"]);
        assert_eq!(names("intel, ompi"), ["stock", "PiP", "ompi", "intel"]);
        assert_eq!(names("all").len(), rivals().len());
        assert_eq!((check("all"), check("found, Intel")), (Ok(()), Ok(())));
        let why = check("stock,mvapich").expect_err("unknown");
        assert!(why.contains("'mvapich'") && why.contains("ompi-new-tuned"), "{why}");
    }

    #[test]
    fn what_is_not_installed_is_listed_with_the_command_that_installs_it() {
        let programs = Programs::new("/nowhere".into(), "/nowhere".into(), "NPmpich2".into());
        let text = list(&rivals(), &programs);
        assert!(text.contains("absent: /nowhere/venv/mpich/bin/mpiexec was not found; make rivals"), "{text}");
        let why = verified(rivals(), &programs, true, &AtomicBool::new(false)).expect_err("no stock").to_string();
        assert!(why.starts_with("stock, which every comparison needs, is absent: /nowhere/mpiexec"), "{why}");
    }
}
