//! What the shim asks the launcher, on the connection that the MPI library has with it: a line, answered by a line, while the
//! library itself has nothing on its way there.

use std::fs::File;
use std::io::{Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{FromRawFd, RawFd};

/// Longer lines are not sent by either side.
const LINE: usize = 1024;
/// Bytes of a report in one line.
const PART: usize = 900;

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
