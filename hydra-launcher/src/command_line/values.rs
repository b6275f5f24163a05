//! Values of options: numbers of ranks, lists of names, words out of a few, switches in environment variables.

use super::error::UsageError;
use super::{Inherited, InputTarget, MAX_RANKS, Order, Singleton, Universe, Variable};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::time::Duration;

/// The values of one option, and what messages call it.
pub struct Values<'a> {
    /// The option as typed, or the environment variable.
    pub option: &'a str,
    /// As many as its row asks for, at least one.
    pub list: &'a [OsString],
}

impl Values<'_> {
    fn first(&self) -> &OsStr {
        self.list.first().map_or(OsStr::new(""), OsString::as_os_str)
    }

    /// The first value as it is.
    pub fn os(&self) -> OsString {
        self.first().to_owned()
    }

    /// The first value as text; what is no UTF-8 is replaced.
    pub fn text(&self) -> String {
        self.first().to_string_lossy().into_owned()
    }

    /// The error that names what would be right.
    pub fn wrong(&self, right: &'static str) -> UsageError {
        UsageError::BadValue(self.option.to_owned(), self.text(), right)
    }

    /// A number of ranks.
    pub fn ranks(&self) -> Result<usize, UsageError> {
        let number = self.first().to_str().and_then(|text| text.parse().ok());
        let number = number.filter(|count| (1..=MAX_RANKS).contains(count));
        number.ok_or_else(|| UsageError::BadCount(self.text(), self.option.to_owned()))
    }

    /// A number from 0 on.
    pub fn number(&self, right: &'static str) -> Result<usize, UsageError> {
        self.first().to_str().and_then(|text| text.parse().ok()).ok_or_else(|| self.wrong(right))
    }

    /// Seconds, of which 0 and less mean no limit.
    pub fn seconds(&self) -> Result<Option<Duration>, UsageError> {
        let seconds: i64 = self.text().trim().parse().map_err(|_| self.wrong("a whole number of seconds"))?;
        Ok(u64::try_from(seconds).ok().filter(|&seconds| seconds > 0).map(Duration::from_secs))
    }

    /// NAME=VALUE, or NAME and VALUE.
    pub fn variable(&self) -> Result<Variable, UsageError> {
        let (name, value) = match split_at_equals(self.first()) {
            (name, Some(value)) => (name.to_owned(), value),
            (name, None) => (name.to_owned(), self.list.get(1).cloned().unwrap_or_default()),
        };
        if name.is_empty() { Err(UsageError::BadVariable(self.text())) } else { Ok((name, value)) }
    }

    /// A list of names of variables.
    pub fn names(&self) -> Inherited {
        let names = self.first().as_bytes().split(|&byte| byte == b',').filter(|name| !name.is_empty());
        Inherited::Listed(names.map(|name| OsStr::from_bytes(name).to_owned()).collect())
    }

    /// Port, interface, key and PID of a program that was started alone. Nobody gives keys.
    pub fn singleton(&self) -> Result<Singleton, UsageError> {
        let text = |index: usize| self.list.get(index).and_then(|word| word.to_str()).unwrap_or_default();
        let port = text(0).parse().ok().filter(|&port: &u16| port > 0);
        let pid = text(3).parse().ok().filter(|&pid: &i32| pid > 0);
        match (port, pid) {
            (Some(port), Some(pid)) => Ok(Singleton { port, interface: text(1).to_owned(), pid }),
            (None, _) => Err(self.wrong("PORT INTERFACE KEY PID, with the number of a port")),
            (_, None) => Err(UsageError::BadValue(
                self.option.to_owned(),
                text(3).to_owned(),
                "PORT INTERFACE KEY PID, with the number of a process",
            )),
        }
    }

    /// One of these words, in lower case.
    pub fn word(&self, known: &[&str], right: &'static str) -> Result<String, UsageError> {
        let word = self.text().to_ascii_lowercase();
        if known.contains(&word.as_str()) { Ok(word) } else { Err(self.wrong(right)) }
    }

    /// The order of the host list.
    pub fn order(&self) -> Result<Order, UsageError> {
        match self.text().to_ascii_lowercase().as_str() {
            "ascending" | "up" => Ok(Order::Ascending),
            "descending" | "down" => Ok(Order::Descending),
            _ => Err(self.wrong("ascending or descending")),
        }
    }

    /// Who reads standard input.
    pub fn input(&self) -> Result<InputTarget, UsageError> {
        match self.text().to_ascii_lowercase().as_str() {
            "none" => Ok(InputTarget::Nobody),
            "all" => Ok(InputTarget::All),
            _ => self.number("a rank, all or none").map(InputTarget::Rank),
        }
    }

    /// MPI_UNIVERSE_SIZE.
    pub fn universe(&self) -> Result<Universe, UsageError> {
        let right = "SYSTEM, INFINITE or a whole number from 1 on";
        match self.text().to_ascii_uppercase().as_str() {
            "SYSTEM" => Ok(Universe::System),
            "INFINITE" => Ok(Universe::Infinite),
            _ => match self.number(right)? {
                0 => Err(self.wrong(right)),
                size => Ok(Universe::Size(size)),
            },
        }
    }

    /// GPUs of a rank, or None for auto.
    pub fn gpus(&self) -> Result<Option<usize>, UsageError> {
        match self.text().to_ascii_lowercase().as_str() {
            "auto" => Ok(None),
            _ => self.number("a whole number, or auto").map(Some),
        }
    }

    /// A switch, as environment variables hold it.
    pub fn switch(&self) -> Result<bool, UsageError> {
        match self.text().to_ascii_lowercase().as_str() {
            "1" | "on" | "yes" | "true" => Ok(true),
            "" | "0" | "off" | "no" | "false" => Ok(false),
            _ => Err(self.wrong("1 or 0")),
        }
    }
}

/// The word before the first '=' and what is behind it.
pub fn split_at_equals(word: &OsStr) -> (&OsStr, Option<OsString>) {
    let bytes = word.as_bytes();
    match memchr::memchr(b'=', bytes) {
        Some(at) => (OsStr::from_bytes(&bytes[..at]), Some(OsString::from_vec(bytes[at + 1..].to_vec()))),
        None => (word, None),
    }
}
