//! A started task as its root sees it: identity, signals, the way it ended, and its memory given back.

use crate::raw::call;
use crate::registry::{Entry, Hold, NO_STATUS, Registry, State, give_memory_back};
use crate::{Mode, tracking};
use core::sync::atomic::Ordering;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// A handle on a task. Dropping it neither ends nor reaps the task.
#[derive(Debug)]
pub struct Task {
    registry: &'static Registry,
    entry: &'static Entry,
    id: usize,
    pid: i32,
    /// None in thread mode.
    pidfd: Option<OwnedFd>,
    status: Option<ExitStatus>,
}

impl Task {
    pub(crate) fn new(registry: &'static Registry, id: usize, pid: i32, pidfd: Option<OwnedFd>) -> Task {
        let entry = registry.entry(id).unwrap_or_else(|| crate::arch::trap()); // callers have its entry
        Task { registry, entry, id, pid, pidfd, status: None }
    }

    /// A handle on the living task `id` of this process, whoever spawned it; None if there is none.
    pub fn of(registry: &'static Registry, id: usize) -> Option<Task> {
        let entry = registry.entry(id).filter(|entry| entry.state() == State::Alive && entry.pid() != 0)?;
        Some(Task::new(registry, id, entry.pid(), None))
    }

    /// The task's id, by which other tasks import from it.
    pub fn id(&self) -> usize {
        self.id
    }

    /// The task's PID; in thread mode the kernel's id of its first thread.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// A descriptor that becomes readable when the task has ended; None in thread mode and for handles made by [`Task::of`].
    pub fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().map(AsFd::as_fd)
    }

    /// Waits for the end of the task: its exact exit status or signal, as wait(2) gives it. Then its memory is unmapped:
    /// pointers into it must not be used any more.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.poll(true)? {
                return Ok(status);
            }
        }
    }

    /// The task's end, as [`Task::wait`], or None while it runs.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.poll(false)
    }

    /// Whether the task has ended; it stays to be waited for, and its PID its own.
    pub fn has_ended(&self) -> io::Result<bool> {
        if self.status.is_some() {
            return Ok(true);
        }
        if self.registry.mode() == Mode::Thread {
            return Ok(self.entry.thread.load(Ordering::Acquire) == 0);
        }
        // SAFETY: all-zero is a valid siginfo_t; the kernel fills it.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        // SAFETY: a local to fill; the PID is our child's and not reaped yet.
        if unsafe { libc::waitid(libc::P_PID, self.pid as libc::id_t, &mut info, options) } != 0 {
            return match io::Error::last_os_error() {
                // A task that was spawned by a task is the root's child.
                error if error.raw_os_error() == Some(libc::ECHILD) => Ok(!process_runs(self.pid)),
                error => Err(error),
            };
        }
        // SAFETY: si_pid is there for every state waitid reports, and 0 for none.
        Ok(unsafe { info.si_pid() } != 0)
    }

    /// Sends `signal` to the task. Once the task was waited for, ESRCH: its PID may be somebody else's by then. In thread
    /// mode SIGKILL ends the task alone.
    pub fn kill(&self, signal: i32) -> io::Result<()> {
        if self.status.is_some() {
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
        kill(self.registry, self.entry, signal)
    }

    fn poll(&mut self, block: bool) -> io::Result<Option<ExitStatus>> {
        if self.status.is_some() {
            return Ok(self.status);
        }
        let raw = match self.registry.mode() {
            Mode::Process => match reap_process(self.pid, block) {
                Err(error) if error.raw_os_error() == Some(libc::ECHILD) && self.registry.root_pid() == own_pid() => {
                    // Somebody else waited for all children of the root: the status is lost, the task is over.
                    give_back(self.registry, self.entry);
                    return Err(error);
                }
                raw => raw?,
            },
            Mode::Thread => reap_thread(self.registry, self.entry, block),
        };
        let Some(raw) = raw else { return Ok(None) };
        self.status = Some(ExitStatus::from_raw(raw));
        give_back(self.registry, self.entry);
        Ok(self.status)
    }

    /// Waits for a task that never reached its program.
    pub(crate) fn reap(&mut self) -> io::Result<()> {
        self.wait().map(drop)
    }
}

/// Sends `signal` to a task of `registry`; ESRCH if it has ended.
pub fn kill(registry: &Registry, entry: &Entry, signal: i32) -> io::Result<()> {
    let (pid, gone) = (entry.pid(), io::Error::from_raw_os_error(libc::ESRCH));
    if pid == 0 || entry.state() != State::Alive {
        return Err(gone);
    }
    let result = match registry.mode() {
        Mode::Process => call!(SYS_kill, pid, signal),
        Mode::Thread if entry.thread.load(Ordering::Acquire) == 0 => return Err(gone),
        Mode::Thread if signal == libc::SIGKILL => {
            let first = entry.status.compare_exchange(NO_STATUS, signal, Ordering::AcqRel, Ordering::Relaxed);
            if first.is_ok() {
                tracking::dismiss(registry, entry);
                entry.names.close();
                registry.announce_end();
            }
            0
        }
        Mode::Thread => call!(SYS_tgkill, registry.root_pid(), pid, signal),
    };
    if result < 0 { Err(io::Error::from_raw_os_error(-result as i32)) } else { Ok(()) }
}

/// Whether the task runs: started, and its process or first thread not ended, even if nobody has waited for it yet.
pub fn is_living(registry: &Registry, entry: &Entry) -> bool {
    if entry.state() != State::Alive || entry.names.is_closed() {
        return false;
    }
    if registry.mode() == Mode::Thread {
        return entry.thread.load(Ordering::Acquire) != 0;
    }
    process_runs(entry.pid())
}

/// Whether any thread of the task may still run: false only when surely none does.
pub(crate) fn may_run(registry: &Registry, entry: &'static Entry) -> bool {
    // The hold keeps the task's table of threads.
    let Some(_hold) = Hold::take(entry) else { return false };
    match registry.mode() {
        Mode::Process => process_runs(entry.pid()),
        Mode::Thread => entry.thread.load(Ordering::Acquire) != 0 || tracking::threads_left(registry, entry) > 0,
    }
}

/// A zombie still takes signals; only a pidfd tells it apart for those who are not its parent.
fn process_runs(pid: i32) -> bool {
    let fd = call!(SYS_pidfd_open, pid, 0);
    if fd < 0 {
        return fd != -(libc::ESRCH as isize);
    }
    let mut ended = libc::pollfd { fd: fd as RawFd, events: libc::POLLIN, revents: 0 };
    let ready = call!(SYS_poll, &raw mut ended, 1, 0);
    call!(SYS_close, fd);
    ready == 0
}

fn own_pid() -> i32 {
    std::process::id() as i32
}

fn reap_process(pid: i32, block: bool) -> io::Result<Option<i32>> {
    let mut raw = 0;
    // SAFETY: the status is written to a local; the PID is our child's and not reaped yet, so it is no one else's.
    match unsafe { libc::waitpid(pid, &mut raw, if block { 0 } else { libc::WNOHANG }) } {
        0 => Ok(None),
        -1 => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => Ok(None),
            error => Err(error),
        },
        _ => Ok(Some(raw)),
    }
}

/// The end of a thread-mode task: its first thread's word was cleared by the kernel, and its other threads are gone. As in a
/// process, they may outlive the first if that left by pthread_exit.
fn reap_thread(registry: &Registry, entry: &Entry, block: bool) -> Option<i32> {
    let mut patience = 1000;
    loop {
        let thread = entry.thread.load(Ordering::Acquire);
        let status = entry.status.load(Ordering::Acquire);
        if thread == 0 && tracking::threads_left(registry, entry) == 0 {
            return Some(entry.status.load(Ordering::Acquire).max(0));
        }
        if thread == 0 && status != NO_STATUS {
            // The task has ended: who is left is asked again, since a thread may have been just beginning.
            tracking::dismiss(registry, entry);
            patience -= 1;
            if patience == 0 {
                // It blocks the signal. What it runs on must stay.
                entry.keep_memory.store(1, Ordering::Relaxed);
                return Some(status);
            }
        } else if !block {
            return None;
        }
        if thread != 0 {
            // The kernel wakes this word as a shared futex.
            let tick = libc::timespec { tv_sec: 1, tv_nsec: 0 };
            call!(SYS_futex, entry.thread.as_ptr(), libc::FUTEX_WAIT, thread, &raw const tick);
        } else {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }
}

/// After the end: withdraws what the task exported and unmaps what it mapped. No thread of it runs any more.
fn give_back(registry: &Registry, entry: &Entry) {
    // A short task may be over before its spawner, in another thread or task, has read on its stack that it started. Bounded,
    // because the spawner may be dead.
    for _ in 0..10_000 {
        if entry.spawning.load(Ordering::Acquire) == 0 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_micros(100));
    }
    entry.names.close();
    entry.hooks.release();
    entry.threads.store(0, Ordering::Release);
    entry.program.store(std::ptr::null_mut(), Ordering::Release);
    entry.r_debug.store(0, Ordering::Release);
    if entry.keep_memory.load(Ordering::Relaxed) != 0 {
        entry.ledger.forget();
        entry.set_state(State::Ended);
    } else {
        give_memory_back(entry);
    }
    registry.announce_end();
}

/// See [`Root::wait_any`](crate::Root::wait_any). The scan goes on after the task that was found last, so that none starves.
pub(crate) fn wait_any(registry: &'static Registry, block: bool) -> io::Result<Option<(usize, ExitStatus)>> {
    static LAST: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    loop {
        if registry.mode() == Mode::Process && registry.entries().any(|entry| entry.state() == State::Alive) {
            match ended_child(block)? {
                None if !block => return Ok(None),
                Some(pid) => {
                    // An ended task may have had the same PID.
                    let is_it = |entry: &Entry| entry.state() == State::Alive && entry.pid() == pid;
                    let found = registry.entries().position(is_it).and_then(|id| Task::of(registry, id));
                    if let Some(mut task) = found
                        && let Some(status) = task.try_wait()?
                    {
                        LAST.store(task.id, Ordering::Relaxed);
                        return Ok(Some((task.id, status)));
                    }
                }
                None => {}
            }
        }
        let ends = registry.ends();
        let first = LAST.load(Ordering::Relaxed) + 1;
        let ids = (0..registry.capacity()).map(|i| (first + i) % registry.capacity());
        let mut alive: Vec<Task> = ids.filter_map(|id| Task::of(registry, id)).collect();
        for task in &mut alive {
            if let Some(status) = task.try_wait()? {
                LAST.store(task.id, Ordering::Relaxed);
                return Ok(Some((task.id, status)));
            }
        }
        if alive.is_empty() || !block {
            return Ok(None);
        }
        match registry.mode() {
            // The word is announced before the thread is gone: what remains is the kernel's part of the exit.
            Mode::Thread => match alive.iter().find(|task| task.entry.status.load(Ordering::Acquire) != NO_STATUS) {
                Some(ending) => {
                    reap_thread(registry, ending.entry, true);
                }
                None => registry.await_end(ends, 20),
            },
            Mode::Process => await_process(&alive)?,
        }
    }
}

/// A child of this process that has ended and is not waited for yet, a task or another; None if there is none (or not yet).
fn ended_child(block: bool) -> io::Result<Option<i32>> {
    let options = libc::WEXITED | libc::WNOWAIT | if block { 0 } else { libc::WNOHANG };
    // SAFETY: all-zero is a valid siginfo_t; the kernel fills it.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    // SAFETY: a local to fill.
    if unsafe { libc::waitid(libc::P_ALL, 0, &mut info, options) } != 0 {
        return match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::ECHILD) || error.kind() == io::ErrorKind::Interrupted => {
                Ok(None)
            }
            error => Err(error),
        };
    }
    // SAFETY: si_pid is there for every state waitid reports, and 0 for none.
    Ok(Some(unsafe { info.si_pid() }).filter(|pid| *pid != 0))
}

/// Sleeps until one of `tasks` has ended. Only where another child of the root that nobody waits for hides them.
fn await_process(tasks: &[Task]) -> io::Result<()> {
    let mut opened = Vec::with_capacity(tasks.len());
    let mut polled = Vec::with_capacity(tasks.len());
    for task in tasks {
        // SAFETY: our child, not reaped: the PID is its own.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, task.pid, 0) } as RawFd;
        if fd < 0 {
            break; // too many descriptors: those opened are watched, the others looked at now and then
        }
        // SAFETY: a new descriptor that only we know.
        opened.push(unsafe { OwnedFd::from_raw_fd(fd) });
        polled.push(libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
    }
    // Not for ever: tasks that others spawn meanwhile are not among these.
    let timeout = if opened.len() == tasks.len() { 100 } else { 10 };
    // SAFETY: an array of that many entries.
    let ready = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, timeout) };
    match io::Error::last_os_error() {
        error if ready < 0 && error.kind() != io::ErrorKind::Interrupted => Err(error),
        _ => Ok(()),
    }
}
