//! From the arguments of `pip-mpiexec` to a [`Job`]: options, segments and programs, nothing looked up yet.

use crate::hosts::{self, Host, HostError};
use crate::options::{self, OptionId};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// What the user asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// Print the help text.
    Help,
    /// Print the version.
    Version,
    /// Print the version, the library of the ranks and its settings.
    Info,
    /// Run a job.
    Run(Job),
}

/// An environment variable of an option.
pub type Variable = (OsString, OsString);

/// A whole job: at least one segment, each with at least one rank.
#[derive(Debug, Default, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Job {
    /// The MPMD segments; the ranks count through them.
    pub segments: Vec<Segment>,
    /// `-genv`, in order.
    pub env: Vec<Variable>,
    /// `-hosts` or `-f`.
    pub hosts: Option<HostSource>,
    /// `-ppn`.
    pub per_node: Option<usize>,
    /// `-l`.
    pub prepend_rank: bool,
    /// `-no-shim`.
    pub no_shim: bool,
    /// `-require-tasks`.
    pub require_tasks: bool,
    /// `-report`.
    pub report: Option<PathBuf>,
}

/// Where the host list comes from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum HostSource {
    /// The command line.
    List(Vec<Host>),
    /// A file, not read yet.
    File(PathBuf),
}

/// One program of a job.
#[derive(Debug, Default, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Segment {
    /// Number of ranks, at least 1.
    pub count: usize,
    /// `-no-rank`.
    pub no_rank: bool,
    /// `-env`, in order.
    pub env: Vec<Variable>,
    /// `-wdir` of this segment or an earlier one.
    pub wdir: Option<PathBuf>,
    /// The program as typed.
    pub program: OsString,
    /// Its arguments, without argv[0].
    pub args: Vec<OsString>,
}

/// A command line that cannot be run; every one exits with status 2.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UsageError {
    /// No such option.
    #[error("unknown option {0}; the nearest known one is -{1} (pip-mpiexec -help lists all)")]
    UnknownOption(String, &'static str),
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
    /// Two host lists.
    #[error("{0} gives a second host list; a job has one, from -hosts or from -f")]
    SecondHostList(String),
    /// A host list that cannot be used.
    #[error("{0}: {1}")]
    Hosts(String, HostError),
    /// More ranks than the launcher takes, over all segments.
    #[error("{0} ranks asked for; one job has at most {MAX_RANKS}, so give -n smaller numbers")]
    TooManyRanks(usize),
    /// An environment variable without a name.
    #[error("{0:?} is not the name of an environment variable; write -env NAME VALUE")]
    BadVariable(String),
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

/// The most ranks of one job: what one PiP root can hold.
pub const MAX_RANKS: usize = 4096;

/// Parses the arguments (without the launcher's own name).
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Request, UsageError> {
    let args: Vec<OsString> = args.into_iter().collect();
    let parts: Vec<&[OsString]> = args.split(|word| word == ":").collect();
    let mut job = Job::default();
    let mut wdir = None;
    for (index, part) in parts.iter().enumerate() {
        let mut segment = Segment { count: 1, wdir: wdir.take(), ..Segment::default() };
        let mut words = part.iter();
        let program = loop {
            let Some(word) = words.next() else { break None };
            let Some(name) = option_name(word) else {
                break if word == "--" { words.next() } else { Some(word) };
            };
            if let Some(request) = apply(name, &mut words, &mut segment, &mut job)? {
                return Ok(request);
            }
        };
        segment.program = match program {
            Some(program) => program.clone(),
            None if parts.len() == 1 => return Err(UsageError::NoProgram),
            None => return Err(UsageError::EmptySegment(index + 1)),
        };
        segment.args = words.cloned().collect();
        wdir.clone_from(&segment.wdir);
        job.segments.push(segment);
    }
    let total = job.segments.iter().map(|segment| segment.count).sum();
    if total > MAX_RANKS {
        return Err(UsageError::TooManyRanks(total));
    }
    if job.segments.iter().all(|segment| segment.no_rank) {
        return Err(UsageError::NoRanks);
    }
    Ok(Request::Run(job))
}

/// The word without its dashes, if it is an option; `-` and `--` are none.
fn option_name(word: &OsStr) -> Option<&OsStr> {
    let bytes = word.as_bytes();
    let name = bytes.strip_prefix(b"--").or_else(|| bytes.strip_prefix(b"-"))?;
    (!name.is_empty()).then(|| OsStr::from_bytes(name))
}

/// Takes one option and its values.
fn apply(
    word: &OsStr,
    words: &mut std::slice::Iter<'_, OsString>,
    segment: &mut Segment,
    job: &mut Job,
) -> Result<Option<Request>, UsageError> {
    let (name, mut attached) = split_at_equals(word);
    let name = name.to_string_lossy();
    let shown = format!("-{name}");
    let option =
        options::find(&name).ok_or_else(|| UsageError::UnknownOption(shown.clone(), options::nearest(&name)))?;
    let mut value = |index: usize| {
        attached.take().or_else(|| words.next().cloned()).ok_or_else(|| UsageError::MissingValue {
            option: shown.clone(),
            missing: option.values[index],
            values: option.values,
        })
    };
    match option.id {
        OptionId::Count => segment.count = number_of_ranks(&value(0)?, &shown)?,
        OptionId::PerNode => job.per_node = Some(number_of_ranks(&value(0)?, &shown)?),
        OptionId::Hosts | OptionId::HostFile => {
            let value = value(0)?;
            let source = if option.id == OptionId::HostFile {
                HostSource::File(value.into())
            } else {
                let hosts = hosts::parse_list(&value.to_string_lossy());
                HostSource::List(hosts.map_err(|error| UsageError::Hosts(shown.clone(), error))?)
            };
            if job.hosts.replace(source).is_some() {
                return Err(UsageError::SecondHostList(shown));
            }
        }
        OptionId::Env | OptionId::GlobalEnv => {
            let first = value(0)?;
            let (name, value) = match split_at_equals(&first) {
                (name, Some(value)) => (name.to_owned(), value),
                (name, None) => (name.to_owned(), value(1)?),
            };
            if name.is_empty() || name.as_bytes().contains(&b'=') {
                return Err(UsageError::BadVariable(first.to_string_lossy().into_owned()));
            }
            let target = if option.id == OptionId::Env { &mut segment.env } else { &mut job.env };
            target.push((name, value));
        }
        OptionId::Report => job.report = Some(value(0)?.into()),
        OptionId::WorkDir => segment.wdir = Some(value(0)?.into()),
        flag => {
            if let Some(value) = attached {
                return Err(UsageError::UnexpectedValue(shown, value.to_string_lossy().into_owned()));
            }
            match flag {
                OptionId::NoRank => segment.no_rank = true,
                OptionId::PrependRank => job.prepend_rank = true,
                OptionId::NoShim => job.no_shim = true,
                OptionId::RequireTasks => job.require_tasks = true,
                OptionId::Help => return Ok(Some(Request::Help)),
                OptionId::Info => return Ok(Some(Request::Info)),
                _ => return Ok(Some(Request::Version)),
            }
        }
    }
    Ok(None)
}

fn number_of_ranks(text: &OsStr, option: &str) -> Result<usize, UsageError> {
    let number = text.to_str().and_then(|text| text.parse().ok()).filter(|count| (1..=MAX_RANKS).contains(count));
    number.ok_or_else(|| UsageError::BadCount(text.to_string_lossy().into_owned(), option.to_owned()))
}

fn split_at_equals(word: &OsStr) -> (&OsStr, Option<OsString>) {
    let bytes = word.as_bytes();
    match memchr::memchr(b'=', bytes) {
        Some(at) => (OsStr::from_bytes(&bytes[..at]), Some(OsString::from_vec(bytes[at + 1..].to_vec()))),
        None => (word, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    fn run(line: &str) -> Job {
        match parse(words(line)) {
            Ok(Request::Run(job)) => job,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn message(line: &str) -> String {
        parse(words(line)).expect_err(line).to_string()
    }

    #[test]
    fn spellings_of_hydra_are_understood() {
        for line in ["-n 3 a b", "-np 3 a b", "--NP=3 a b", "-n=3 a b", "-n 1 -n 3 a b", "-n 3 -- a b"] {
            let job = run(line);
            assert_eq!((job.segments[0].count, job.segments[0].args.len()), (3, 1), "{line}");
            assert_eq!(job.segments[0].program, "a");
        }
        assert_eq!(run("a -n 3").segments[0].args, words("-n 3"));
        assert!(run("-l a").prepend_rank && run("-Prepend-Rank a").prepend_rank && run("--no-shim a").no_shim);
        assert_eq!(parse(words("-n 2 -h")), Ok(Request::Help));
        assert_eq!(parse(words("--version a")), Ok(Request::Version));
    }

    #[test]
    fn segments_keep_their_options() {
        let job = run("-genv G 1 -wdir /tmp -n 2 -env A 1 x : -n 3 -env B=2=3 y z : -wdir=/ w");
        let counts: Vec<_> = job.segments.iter().map(|s| s.count).collect();
        assert_eq!(counts, [2, 3, 1]);
        assert!(job.segments.iter().all(|segment| !segment.no_rank));
        let beside: Vec<_> = run("-no-rank a : -n 2 b : --No-Rank -n 3 c").segments.iter().map(|s| s.no_rank).collect();
        assert_eq!(beside, [true, false, true]);
        assert_eq!(job.env, [("G".into(), "1".into())]);
        assert_eq!(job.segments[0].env, [("A".into(), "1".into())]);
        assert_eq!(job.segments[1].env, [("B".into(), "2=3".into())]);
        let dirs: Vec<_> = job.segments.iter().map(|s| s.wdir.clone().unwrap_or_default()).collect();
        assert_eq!(dirs, [PathBuf::from("/tmp"), "/tmp".into(), "/".into()]);
    }

    #[test]
    fn host_lists_are_for_the_whole_job() {
        let job = run("-n 2 a : -Hosts b:2,c -ppn 3 d");
        assert_eq!(job.hosts, Some(HostSource::List(vec![Host::new("b", 2), Host::new("c", 1)])));
        assert_eq!(job.per_node, Some(3));
        for line in ["-f hf a", "-hostfile hf a", "--machinefile=hf a"] {
            assert_eq!(run(line).hosts, Some(HostSource::File("hf".into())), "{line}");
        }
    }

    #[test]
    fn wrong_lines_name_the_value_and_the_way_out() {
        for (line, parts) in [
            ("-n 0 a", ["\"0\"", "1 to"]),
            ("-n x a", ["\"x\"", "whole number"]),
            ("-n -1 a", ["\"-1\"", "whole number"]),
            ("-n 99999999999999999999 a", ["99999999999999999999", "1 to"]),
            ("-n", ["-n", "COUNT"]),
            ("-n 2", ["no program", "PROGRAM"]),
            ("", ["no program", "-help"]),
            ("-env X", ["-env", "VALUE"]),
            ("-env", ["-env", "NAME"]),
            ("-env =x a", ["\"=x\"", "NAME"]),
            ("-wdri /tmp a", ["-wdri", "-wdir"]),
            ("-l=3 a", ["-l", "\"3\""]),
            ("-hosts a:x b", ["-hosts", "\"x\""]),
            ("-hosts a -f b c", ["-f", "second host list"]),
            ("-ppn 0 a", ["-ppn", "\"0\""]),
            ("a : -n 2", ["segment 2", "':'"]),
            (": a", ["segment 1", "':'"]),
            ("-no-rank a : -no-rank b", ["-no-rank", "MPI ranks"]),
            ("a : : b", ["segment 2", "':'"]),
            ("-n 3000 a : -n 3000 b", ["6000", "-n"]),
        ] {
            let text = message(line);
            assert!(parts.iter().all(|part| text.contains(part)), "{line}: {text}");
        }
    }
}
