//! Standard input for a task of this node, as it comes from the launcher.

use crate::stdio::stdin::set_nonblocking;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::{dup2_stdin, pipe2};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The write end of the task's pipe, and what does not fit in.
#[derive(Debug)]
pub struct Input {
    pipe: Option<OwnedFd>,
    pending: Vec<u8>,
    /// Bytes of `pending` that are written already.
    written: usize,
    at_end: bool,
}

impl Input {
    /// Makes a pipe the standard input of this process, from which its task inherits it.
    pub fn open() -> nix::Result<Input> {
        let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
        set_nonblocking(&write)?;
        dup2_stdin(read)?;
        Ok(Input { pipe: Some(write), pending: Vec::new(), written: 0, at_end: false })
    }

    /// Adds input; nothing stands for its end.
    pub fn push(&mut self, bytes: &[u8]) {
        self.pending.drain(..self.written);
        self.written = 0;
        self.pending.extend_from_slice(bytes);
        self.at_end |= bytes.is_empty();
    }

    /// The pipe, while it is open.
    pub fn pipe(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// Whether something waits for room in the pipe.
    pub fn is_waiting(&self) -> bool {
        self.written < self.pending.len()
    }

    /// Writes what fits. Returns how much that was, and false if nobody reads any more before the end.
    pub fn write(&mut self) -> (usize, bool) {
        let before = self.written;
        let mut open = true;
        while let Some(pipe) = self.pipe.as_ref().filter(|_| self.written < self.pending.len()) {
            match nix::unistd::write(pipe, &self.pending[self.written..]) {
                Ok(count) => self.written += count,
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => break,
                Err(_) => {
                    self.pipe = None;
                    open = false;
                }
            }
        }
        if self.at_end && !self.is_waiting() {
            self.pipe = None;
        }
        (self.written - before, open)
    }
}
