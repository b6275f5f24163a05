//! The text that the interpreter (programs/generated/interpreter.c) plays.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Lines, each of one rank or one of its threads.
#[derive(Debug, Default, Clone)]
pub struct Script {
    text: String,
    /// Bytes that each rank's buffered sends of a step may need at once.
    buffered: BTreeMap<usize, usize>,
}

impl Script {
    /// One instruction.
    pub fn line(&mut self, rank: usize, thread: Option<usize>, instruction: impl AsRef<str>) {
        let _ = match thread {
            None => writeln!(self.text, "{rank} {}", instruction.as_ref()),
            Some(thread) => writeln!(self.text, "{rank}.{thread} {}", instruction.as_ref()),
        };
    }

    /// One instruction for all ranks.
    pub fn everybody(&mut self, instruction: &str) {
        let _ = writeln!(self.text, "* {instruction}");
    }

    /// A rank will send so many bytes buffered.
    pub fn buffer(&mut self, rank: usize, bytes: usize) {
        // MPI_BSEND_OVERHEAD is 96 in MPICH; alignment and a message's envelope fit the rest.
        *self.buffered.entry(rank).or_default() += bytes + 512;
    }

    /// What `step` writes, between attaching and detaching the buffers it needs.
    pub fn with_buffers(&mut self, step: impl FnOnce(&mut Script)) {
        let mut body = Script::default();
        step(&mut body);
        for (&rank, bytes) in &body.buffered {
            self.line(rank, None, format!("buffer attach bytes={bytes}"));
        }
        self.text.push_str(&body.text);
        for &rank in body.buffered.keys() {
            self.line(rank, None, "buffer detach");
        }
    }

    /// The text.
    pub fn into_text(self) -> String {
        self.text
    }
}
