//! What the shim asks the launcher, on the connection that the MPI library has with it: a line, answered by a line, while the
//! library itself has nothing on its way there. Joining is for jobs with several address spaces.

use std::fs::File;
use std::io::{Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{FromRawFd, RawFd};

/// Longer lines are not sent by either side.
const LINE: usize = 1024;
/// Bytes of a report in one line.
const PART: usize = 900;

/// Tells the launcher that this rank has the shim; false if it cannot be told.
pub fn join() -> bool {
    ask("cmd=pip_join\n").is_some_and(|answer| field(&answer, "rc") == Some(0))
}

/// After the library has started, which no rank leaves before all have begun: whether every rank has joined.
pub fn have_all_joined() -> bool {
    ask("cmd=pip_joined\n").is_some_and(|answer| {
        let count = field(&answer, "count");
        field(&answer, "rc") == Some(0) && count.is_some() && count == field(&answer, "size")
    })
}

/// Hands this rank's report over: text without spaces and newlines.
pub fn report(text: &str) {
    let parts = text.as_bytes().chunks(PART);
    let count = parts.len();
    for (part, value) in parts.enumerate() {
        let value = String::from_utf8_lossy(value);
        if ask(&format!("cmd=pip_report part={part} parts={count} value={value}\n")).is_none() {
            return;
        }
    }
}

fn field(answer: &str, name: &str) -> Option<i64> {
    let value =
        |word: &str| word.split_once('=').filter(|(key, _)| *key == name).and_then(|(_, value)| value.parse().ok());
    answer.split_whitespace().find_map(value)
}

fn ask(question: &str) -> Option<String> {
    let number: RawFd = std::env::var("PMI_FD").ok()?.parse().ok()?;
    // SAFETY: the launcher put the connection there for this process; it stays open, since the file is never dropped.
    let mut connection = ManuallyDrop::new(unsafe { File::from_raw_fd(number) });
    connection.write_all(question.as_bytes()).ok()?;
    // Byte by byte: what follows the line is not ours.
    let (mut line, mut byte) = (Vec::new(), [0]);
    while line.len() < LINE {
        connection.read_exact(&mut byte).ok()?;
        if byte[0] == b'\n' {
            return String::from_utf8(line).ok();
        }
        line.push(byte[0]);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn answers_are_read() {
        let answer = "cmd=pip_joined_result rc=0 count=3 size=4";
        assert_eq!(
            ["rc", "count", "size", "more", "cmd"].map(|name| field(answer, name)),
            [Some(0), Some(3), Some(4), None, None]
        );
        assert_eq!(field("cmd=pip_join_result rc=-1 msg=unknown_command", "rc"), Some(-1));
    }
}
