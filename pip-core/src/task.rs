//! A started task as its root sees it: identity, signals, the way it ended.

use crate::image::Image;
use crate::registry::{Entry, State};
use crate::stack::Stack;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// A handle on a task. Dropping it neither ends nor reaps the task; then its stack and loader stay mapped.
#[derive(Debug)]
pub struct Task {
    pub(crate) id: usize,
    pub(crate) pid: i32,
    pub(crate) pidfd: OwnedFd,
    pub(crate) entry: &'static Entry,
    pub(crate) status: Option<ExitStatus>,
    /// Given back once the task was waited for.
    pub(crate) memory: Option<Memory>,
}

/// What the root mapped for the task.
#[derive(Debug)]
pub(crate) struct Memory {
    pub _stack: Stack,
    pub _images: Vec<Image>,
}

impl Task {
    /// The task's id, by which other tasks import from it.
    pub fn id(&self) -> usize {
        self.id
    }

    /// The task's PID.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// A descriptor that becomes readable when the task has ended.
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// Waits for the end of the task: its exact exit status or signal, as wait(2) gives it.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.poll(0)? {
                return Ok(status);
            }
        }
    }

    /// The task's end, or None while it runs.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.poll(libc::WNOHANG)
    }

    /// Whether the task has ended; it stays to be waited for, and its PID its own.
    pub fn has_ended(&self) -> io::Result<bool> {
        // SAFETY: all-zero is a valid siginfo_t; the kernel fills it.
        let (mut info, fd): (libc::siginfo_t, _) = (unsafe { std::mem::zeroed() }, self.pidfd.as_raw_fd());
        let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        // SAFETY: a local to fill; the descriptor is ours.
        if unsafe { libc::waitid(libc::P_PIDFD, fd as libc::id_t, &mut info, options) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: si_pid is there for every state waitid reports, and 0 for none.
        Ok(self.status.is_some() || unsafe { info.si_pid() } != 0)
    }

    fn poll(&mut self, options: i32) -> io::Result<Option<ExitStatus>> {
        if self.status.is_some() {
            return Ok(self.status);
        }
        let mut raw = 0;
        // SAFETY: the status is written to a local; the PID is our child's and not reaped yet, so it is no one else's.
        match unsafe { libc::waitpid(self.pid, &mut raw, options) } {
            0 => Ok(None),
            -1 => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => Ok(None),
                error => Err(error),
            },
            _ => {
                self.status = Some(ExitStatus::from_raw(raw));
                self.entry.set_state(State::Ended);
                // The process is gone with all its threads: nobody runs on this stack or in this loader any more.
                // Everything the task mapped itself (its heap among it) stays, since others may hold pointers to it.
                self.memory = None;
                Ok(self.status)
            }
        }
    }

    /// Sends `signal` to the task.
    pub fn kill(&self, signal: i32) -> io::Result<()> {
        // SAFETY: a pidfd never refers to another process, even after the PID was reused.
        let sent = unsafe {
            libc::syscall(libc::SYS_pidfd_send_signal, self.pidfd.as_raw_fd(), signal, std::ptr::null::<()>(), 0)
        };
        if sent == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(memory) = self.memory.take() {
            std::mem::forget(memory); // the task may still run on it
        }
    }
}
