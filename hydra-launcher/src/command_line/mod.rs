//! From the arguments of `pip-mpiexec` to a [`Job`]: options, segments and programs, nothing looked up yet.
//!
//! `words` takes options and their values apart, `apply` obeys them, `values` reads numbers, lists and names, `config` the
//! files that hold more words.

mod apply;
mod config;
mod error;
mod values;
mod words;

pub use config::default_file;
pub use error::UsageError;
pub use words::parse;

use crate::binding::Binding;
use crate::hosts::Host;
use crate::options::OptionSpec;
use crate::stdio::pattern::Pattern;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// What the user asked for.
#[derive(Debug, PartialEq)]
pub enum Request {
    /// Print the help text.
    Help,
    /// Print the help of one option.
    HelpOf(&'static OptionSpec),
    /// Print the version.
    Version,
    /// Print the version, the library of the ranks and its settings.
    Info,
    /// Print the manual page.
    Manual,
    /// Run a job.
    Run(Box<Job>),
}

/// An environment variable of an option.
pub type Variable = (OsString, OsString);

/// A whole job: at least one segment, each with at least one rank.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The MPMD segments; the ranks count through them.
    pub segments: Vec<Segment>,
    /// `-genv`, in order.
    pub env: Vec<Variable>,
    /// `-genvall` and its like.
    pub inherited: Option<Inherited>,
    /// `-gpus-per-proc`, unless auto.
    pub gpus_per_rank: Option<usize>,
    /// `-hosts` or `-f`.
    pub hosts: Option<HostSource>,
    /// `-ppn`.
    pub per_node: Option<usize>,
    /// `-order-nodes`.
    pub order: Option<Order>,
    /// `-skip-launch-node`.
    pub skip_launch_node: bool,
    /// How other hosts are reached.
    pub reach: Reach,
    /// `-bind-to`, `-map-by` and `-membind`.
    pub binding: Binding,
    /// `-s`.
    pub input: Option<InputTarget>,
    /// The ranks' output.
    pub output: OutputOptions,
    /// `-timeout`.
    pub timeout: Option<Duration>,
    /// `-print-all-exitcodes`.
    pub print_exit_codes: bool,
    /// `-disable-auto-cleanup`.
    pub no_cleanup: bool,
    /// `-usize`.
    pub universe: Universe,
    /// `-no-shim`.
    pub no_shim: bool,
    /// `-require-tasks`.
    pub require_tasks: bool,
    /// `-report`.
    pub report: Option<PathBuf>,
    /// `-verbose`.
    pub verbose: bool,
    /// `-profile`.
    pub profile: bool,
    /// `-gdb` or `-tv`.
    pub debugger: Option<Debugger>,
    /// `-pmi_args`: in place of segments.
    pub singleton: Option<Singleton>,
}

/// A program that runs already and waits for a launcher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Singleton {
    /// Where it listens.
    pub port: u16,
    /// Name or address of its host, or `default_interface`.
    pub interface: String,
    /// Its PID.
    pub pid: i32,
}

/// One program of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// `-n`; without, a rank for each slot of the host list.
    pub count: Option<usize>,
    /// `-no-rank`.
    pub no_rank: bool,
    /// `-env`, in order.
    pub env: Vec<Variable>,
    /// `-envall` and its like.
    pub inherited: Option<Inherited>,
    /// `-wdir`.
    pub wdir: Option<PathBuf>,
    /// `-path`.
    pub path: Option<OsString>,
    /// The program as typed.
    pub program: OsString,
    /// Its arguments, without argv[0].
    pub args: Vec<OsString>,
}

/// Which of the caller's variables the ranks get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Inherited {
    /// All, but those of an outer launcher.
    All,
    /// None.
    Nothing,
    /// Those with these names.
    Listed(Vec<OsString>),
}

/// Where the host list comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostSource {
    /// The command line.
    List(Vec<Host>),
    /// A file, not read yet.
    File(PathBuf),
}

/// Order of the entries of a host list, by their slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Few slots first.
    Ascending,
    /// Many slots first.
    Descending,
}

/// How other hosts are reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// `-launcher`.
    pub launcher: Option<String>,
    /// `-launcher-exec`.
    pub program: Option<PathBuf>,
    /// `-rmk`.
    pub resource_manager: Option<String>,
    /// `-enable-x`, `-disable-x`.
    pub forward_x: bool,
    /// `-iface`.
    pub interface: Option<String>,
    /// `-localhost`.
    pub local_name: Option<String>,
    /// `-disable-hostname-propagation`.
    pub hide_hostname: bool,
}

/// Which ranks read standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum InputTarget {
    /// Nobody.
    Nobody,
    /// One rank.
    Rank(usize),
    /// Each rank gets all of it.
    All,
}

/// What becomes of the ranks' output.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputOptions {
    /// What each line begins with.
    pub prefix: Option<Pattern>,
    /// Files in place of the launcher's standard output and error.
    pub files: [Option<Pattern>; 2],
    /// The only rank whose output is wanted.
    pub only_from: Option<usize>,
}

/// MPI_UNIVERSE_SIZE.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Universe {
    /// Not set.
    #[default]
    Infinite,
    /// The slots of the host list.
    System,
    /// A number.
    Size(usize),
}

/// Who looks at the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Debugger {
    /// pip-gdb.
    Gdb,
    /// TotalView.
    TotalView,
}

impl Segment {
    /// Number of its ranks, once that is known.
    pub fn count(&self) -> usize {
        self.count.unwrap_or(1)
    }
}

impl Job {
    /// Gives each segment its number of ranks: that of `-n`, or one for each of the slots of the host list.
    pub fn count_ranks(&mut self, slots: usize) -> Result<(), UsageError> {
        for segment in &mut self.segments {
            let default = if segment.no_rank { 1 } else { slots.max(1) };
            segment.count.get_or_insert(default);
        }
        self.check_ranks()
    }

    /// Looks whether numbers of ranks and names of ranks fit together, as far as they are known.
    fn check_ranks(&self) -> Result<(), UsageError> {
        let total = self.segments.iter().map(Segment::count).sum();
        if total > MAX_RANKS {
            return Err(UsageError::TooManyRanks(total));
        }
        if self.singleton.is_some() {
            return Ok(());
        }
        let of_ranks = || self.segments.iter().filter(|segment| !segment.no_rank);
        if of_ranks().next().is_none() {
            return Err(UsageError::NoRanks);
        }
        if of_ranks().any(|segment| segment.count.is_none()) {
            return Ok(());
        }
        let ranks: usize = of_ranks().map(Segment::count).sum();
        let input = if let Some(InputTarget::Rank(rank)) = self.input { Some(("-s", rank)) } else { None };
        let named = input.into_iter().chain(self.output.only_from.map(|rank| ("-output-from", rank)));
        let mut beyond = named.filter(|(_, rank)| *rank >= ranks);
        beyond.next().map_or(Ok(()), |(option, rank)| Err(UsageError::NoSuchRank(option, rank, ranks - 1)))
    }
}

/// The most ranks of one job: what one PiP root can hold.
pub const MAX_RANKS: usize = 4096;
