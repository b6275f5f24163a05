//! The processes and threads that ps(1) lists.

use super::options::Options;
use anyhow::{Context, Result, bail};
use std::io;
use std::process::Command;

/// What ps is asked for; the name comes last, since it may hold spaces.
const COLUMNS: [&str; 13] =
    ["pid", "tid", "ppid", "user:16", "%cpu", "%mem", "vsz", "rss", "tty", "stat", "start_time", "time", "comm"];

/// A line of ps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    pub pid: i32,
    pub tid: i32,
    pub ppid: i32,
    pub user: String,
    pub cpu: String,
    pub memory: String,
    pub vsz: String,
    pub rss: String,
    pub tty: String,
    pub stat: String,
    pub start: String,
    pub time: String,
    /// The whole command name.
    pub comm: String,
}

/// What a line's command name says about a root or task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pip {
    /// `R` or a digit.
    pub id: char,
    /// L, C, G or T.
    pub mode: char,
}

impl Row {
    /// Whether the line is a root or a task. A thread that a task itself started has its name too, but in process mode
    /// only the main thread is the task, and a root always is one.
    pub fn pip(&self) -> Option<Pip> {
        let mut chars = self.comm.chars();
        let id = chars.next().filter(|&c| c == 'R' || c.is_ascii_digit())?;
        let mode = match chars.next()? {
            ':' => 'L',
            ';' => 'C',
            '.' => 'G',
            '|' => 'T',
            _ => return None,
        };
        (self.pid == self.tid || (mode == 'T' && id != 'R')).then_some(Pip { id, mode })
    }

    /// Whether this is a root.
    pub fn is_root(&self) -> bool {
        self.pip().is_some_and(|pip| pip.id == 'R')
    }

    /// The name of the program.
    pub fn name(&self) -> &str {
        if self.pip().is_some() { &self.comm[2..] } else { &self.comm }
    }
}

/// Runs ps.
pub fn read(options: &Options) -> Result<Vec<Row>> {
    let mut letters = String::new();
    letters.extend(options.all.then_some('a'));
    letters.extend(options.detached.then_some('x'));
    letters.push('H');
    let mut command = Command::new("ps");
    command.env("LC_ALL", "C").arg(letters);
    for column in COLUMNS {
        command.arg("-o").arg(format!("{column}="));
    }
    if options.debug {
        eprintln!("PIPS: {command:?}");
    }
    let output = command.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => anyhow::anyhow!("ps is not installed; on Debian: apt-get install procps"),
        _ => anyhow::anyhow!("ps cannot be run: {error}"),
    })?;
    // It exits with 1 when it lists nothing.
    if !output.stderr.is_empty() {
        bail!("ps failed: {}; pips needs the ps of procps", String::from_utf8_lossy(&output.stderr).trim());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| parse(line).with_context(|| format!("ps printed an unexpected line: {line}"))).collect()
}

fn parse(line: &str) -> Option<Row> {
    let mut rest = line;
    let mut next = || {
        let start = rest.trim_start();
        let (word, after) = start.split_once(' ').unwrap_or((start, ""));
        rest = after;
        (!word.is_empty()).then(|| word.to_owned())
    };
    let mut row = Row {
        pid: next()?.parse().ok()?,
        tid: next()?.parse().ok()?,
        ppid: next()?.parse().ok()?,
        user: next()?,
        cpu: next()?,
        memory: next()?,
        vsz: next()?,
        rss: next()?,
        tty: next()?,
        stat: next()?,
        start: next()?,
        time: next()?,
        comm: String::new(),
    };
    // ps prints one space before the last column, which is as long as the name.
    row.comm = rest.to_owned();
    Some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_ps() {
        let row =
            parse("  1234   1235     1 root              0.0  0.1 12345  678 pts/0    Sl   Nov21 00:00:01 7|my prog")
                .unwrap();
        assert_eq!((row.pid, row.tid, row.ppid, row.tty.as_str()), (1234, 1235, 1, "pts/0"));
        assert_eq!(row.pip(), Some(Pip { id: '7', mode: 'T' }));
        assert_eq!(row.name(), "my prog");
    }

    #[test]
    fn what_is_a_task() {
        let row = |comm: &str, tid| Row { pid: 5, tid, comm: comm.to_owned(), ..Row::default() };
        assert!(row("R:pip-exec", 5).is_root() && !row("R:pip-exec", 6).is_root());
        assert_eq!(row("3:a", 5).pip(), Some(Pip { id: '3', mode: 'L' }));
        assert_eq!(row("3:a", 6).pip(), None, "a thread of a task");
        assert_eq!(row("R|a", 6).pip(), None, "a helper thread of a root");
        for other in ["", "R", "bash", "x:y", "R-a", "3/0"] {
            assert_eq!(row(other, 5).pip(), None, "{other:?}");
        }
    }
}
