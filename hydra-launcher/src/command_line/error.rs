//! What can be wrong with a command line.

use super::MAX_RANKS;
use crate::binding::BindingError;
use crate::hosts::HostError;
use crate::stdio::pattern::PatternError;
use std::path::PathBuf;

/// A command line that cannot be run; every one exits with status 2.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum UsageError {
    /// No such option.
    #[error("unknown option {0}; the nearest known one is {1} (pip-mpiexec -help lists all)")]
    UnknownOption(String, String),
    /// An option at the end without its value.
    #[error("option {option} needs {missing} after it; write {option} {}", .values.join(" "))]
    MissingValue {
        /// The option as typed.
        option: String,
        /// The first placeholder without a value.
        missing: &'static str,
        /// All placeholders.
        values: &'static [&'static str],
    },
    /// `-flag=value` for an option without values.
    #[error("option {0} takes no value, but {1:?} was given; leave it out")]
    UnexpectedValue(String, String),
    /// `-n` without a usable number.
    #[error("{0:?} is not a number of ranks; give {1} a whole number from 1 to {MAX_RANKS}")]
    BadCount(String, String),
    /// A value that is none of those an option knows.
    #[error("{0} does not know {1:?}; give it {2}")]
    BadValue(String, String, &'static str),
    /// More ranks than the launcher takes, over all segments.
    #[error("{0} ranks asked for; one job has at most {MAX_RANKS}, so give -n smaller numbers")]
    TooManyRanks(usize),
    /// An environment variable without a name.
    #[error("{0:?} is not the name of an environment variable; write -env NAME VALUE")]
    BadVariable(String),
    /// Two options that exclude each other.
    #[error("{0} contradicts {1}; leave one of them out")]
    Contradiction(String, String),
    /// A host list that cannot be used.
    #[error("{0}: {1}")]
    Hosts(String, HostError),
    /// A pattern of output lines or files.
    #[error("{0}: {1}")]
    Pattern(String, PatternError),
    /// A binding.
    #[error("{0}: {1}")]
    Binding(String, BindingError),
    /// An option of Hydra that makes no sense here.
    #[error("{0} is not possible here: {1}")]
    Unsupported(String, &'static str),
    /// A rank that an option names and that is not there.
    #[error("{0} names rank {1}, but the ranks are 0 to {2}")]
    NoSuchRank(&'static str, usize, usize),
    /// A configuration file that cannot be read.
    #[error("configuration file {} cannot be read: {}; give the path of a text file", .0.display(), .1)]
    Unreadable(PathBuf, String),
    /// A configuration file with something wrong in it.
    #[error("configuration file {}: {}", .0.display(), .1)]
    InFile(PathBuf, Box<UsageError>),
    /// A program where only options may stand.
    #[error("{0:?} is no option, and a default configuration file holds options only; programs go to -configfile")]
    ProgramInDefaults(String),
    /// Something beside `-configfile` that is in the file, too.
    #[error("-configfile holds the programs with their options; leave {0} out of the command line")]
    BesideConfigFile(String),
    /// A program beside `-pmi_args`.
    #[error("-pmi_args serves a program that runs already; leave {0:?} out")]
    BesideSingleton(String),
    /// Nothing to run at all.
    #[error("no program given; write pip-mpiexec -n COUNT PROGRAM (pip-mpiexec -help shows more)")]
    NoProgram,
    /// `-no-rank` in every segment.
    #[error("-no-rank is given for every program; leave it out for those that are to be MPI ranks")]
    NoRanks,
    /// Nothing to run between two colons, or options only.
    #[error("segment {0} of the command line (parts separated by ':') has no program; add one or remove the ':'")]
    EmptySegment(usize),
}
