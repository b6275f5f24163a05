//! Rank 0's standard input; the other ranks read /dev/null.
//!
//! A file, pipe or socket is handed to rank 0 as it is: no copy, no event, exact end of file, and what rank 0 does not
//! read stays for the next reader. Only a terminal goes through the launcher, because rank 0 leads a session of its own,
//! where the terminal's job control would not hold: it would take input meant for the shell while in the background.

use nix::errno::Errno;
use nix::unistd::{isatty, pipe2};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// What rank 0 gets, and what the launcher has to do for it.
#[derive(Debug)]
pub enum Source {
    /// The launcher's own descriptor 0.
    Direct,
    /// The read end of a pipe, fed from the terminal.
    Terminal(OwnedFd, TerminalInput),
}

/// Opens rank 0's input.
pub fn open() -> io::Result<Source> {
    if !isatty(io::stdin()).unwrap_or(false) {
        return Ok(Source::Direct);
    }
    let (read, write) = pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
    set_nonblocking(&write)?;
    Ok(Source::Terminal(read, TerminalInput { pipe: Some(write), pending: Vec::new() }))
}

/// Puts /dev/null in the place of the launcher's descriptor 0, so that a writer notices when rank 0 closes its own.
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
