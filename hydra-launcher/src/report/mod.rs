//! `-report`: one page of HTML about a run. `data` reads what the ranks have told, `figures` draws, `page` puts it together.

mod data;
mod figures;
mod page;

pub use data::{Counted, RankData};

use anyhow::Context;
use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// A report to be written when the job has ended.
#[derive(Debug)]
pub struct RunReport {
    path: PathBuf,
    file: File,
    started: SystemTime,
    start: Instant,
}

/// What the launcher itself knows of a run.
#[derive(Debug)]
pub struct Run {
    /// The launcher's command line.
    pub command: Vec<OsString>,
    /// When the job started.
    pub started: SystemTime,
    /// How long it ran.
    pub elapsed: Duration,
    /// The launcher's exit status.
    pub status: u8,
    /// Number of ranks of MPI_COMM_WORLD, who are the first of `ranks`.
    pub size: usize,
    /// The ranks, then tasks beside them, then spawned ranks.
    pub ranks: Vec<RankData>,
}

/// The file of `-report`, else that of PIP_MPI_REPORT; in ranks, who may start jobs of their own, that is only 1.
pub fn wish(option: Option<PathBuf>) -> Option<PathBuf> {
    let named = || std::env::var_os("PIP_MPI_REPORT").filter(|value| !["", "0", "1"].iter().any(|word| value == word));
    option.or_else(|| named().map(PathBuf::from))
}

impl RunReport {
    /// Makes the file at once, so that a long run does not end with the news that it cannot be written.
    pub fn create(path: &Path) -> anyhow::Result<RunReport> {
        let file =
            File::create(path).with_context(|| format!("-report {}: the file cannot be made", path.display()))?;
        Ok(RunReport { path: path.to_owned(), file, started: SystemTime::now(), start: Instant::now() })
    }

    /// Writes the page. The error is a sentence.
    pub fn write(mut self, status: u8, size: usize, ranks: Vec<RankData>) -> Result<(), String> {
        let command = std::env::args_os().collect();
        let run = Run { command, started: self.started, elapsed: self.start.elapsed(), status, size, ranks };
        let page = page::page(&run);
        let written = self.file.write_all(page.as_bytes());
        written.map_err(|error| format!("the report {} cannot be written: {error}", self.path.display()))
    }
}
