//! Standard input of the ranks: rank 0's, or that of another one by `-s`; the others read /dev/null.
//!
//! A file, pipe or socket is handed to the rank as it is: no copy, no event, exact end of file, and what the rank does not
//! read stays for the next reader. Only a terminal goes through the launcher, because the rank leads a session of its own,
//! where the terminal's job control would not hold: it would take input meant for the shell while in the background. And of
//! course what all ranks are to get.

use super::broadcast;
use crate::command_line::InputTarget;
use nix::errno::Errno;
use nix::unistd::{isatty, pipe2};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// The input of all ranks during their start.
#[derive(Debug)]
pub struct Inputs {
    target: InputTarget,
    null: OwnedFd,
    source: Source,
}

/// What the chosen rank gets, and what the launcher has to do for it.
#[derive(Debug)]
enum Source {
    /// The launcher's own descriptor 0.
    Direct,
    /// The read end of a pipe, fed from the terminal.
    Terminal(OwnedFd, TerminalInput),
    /// Pipes of the ranks started so far: the last one's read end, and all write ends.
    Broadcast(Option<OwnedFd>, Vec<OwnedFd>),
}

impl Inputs {
    /// Opens what the chosen rank reads.
    pub fn open(target: InputTarget) -> io::Result<Inputs> {
        let source = match target {
            InputTarget::All => Source::Broadcast(None, Vec::new()),
            InputTarget::Rank(_) if isatty(io::stdin()).unwrap_or(false) => {
                let (read, write) = pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
                set_nonblocking(&write)?;
                Source::Terminal(read, TerminalInput { pipe: Some(write), pending: Vec::new() })
            }
            InputTarget::Rank(_) | InputTarget::Nobody => Source::Direct,
        };
        Ok(Inputs { target, null: File::open("/dev/null")?.into(), source })
    }

    /// The descriptor that becomes a task's standard input; valid until the next call.
    pub fn of(&mut self, task: usize, is_rank: bool) -> io::Result<RawFd> {
        let chosen = is_rank && [InputTarget::Rank(task), InputTarget::All].contains(&self.target);
        Ok(match &mut self.source {
            _ if !chosen => self.null.as_raw_fd(),
            Source::Direct => 0,
            Source::Terminal(read, _) => read.as_raw_fd(),
            Source::Broadcast(last, writes) => {
                let (read, write) = pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
                set_nonblocking(&write)?;
                writes.push(write);
                last.insert(read).as_raw_fd()
            }
        })
    }

    /// To be called once a task has started.
    pub fn started(&self, task: usize) -> io::Result<()> {
        if self.target == InputTarget::Rank(task) && matches!(self.source, Source::Direct) { release() } else { Ok(()) }
    }

    /// To be called once all have started: what the event loop has to do.
    pub fn finish(self) -> io::Result<Option<TerminalInput>> {
        match self.source {
            Source::Direct => Ok(None),
            Source::Terminal(_, terminal) => Ok(Some(terminal)),
            Source::Broadcast(_, writes) => broadcast::start(writes).map(|()| None),
        }
    }
}

/// Puts /dev/null in the place of the launcher's descriptor 0, so that a writer notices when the rank closes its own.
pub fn release() -> io::Result<()> {
    nix::unistd::dup2_stdin(File::open("/dev/null")?)?;
    Ok(())
}

/// Makes a descriptor non-blocking.
pub fn set_nonblocking(fd: &impl AsFd) -> nix::Result<()> {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).map(drop)
}

/// Carries lines from the terminal to rank 0's pipe, and reads no more while the pipe is full.
#[derive(Debug)]
pub struct TerminalInput {
    pipe: Option<OwnedFd>,
    pending: Vec<u8>,
}

/// What to wait for next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Input from the terminal.
    Terminal,
    /// Room in the pipe.
    Pipe,
    /// SIGCONT: the launcher is in the background, where reading the terminal would stop it.
    Foreground,
    /// Nothing: end of input, or rank 0 closed its end.
    Nothing,
}

impl TerminalInput {
    /// The write end of the pipe.
    pub fn pipe(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// What to wait for, without reading.
    pub fn wait(&self) -> Wait {
        match &self.pipe {
            None => Wait::Nothing,
            Some(_) if !self.pending.is_empty() => Wait::Pipe,
            Some(_) if in_foreground() => Wait::Terminal,
            Some(_) => Wait::Foreground,
        }
    }

    /// The terminal is readable: takes what it has.
    pub fn read(&mut self) -> Wait {
        if self.wait() == Wait::Terminal {
            let mut buffer = [0; 4096];
            match nix::unistd::read(io::stdin(), &mut buffer) {
                Ok(0) => self.pipe = None,
                Ok(count) => self.pending.extend_from_slice(&buffer[..count]),
                Err(Errno::EINTR | Errno::EAGAIN) => {}
                // SIGTTIN is blocked, so this is how a read in the background fails.
                Err(Errno::EIO) if !in_foreground() => return Wait::Foreground,
                Err(_) => self.pipe = None,
            }
        }
        self.write()
    }

    /// The pipe may have room: writes what is pending.
    pub fn write(&mut self) -> Wait {
        if let Some(pipe) = self.pipe.as_ref().filter(|_| !self.pending.is_empty()) {
            match nix::unistd::write(pipe, &self.pending) {
                Ok(count) => drop(self.pending.drain(..count)),
                Err(Errno::EINTR | Errno::EAGAIN) => {}
                Err(_) => self.pipe = None, // rank 0 closed its input
            }
        }
        self.wait()
    }

    /// Rank 0 closed its end or has ended.
    pub fn close(&mut self) {
        self.pipe = None;
    }
}

/// Whether the launcher's process group may read its terminal.
pub fn in_foreground() -> bool {
    // SAFETY: asks two numbers of the kernel.
    unsafe {
        let group = libc::tcgetpgrp(io::stdin().as_raw_fd());
        group == -1 || group == libc::getpgrp()
    }
}
