//! What runs a rank: a task of this address space, or a process on another host, of which only the PID is known here.

use crate::signals;
use pip_core::Task;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::process::ExitStatus;

/// A process of the job.
#[derive(Debug)]
pub enum Process {
    /// A task.
    Task(Task),
    /// A task of another node's agent, which alone can send it signals and knows how it ends.
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
            Process::Remote { pid, .. } => *pid,
        }
    }

    /// The other node it is on.
    pub fn node(&self) -> Option<usize> {
        match self {
            Process::Remote { node, .. } => Some(*node),
            Process::Task(_) => None,
        }
    }

    /// A descriptor that becomes readable when it has ended.
    pub fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Process::Task(task) => task.pidfd(),
            Process::Remote { .. } => None,
        }
    }

    /// Kills it and all of its process group, if it is on this host.
    pub fn kill_group(&self) {
        if let Process::Task(task) = self {
            signals::send_to_group(task.pid(), libc::SIGKILL);
            let _ = task.kill(libc::SIGKILL);
        }
    }

    /// Waits for its end and reaps it, if it is on this host.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        match self {
            Process::Task(task) => task.wait(),
            Process::Remote { .. } => Ok(ExitStatus::default()),
        }
    }

    /// Its end, reaped, or None while it runs, if it is on this host.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        match self {
            Process::Task(task) => task.try_wait(),
            Process::Remote { .. } => Ok(None),
        }
    }
}
