//! Playing cases: many in one launch, since starting MPI takes longer than a case, and finding the one that failed.

use super::Program;
use crate::run::Run;
use crate::spread::Spread;
use crate::{places, sources};
use anyhow::{Context, Result, ensure};
use std::ffi::OsString;
use std::fmt::Write;
use std::fs;
use std::marker::PhantomData;
use std::path::PathBuf;

/// Launches the player of programs of one kind.
#[derive(Debug)]
pub struct Stage<P> {
    interpreter: PathBuf,
    folder: tempfile::TempDir,
    against_stock: bool,
    /// Number of address spaces.
    spaces: usize,
    of: PhantomData<P>,
}

/// Which library plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Library {
    /// `pip-mpiexec`.
    Pip,
    /// `mpiexec.mpich`.
    Stock,
}

/// How cases of one launch ended.
#[derive(Debug)]
pub struct Played {
    /// The digests of those that came to their end.
    pub digests: Vec<String>,
    /// What stopped the next one, or the launch after all.
    pub trouble: Option<String>,
}

/// A case that failed.
#[derive(Debug)]
pub struct Failure {
    /// Its place among the cases.
    pub index: usize,
    /// Whether only stock MPICH failed: then the generator or the oracle is wrong.
    pub of_stock: bool,
    /// What was said about it.
    pub message: String,
}

impl<P: Program> Stage<P> {
    /// Compiles the player. `against_stock`: whether results are compared.
    pub fn new(against_stock: bool) -> Result<Stage<P>> {
        let interpreter = sources::program(P::PLAYER)?;
        Ok(Stage { interpreter, folder: places::temporary()?, against_stock, spaces: 1, of: PhantomData })
    }

    /// The same with the ranks under PiP in `spaces` address spaces, or what looks like it.
    pub fn spread(self, spaces: usize) -> Stage<P> {
        Stage { spaces, ..self }
    }

    /// The launch of `command`. Which ranks are neighbours depends on the first program.
    fn pip(&self, first: &P, command: &[OsString]) -> Run {
        let spread = match self.spaces {
            0 | 1 => return command.iter().fold(Run::pip(&format!("-n {}", first.ranks())), Run::arg),
            spaces if first.seed().is_multiple_of(2) => Spread::Blocks(spaces),
            spaces => Spread::Alternating(spaces),
        };
        spread.run(first.ranks(), command)
    }

    /// Plays cases of one number of ranks, `times` times each, in one launch.
    pub fn launch(&self, library: Library, cases: &[&P], times: usize, limit: u64) -> Result<Played> {
        let Some(first) = cases.first() else { return Ok(Played { digests: Vec::new(), trouble: None }) };
        let (script, results) = (self.folder.path().join("script"), self.folder.path().join("results"));
        let mut text = String::new();
        for (index, case) in cases.iter().enumerate() {
            let body = case.script();
            for time in 0..times {
                let _ = write!(text, "case {}\n{body}", index * times + time);
            }
        }
        fs::write(&script, text)?;
        let _ = fs::remove_file(&results);
        let mut command: Vec<OsString> = vec![self.interpreter.clone().into(), script.into(), results.clone().into()];
        if cases.iter().any(|case| case.threaded()) {
            command.push("threads".into());
        }
        let run = match library {
            Library::Pip => self.pip(first, &command),
            Library::Stock => command.iter().fold(Run::stock(&format!("-n {}", first.ranks())), Run::arg),
        };
        let ended = run.limit(limit).end().and_then(|outcome| {
            let outcome = outcome.expect_code(0)?;
            // The shim explains each truncated message; stock's warnings are its own.
            let explained =
                |line: &str| line.starts_with("pip-mpi: ") && line.contains("longer than the receive buffer");
            let error = outcome.err();
            let quiet = library == Library::Stock || error.lines().all(explained);
            ensure!(quiet, "standard error should be empty\n{outcome}");
            Ok(())
        });
        let lines = fs::read_to_string(&results).unwrap_or_default();
        let digests = lines.lines().filter_map(|line| Some(line.rsplit_once(' ')?.1.to_owned())).collect();
        Ok(Played { digests, trouble: ended.err().map(|error| format!("{error:#}")) })
    }

    /// Plays cases of one number of ranks under PiP, and those that stock MPICH can under stock; returns all that failed.
    pub fn play(&self, cases: &[P]) -> Result<Vec<Failure>> {
        let mut failures = Vec::new();
        let pip = self.play_all(Library::Pip, cases, &mut failures)?;
        if self.against_stock {
            let comparable = cases.iter().map(|case| case.stock());
            let chosen: Vec<usize> =
                comparable.enumerate().filter_map(|(index, stock)| stock.then_some(index)).collect();
            let copies: Vec<P> = chosen.iter().map(|&index| cases[index].clone()).collect();
            let mut of_stock = Vec::new();
            let stock = self.play_all(Library::Stock, &copies, &mut of_stock)?;
            let renumbered = of_stock.into_iter().map(|failure| Failure { index: chosen[failure.index], ..failure });
            failures.extend(renumbered);
            for (digest, &index) in stock.iter().zip(&chosen) {
                if let (Some(stock), Some(pip)) = (digest, &pip[index])
                    && stock != pip
                {
                    let message = format!("the digest is {pip}, stock MPICH's is {stock}");
                    failures.push(Failure { index, of_stock: false, message });
                }
            }
        }
        Ok(failures)
    }

    /// Plays all cases, with another launch behind each that failed.
    fn play_all(&self, library: Library, cases: &[P], failures: &mut Vec<Failure>) -> Result<Vec<Option<String>>> {
        let mut digests = vec![None; cases.len()];
        let mut first = 0;
        while first < cases.len() {
            let rest: Vec<&P> = cases[first..].iter().collect();
            let played = self.launch(library, &rest, 1, patience(&rest))?;
            let ended = played.digests.len().min(rest.len());
            for (place, digest) in digests[first..].iter_mut().zip(played.digests) {
                *place = Some(digest);
            }
            if let Some(message) = played.trouble {
                let index = first + if ended < rest.len() { ended } else { self.culprit(library, &rest)? };
                failures.push(Failure { index, of_stock: library == Library::Stock, message });
                first = if ended < rest.len() { index + 1 } else { cases.len() };
            } else {
                first = cases.len();
            }
        }
        Ok(digests)
    }

    /// Which of the cases makes trouble only at the end of a launch.
    fn culprit(&self, library: Library, cases: &[&P]) -> Result<usize> {
        for (index, &case) in cases.iter().enumerate() {
            if self.launch(library, &[case], 1, patience(&[case]))?.trouble.is_some() {
                return Ok(index);
            }
        }
        Ok(cases.len() - 1)
    }

    /// Plays one case several times; returns what was wrong with it.
    pub fn trouble(&self, case: &P, times: usize, limit: u64) -> Result<Option<String>> {
        let played = self.launch(Library::Pip, &[case], times, limit)?;
        if played.trouble.is_some() || !self.against_stock || !case.stock() {
            return Ok(played.trouble);
        }
        let stock = self.launch(Library::Stock, &[case], 1, limit)?;
        let differing = stock.digests.first().and_then(|stock| played.digests.iter().find(|digest| *digest != stock));
        Ok(differing.map(|digest| format!("the digest is {digest}, stock MPICH's is {}", stock.digests[0])))
    }
}

/// Seconds for a launch. With more ranks than cores the collective calls of MPICH, which spin, take most of it.
fn patience<P: Program>(cases: &[&P]) -> u64 {
    let ranks = cases.first().map_or(2, |case| case.ranks() as u64);
    30 + cases.len() as u64 * ranks * if ranks > 4 { 2 } else { 1 }
}

/// Keeps a script for whoever looks at it; returns where.
pub fn keep<P: Program>(case: &P, message: &str) -> Result<PathBuf> {
    let folder = places::built("generated-failures");
    fs::create_dir_all(&folder)?;
    let file = folder.join(format!("{}-{}-ranks.script", case.seed(), case.ranks()));
    let comments: String = message.lines().fold(String::new(), |text, line| text + "# " + line + "\n");
    let text = format!("{comments}case 0\n{}", case.script());
    fs::write(&file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(file)
}
