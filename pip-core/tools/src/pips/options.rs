//! The command line of pips: letters as ps(1) takes them, then options.

use super::tool;
use crate::signals;
use std::ffi::OsString;

/// What to do with the selected tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    List,
    Signal(i32),
    Ps(Vec<String>),
    Top(Vec<String>),
}

/// What the command line asks for.
#[derive(Debug, Clone)]
pub struct Options {
    /// `a`: of all users.
    pub all: bool,
    /// `u`: more columns.
    pub user: bool,
    /// `x`: also without a terminal.
    pub detached: bool,
    pub root: bool,
    pub task: bool,
    pub family: bool,
    pub descent: bool,
    /// Letters of [`super::select`]'s modes; all if None.
    pub modes: Option<String>,
    pub action: Action,
    pub verbose: bool,
    pub debug: bool,
    pub patterns: Vec<String>,
}

/// What is wrong with a command line.
#[derive(Debug)]
pub enum Wrong {
    Clap(Box<clap::Error>),
    Sentence(String),
}

impl Options {
    /// Reads the arguments.
    pub fn parse(mut args: Vec<OsString>) -> Result<Options, Wrong> {
        let letters = args.first().map(|first| first.to_string_lossy().into_owned()).unwrap_or_default();
        let bsd = !letters.is_empty() && letters.bytes().all(|letter| b"aux".contains(&letter));
        if bsd {
            args.remove(0);
        }
        let has = |letter| bsd && letters.contains(letter);
        let words = std::iter::once("pips".into()).chain(args);
        let matches = tool().parse(words).map_err(|error| Wrong::Clap(Box::new(error)))?;
        let flag = |name: &str| matches.get_flag(name);
        let passed = |name: &str| -> Option<Vec<String>> {
            if !matches.contains_id(name) {
                return None;
            }
            let values = matches.get_many::<String>(name).into_iter().flatten();
            Some(values.filter(|value| !is_skip(value)).flat_map(|value| value.split(',')).map(String::from).collect())
        };
        let mut patterns: Vec<String> = matches.get_many("PATTERN").into_iter().flatten().cloned().collect();
        if patterns.first().is_some_and(|first| is_skip(first)) {
            patterns.remove(0);
        }
        let mut actions = Vec::new();
        actions.extend(flag("kill").then_some(Action::Signal(libc::SIGTERM)));
        if let Some(name) = matches.get_one::<String>("signal") {
            let number = signals::number(name);
            let number =
                number.ok_or_else(|| Wrong::Sentence(format!("{name}: no such signal; kill -l lists them")))?;
            actions.push(Action::Signal(number));
        }
        actions.extend(passed("ps").map(Action::Ps));
        actions.extend(passed("top").map(Action::Top));
        if actions.len() > 1 {
            return Err(Wrong::Sentence("only one of --ps, --top, --signal and --kill at a time".to_owned()));
        }
        Ok(Options {
            all: has('a'),
            user: has('u'),
            detached: has('x'),
            root: flag("root"),
            task: flag("task"),
            family: flag("family"),
            descent: flag("descent"),
            modes: matches.get_one::<String>("mode").map(|letters| modes(letters)).transpose()?,
            action: actions.pop().unwrap_or(Action::List),
            verbose: flag("verbose"),
            debug: flag("debug"),
            patterns,
        })
    }
}

/// A word that only ends the options.
fn is_skip(word: &str) -> bool {
    matches!(word, "-" | "--")
}

/// The letters that lines may have, for the letters given.
fn modes(letters: &str) -> Result<String, Wrong> {
    let upper = letters.to_ascii_uppercase();
    if upper.is_empty() || !upper.chars().all(|letter| "PLGCT".contains(letter)) {
        return Err(Wrong::Sentence(format!("{letters:?}: no mode; give one or more of the letters P, L, C, G and T")));
    }
    Ok(upper.replace('P', "LCG"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Wrong> {
        Options::parse(line.split_whitespace().map(OsString::from).collect())
    }

    #[test]
    fn letters_are_taken_from_the_first_word_only() {
        let options = parse("aux -r a").unwrap();
        assert!(options.all && options.user && options.detached && options.root);
        assert_eq!(options.patterns, ["a"]);
        let options = parse("- a x").unwrap();
        assert!(!options.all);
        assert_eq!(options.patterns, ["a", "x"]);
        assert_eq!(parse("axe").unwrap().patterns, ["axe"]);
    }

    #[test]
    fn one_action_at_a_time() {
        assert_eq!(parse("-k").unwrap().action, Action::Signal(15));
        assert_eq!(parse("-s sigusr1 x").unwrap().action, Action::Signal(10));
        assert_eq!(parse("-P").unwrap().action, Action::Ps(vec![]));
        assert_eq!(parse("-P - x").unwrap().action, Action::Ps(vec![]));
        assert_eq!(parse("-P -o,pid x").unwrap().action, Action::Ps(vec!["-o".into(), "pid".into()]));
        assert_eq!(parse("-T -b,-n,1").unwrap().action, Action::Top(vec!["-b".into(), "-n".into(), "1".into()]));
        for wrong in ["-k -s INT", "-P x -T", "-k --ps", "-s NOSUCH", "-s", "-m X", "-m", "--nosuch"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn modes_are_letters() {
        assert_eq!(parse("-m pt").unwrap().modes.as_deref(), Some("LCGT"));
    }
}
