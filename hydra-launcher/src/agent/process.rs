//! What runs a rank: a task of this address space, an ordinary process of this host, one that was there before the launcher, or a
//! process on another host, of which only the PID is known here.

use super::ordinary::Child;
use super::singleton::Foreign;
use crate::signals;
use pip_core::Task;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::process::ExitStatus;

/// A process of the job.
#[derive(Debug)]
pub enum Process {
    /// A task.
    Task(Task),
    /// A process with an address space of its own.
    Ordinary(Child),
    /// A process that somebody else has started.
    Foreign(Foreign),
    /// A task or process of another node's agent, which alone can send it signals and knows how it ends.
    Remote {
        /// The node's index.
        node: usize,
        /// Its PID there; 0 before it has started.
        pid: i32,
        /// The path of its program there.
        program: PathBuf,
    },
}

impl Process {
    /// Its PID, on its host.
    pub fn pid(&self) -> i32 {
        match self {
            Process::Task(task) => task.pid(),
            Process::Ordinary(child) => child.pid(),
            Process::Foreign(process) => process.pid(),
            Process::Remote { pid, .. } => *pid,
        }
    }

    /// What it is, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Process::Task(_) => "task",
            Process::Ordinary(_) | Process::Foreign(_) => "process",
            Process::Remote { .. } => "agent's",
        }
    }

    /// The other node it is on.
    pub fn node(&self) -> Option<usize> {
        match self {
            Process::Remote { node, .. } => Some(*node),
            Process::Task(_) | Process::Ordinary(_) | Process::Foreign(_) => None,
        }
    }

    /// Whether it was not started for the job.
    pub fn is_foreign(&self) -> bool {
        matches!(self, Process::Foreign(_))
    }

    /// A descriptor that becomes readable when it has ended.
    pub fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Process::Task(task) => task.pidfd(),
            Process::Ordinary(child) => Some(child.pidfd().as_fd()),
            Process::Foreign(process) => Some(process.pidfd()),
            Process::Remote { .. } => None,
        }
    }

    /// Kills it and all of its process group, if it is on this host; a process of somebody else alone.
    pub fn kill_group(&self) {
        match self {
            Process::Task(task) => {
                signals::send_to_group(task.pid(), libc::SIGKILL);
                let _ = task.kill(libc::SIGKILL);
            }
            Process::Ordinary(child) => child.kill_group(),
            Process::Foreign(process) => process.kill(),
            Process::Remote { .. } => {}
        }
    }

    /// Waits for its end and reaps it, if it is on this host.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        match self {
            Process::Task(task) => task.wait(),
            Process::Ordinary(child) => child.wait(0).map(Option::unwrap_or_default),
            Process::Foreign(_) | Process::Remote { .. } => Ok(ExitStatus::default()),
        }
    }

    /// Its end, reaped, or None while it runs, if it is on this host.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        match self {
            Process::Task(task) => task.try_wait(),
            Process::Ordinary(child) => child.wait(libc::WNOHANG),
            Process::Foreign(process) => Ok(process.has_ended().then(ExitStatus::default)),
            Process::Remote { .. } => Ok(None),
        }
    }
}
