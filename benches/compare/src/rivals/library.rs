//! Which MPI library a rival runs on: asked of a rank, because a wrong search path would compare a library with itself.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::Rival;
use crate::child;

/// The program of the project that a rank is asked by.
pub const PROGRAM: &str = "mpi-library";

/// How long the answer may take; a start takes below a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// The library that a rival has to run on.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// What MPI_Get_library_version has to begin with.
    pub says: &'static str,
    /// The folder its file has to be in (Ok), or must not be in (Err).
    pub folder: Option<Result<PathBuf, PathBuf>>,
}

/// The library that a rank found itself on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// The first line of MPI_Get_library_version.
    pub version: String,
    /// Its file.
    pub file: PathBuf,
}

impl Library {
    /// Reads what `mpi-library` prints.
    fn parse(output: &str) -> Option<Self> {
        let value = |key: &str| output.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
        Some(Self { version: value("library:")?.to_owned(), file: value("file:")?.into() })
    }

    /// What it calls itself, without the words that every version has.
    pub fn short(&self) -> String {
        let text = self.version.replace(" Version:", "").replace("(R)", "").replace(" Library", "");
        let text = text.split(',').next().unwrap_or_default();
        let text = text.split(" for ").next().unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl Expected {
    /// Whether `library` is the expected one.
    ///
    /// # Errors
    /// A sentence with both.
    fn check(&self, library: &Library) -> Result<(), String> {
        let (version, file) = (&library.version, library.file.display());
        if !version.starts_with(self.says) {
            return Err(format!("its ranks run on '{version}' ({file}), not on {}", self.says));
        }
        match &self.folder {
            Some(Ok(folder)) if !inside(&library.file, folder) => {
                Err(format!("its ranks run on {file}, which is not in {}", folder.display()))
            }
            Some(Err(folder)) if inside(&library.file, folder) => {
                Err(format!("its ranks run on {file}, which is another rival's"))
            }
            _ => Ok(()),
        }
    }
}

/// Whether `file` is below `folder`, by their real paths.
fn inside(file: &Path, folder: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    real(file).starts_with(real(folder))
}

/// Starts `program` under `rival` and looks at the library it runs on. The outer error is Ctrl-C.
///
/// # Errors
/// The inner one is a sentence that says why the rival cannot be used.
pub fn verify(rival: &Rival, program: &Path, stop: &AtomicBool) -> Result<Result<Library, String>> {
    let outcome = child::run(&rival.command(2, program, &[]), PATIENCE, stop)?;
    if let Some(trouble) = outcome.trouble {
        let said = outcome.stderr.lines().map(str::trim).find(|line| line.chars().any(char::is_alphanumeric));
        return Ok(Err(format!("{trouble}: {}", said.unwrap_or("it said nothing"))));
    }
    let Some(library) = Library::parse(&outcome.stdout) else {
        return Ok(Err(format!("{} printed nothing under it", program.display())));
    };
    // Only rank 0 of a world answers: two answers are two worlds, which is what the launcher of another library starts.
    if outcome.stdout.lines().filter(|line| line.starts_with("library:")).count() > 1 {
        return Ok(Err(format!("its ranks do not find each other: each is alone on '{}'", library.version)));
    }
    Ok(rival.expected.check(&library).map(|()| library))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library(version: &str, file: &str) -> Library {
        Library { version: version.into(), file: file.into() }
    }

    #[test]
    fn the_answer_is_read_among_warnings() {
        let text = "warning: x\nlibrary: MPICH Version:      5.0.2\nfile: /a folder/libmpi.so.12\n";
        assert_eq!(Library::parse(text), Some(library("MPICH Version:      5.0.2", "/a folder/libmpi.so.12")));
        assert_eq!(Library::parse("library: x\n"), None);
    }

    #[test]
    fn versions_are_short() {
        let short = |version: &str| library(version, "").short();
        assert_eq!(short("MPICH Version:      5.0.2"), "MPICH 5.0.2");
        assert_eq!(short("Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4"), "Open MPI v4.1.4");
        assert_eq!(short("Intel(R) MPI Library 2021.18 for Linux* OS"), "Intel MPI 2021.18");
    }

    #[test]
    fn another_library_than_the_expected_is_refused() {
        let wheel = Expected { says: "MPICH Version", folder: Some(Ok("/r/venv/mpich".into())) };
        assert_eq!(wheel.check(&library("MPICH Version: 5", "/r/venv/mpich/lib/libmpi.so.12")), Ok(()));
        let why = wheel.check(&library("MPICH Version: 4", "/usr/lib/libmpich.so.12")).expect_err("stock's");
        assert!(why.contains("/usr/lib/libmpich.so.12") && why.contains("/r/venv/mpich"), "{why}");
        let why = wheel.check(&library("Open MPI v5", "/r/venv/mpich/x")).expect_err("another");
        assert!(why.contains("Open MPI v5") && why.contains("MPICH Version"), "{why}");
        let stock = Expected { says: "MPICH Version", folder: Some(Err("/r".into())) };
        assert_eq!(stock.check(&library("MPICH Version: 4", "/usr/lib/libmpich.so.12")), Ok(()));
        assert!(stock.check(&library("MPICH Version: 5", "/r/venv/mpich/lib/libmpi.so.12")).is_err());
    }
}
