//! Takes the words of a command line apart: options, their values, programs, and ':' between them.

use super::apply::{apply, apply_variables, rivals};
use super::config::ConfigFile;
use super::error::UsageError;
use super::values::{Values, split_at_equals};
use super::{Job, Request, Segment};
use crate::options::{self, Group, OptionId, OptionSpec};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Parses the arguments (without the launcher's own name). Options of `defaults`, and environment variables by `variable`,
/// stand in for what is not given.
pub fn parse(
    args: impl IntoIterator<Item = OsString>,
    defaults: Option<ConfigFile>,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Request, UsageError> {
    let args: Vec<OsString> = args.into_iter().collect();
    let mut parser = Parser::default();
    if let Some(file) = defaults {
        parser.defaults(&file).map_err(|error| UsageError::InFile(file.path.clone(), Box::new(error)))?;
    }
    if let Some(request) = parser.parts(&args.split(|word| word == ":").collect::<Vec<_>>())? {
        return Ok(request);
    }
    parser.given.append(&mut parser.given_before);
    apply_variables(&mut parser.job, &parser.given, variable)?;
    parser.job.check_ranks()?;
    Ok(Request::Run(Box::new(parser.job)))
}

#[derive(Default)]
struct Parser {
    job: Job,
    /// Options seen, of all segments.
    given: Vec<OptionId>,
    /// Options of the default file, which the command line may contradict.
    given_before: Vec<OptionId>,
    /// The options that stood before the program of this segment.
    of_segment: Vec<(OptionId, String)>,
    config: Option<PathBuf>,
}

impl Parser {
    /// Options of a default file.
    fn defaults(&mut self, file: &ConfigFile) -> Result<(), UsageError> {
        let words: Vec<OsString> = file.lines().concat();
        let mut words = words.iter();
        let mut segment = Segment::default();
        match self.options(&mut words, &mut segment)? {
            Stop::Program(word) => return Err(UsageError::ProgramInDefaults(word.to_string_lossy().into_owned())),
            Stop::Request(_) | Stop::End => {}
        }
        if let Some((_, option)) = self.of_segment.iter().find(|(id, _)| is_of_segment(*id)) {
            return Err(UsageError::Unsupported(
                option.clone(),
                "it belongs to one program, not into the defaults of all",
            ));
        }
        self.given_before = std::mem::take(&mut self.given);
        Ok(())
    }

    /// All segments of a command line.
    fn parts(&mut self, parts: &[&[OsString]]) -> Result<Option<Request>, UsageError> {
        for (index, part) in parts.iter().enumerate() {
            let mut segment = Segment::default();
            let mut words = part.iter();
            let stop = self.options(&mut words, &mut segment)?;
            let config = self.config.take();
            match (stop, config) {
                (Stop::Request(request), _) => return Ok(Some(request)),
                (Stop::Program(program), Some(_)) => {
                    return Err(UsageError::BesideConfigFile(program.to_string_lossy().into_owned()));
                }
                (Stop::End, Some(path)) => {
                    if let Some(request) = self.config_file(&path, parts.len())? {
                        return Ok(Some(request));
                    }
                    continue;
                }
                (Stop::Program(program), None) if self.job.singleton.is_some() => {
                    return Err(UsageError::BesideSingleton(program.to_string_lossy().into_owned()));
                }
                (Stop::Program(program), None) => segment.program = program,
                (Stop::End, None) if parts.len() == 1 && self.job.singleton.is_some() => return Ok(None),
                (Stop::End, None) if parts.len() == 1 => return Err(UsageError::NoProgram),
                (Stop::End, None) => return Err(UsageError::EmptySegment(index + 1)),
            }
            segment.args = words.cloned().collect();
            self.job.segments.push(segment);
        }
        Ok(None)
    }

    /// The segments of `-configfile`.
    fn config_file(&mut self, path: &PathBuf, parts: usize) -> Result<Option<Request>, UsageError> {
        let other = self.of_segment.iter().find(|(id, _)| *id != OptionId::ConfigFile && is_of_segment(*id));
        if let Some((_, option)) = other {
            return Err(UsageError::BesideConfigFile(option.clone()));
        }
        if parts > 1 {
            return Err(UsageError::BesideConfigFile("':' with what follows or precedes it".to_owned()));
        }
        let text = std::fs::read(path).map_err(|error| UsageError::Unreadable(path.clone(), error.to_string()))?;
        let lines = ConfigFile { path: path.clone(), text }.lines();
        let parts: Vec<&[OsString]> = lines.iter().flat_map(|line| line.split(|word| word == ":")).collect();
        let in_file = |error| UsageError::InFile(path.clone(), Box::new(error));
        if parts.iter().any(|part| part.iter().any(|word| names_config_file(word))) {
            return Err(in_file(UsageError::Unsupported(
                "-configfile".to_owned(),
                "a configuration file holds no other",
            )));
        }
        if parts.is_empty() {
            return Err(in_file(UsageError::NoProgram));
        }
        self.parts(&parts).map_err(in_file)
    }

    /// Takes options up to a program or the end.
    fn options(
        &mut self,
        words: &mut std::slice::Iter<'_, OsString>,
        segment: &mut Segment,
    ) -> Result<Stop, UsageError> {
        self.of_segment.clear();
        loop {
            let Some(word) = words.next() else { return Ok(Stop::End) };
            let Some(name) = option_name(word) else {
                let program = if word == "--" { words.next() } else { Some(word) };
                return Ok(program.map_or(Stop::End, |program| Stop::Program(program.clone())));
            };
            if let Some(request) = self.option(name, words, segment)? {
                return Ok(Stop::Request(request));
            }
        }
    }

    /// Takes one option and its values.
    fn option(
        &mut self,
        word: &OsStr,
        words: &mut std::slice::Iter<'_, OsString>,
        segment: &mut Segment,
    ) -> Result<Option<Request>, UsageError> {
        let (name, attached) = split_at_equals(word);
        let name = name.to_string_lossy();
        let shown = format!("-{name}");
        if name.eq_ignore_ascii_case("manual-page") {
            return Ok(Some(Request::Manual)); // for `make install`
        }
        let option =
            options::find(&name).ok_or_else(|| UsageError::UnknownOption(shown.clone(), options::nearest(&name)))?;
        if attached.is_none() && words.as_slice().first().is_some_and(|next| asks_for_help(next)) {
            return Ok(Some(Request::HelpOf(option)));
        }
        if let Some(request) = about(option.id) {
            return Ok(Some(request));
        }
        let list = take_values(option, &shown, attached, words)?;
        self.exclude_rivals(option.id, &shown)?;
        apply(option.id, &Values { option: &shown, list: &list }, segment, &mut self.job)?;
        if option.id == OptionId::ConfigFile {
            self.config = list.into_iter().next().map(PathBuf::from);
        }
        self.given.push(option.id);
        self.of_segment.push((option.id, shown));
        Ok(None)
    }

    /// Refuses two options of which only one can be meant.
    fn exclude_rivals(&self, id: OptionId, shown: &str) -> Result<(), UsageError> {
        let rivals = rivals(id);
        let is_rival = |other: &OptionId| rivals.contains(other) && (*other != id || rivals[0] == OptionId::Hosts);
        let of_segment = self.of_segment.iter().map(|(id, _)| id);
        let other = if is_of_segment(id) {
            of_segment.copied().find(is_rival)
        } else {
            self.given.iter().copied().find(is_rival)
        };
        match other.and_then(options::row) {
            Some(row) => Err(UsageError::Contradiction(shown.to_owned(), format!("-{}", row.names[0]))),
            None => Ok(()),
        }
    }
}

/// Why option parsing stopped.
enum Stop {
    Program(OsString),
    Request(Request),
    End,
}

/// The values that stand behind an option, or in it after '='.
fn take_values(
    option: &'static OptionSpec,
    shown: &str,
    attached: Option<OsString>,
    words: &mut std::slice::Iter<'_, OsString>,
) -> Result<Vec<OsString>, UsageError> {
    let mut list: Vec<OsString> = attached.into_iter().collect();
    if option.values.is_empty() && !list.is_empty() {
        return Err(UsageError::UnexpectedValue(shown.to_owned(), list[0].to_string_lossy().into_owned()));
    }
    while list.len() < option.values.len() {
        // NAME=VALUE is both.
        if list.len() == 1 && split_at_equals(&list[0]).1.is_some() {
            break;
        }
        let missing = || UsageError::MissingValue {
            option: shown.to_owned(),
            missing: option.values[list.len()],
            values: option.values,
        };
        list.push(words.next().cloned().ok_or_else(missing)?);
    }
    Ok(list)
}

/// The word without its dashes, if it is an option; `-` and `--` are none.
fn option_name(word: &OsStr) -> Option<&OsStr> {
    let bytes = word.as_bytes();
    let name = bytes.strip_prefix(b"--").or_else(|| bytes.strip_prefix(b"-"))?;
    (!name.is_empty()).then(|| OsStr::from_bytes(name))
}

fn named(word: &OsStr) -> Option<OptionId> {
    let (name, _) = split_at_equals(option_name(word)?);
    options::find(name.to_str()?).map(|option| option.id)
}

fn asks_for_help(word: &OsStr) -> bool {
    named(word) == Some(OptionId::Help)
}

fn names_config_file(word: &OsStr) -> bool {
    named(word) == Some(OptionId::ConfigFile)
}

fn is_of_segment(id: OptionId) -> bool {
    options::row(id).is_some_and(|row| row.group == Group::Segment)
}

fn about(id: OptionId) -> Option<Request> {
    match id {
        OptionId::Help => Some(Request::Help),
        OptionId::Version => Some(Request::Version),
        OptionId::Info => Some(Request::Info),
        _ => None,
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
