//! A process of the job: a task of this address space, or an ordinary process. Both have a PID, a pidfd, signals and a status.

use super::ordinary::Child;
use pip_core::Task;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::process::ExitStatus;

/// What runs a rank.
#[derive(Debug)]
pub enum Process {
    /// A task.
    Task(Task),
    /// A process with an address space of its own.
    Ordinary(Child),
}

impl Process {
    /// Its PID.
    pub fn pid(&self) -> i32 {
        match self {
            Process::Task(task) => task.pid(),
            Process::Ordinary(child) => child.pid(),
        }
    }

    /// A descriptor that becomes readable when it has ended.
    pub fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Process::Task(task) => task.pidfd(),
            Process::Ordinary(child) => Some(child.pidfd().as_fd()),
        }
    }

    /// Sends it a signal; ESRCH once it was waited for.
    pub fn kill(&self, signal: i32) -> io::Result<()> {
        match self {
            Process::Task(task) => task.kill(signal),
            Process::Ordinary(child) => child.kill(signal),
        }
    }

    /// Waits for its end and reaps it.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        match self {
            Process::Task(task) => task.wait(),
            Process::Ordinary(child) => child.wait(0).map(Option::unwrap_or_default),
        }
    }

    /// Its end, reaped, or None while it runs.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        match self {
            Process::Task(task) => task.try_wait(),
            Process::Ordinary(child) => child.wait(libc::WNOHANG),
        }
    }
}
