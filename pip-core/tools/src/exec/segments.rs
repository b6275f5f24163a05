//! The command line of pip-exec: segments between `:`, each with options and a program.

use super::tool;
use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

/// One program and how to run it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Number of tasks.
    pub count: u64,
    /// The first task's core, counted among the allowed ones.
    pub core: Option<usize>,
    /// Start there instead of main.
    pub function: Option<CString>,
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// Whether to tell what is started.
    pub debug: bool,
}

/// What to print instead of running anything.
#[derive(Debug)]
pub enum Usage {
    /// Asked for, or a sentence about what is wrong.
    Clap(Box<clap::Error>),
    /// No arguments, or a segment without a program.
    Empty,
}

impl Usage {
    /// Prints it; the exit status is 2 unless help was asked for.
    pub fn print(self) -> ExitCode {
        match self {
            Usage::Clap(error) => tool().give_up(&error, 2),
            Usage::Empty => {
                eprint!("pip-exec: a program is missing\n\n{}", tool().help());
                ExitCode::from(2)
            }
        }
    }
}

/// Reads the arguments. One separator may stand at the end.
pub fn parse(args: Vec<OsString>) -> Result<Vec<Segment>, Usage> {
    let mut parts: Vec<&[OsString]> = args.split(|arg| arg == ":" || arg == "::").collect();
    if parts.len() > 1 && parts.last().is_some_and(|last| last.is_empty()) {
        parts.pop();
    }
    if parts.iter().any(|part| part.is_empty()) {
        return Err(Usage::Empty);
    }
    parts.into_iter().map(segment).collect()
}

fn segment(words: &[OsString]) -> Result<Segment, Usage> {
    let words = std::iter::once("pip-exec".into()).chain(words.iter().cloned());
    let matches = tool().parse(words).map_err(|error| Usage::Clap(Box::new(error)))?;
    let function = matches.get_one::<OsString>("f").map(|name| CString::new(name.clone().into_vec()));
    Ok(Segment {
        count: matches.get_one("n").copied().unwrap_or(1),
        core: matches.get_one("c").copied(),
        function: function.transpose().map_err(|_| Usage::Empty)?,
        command: matches.get_many("A.OUT").into_iter().flatten().cloned().collect(),
        debug: matches.get_flag("d"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Vec<Segment>, Usage> {
        parse(line.split_whitespace().map(OsString::from).collect())
    }

    #[test]
    fn programs_keep_their_own_options() {
        let segments = parsed("-n 2 a -n 3 -- -x : -f start -c 1 b :: c :").unwrap();
        let counts: Vec<_> = segments.iter().map(|s| s.count).collect();
        assert_eq!(counts, [2, 1, 1]);
        assert_eq!(segments[0].command, ["a", "-n", "3", "--", "-x"]);
        assert_eq!(segments[1].function.as_deref(), Some(c"start"));
        assert_eq!(segments[1].core, Some(1));
        assert_eq!(segments[2].command, ["c"]);
    }

    #[test]
    fn what_is_refused() {
        for line in ["", ":", "a : :", ": a", "-n 0 a", "-n x a", "-n 2", "-x a", "-c -1 a"] {
            assert!(parsed(line).is_err(), "{line:?}");
        }
    }
}
