//! The launcher's signals: taken from a signalfd by the event loop, passed on to the ranks.

use nix::errno::Errno;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};

/// Signals that users, batch systems and terminals send to a launcher and mean for its ranks.
const FORWARDED: [Signal; 9] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGTSTP,
    Signal::SIGCONT,
];

/// The source of the launcher's signals.
#[derive(Debug)]
pub struct Signals(SignalFd);

impl Signals {
    /// Blocks the signals, so that they come through the descriptor only. To be called before there are threads.
    pub fn new() -> nix::Result<Signals> {
        let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
        // An inherited "ignore" would let the kernel reap ranks before we see their status.
        set_action(Signal::SIGCHLD, &default)?;
        let mut set = SigSet::empty();
        for signal in FORWARDED {
            // nohup, and shells without job control, make a program ignore these two for good reason.
            if matches!(signal, Signal::SIGHUP | Signal::SIGTSTP) && is_ignored(signal) {
                continue;
            }
            // Shell scripts start background programs with SIGINT ignored, and ranks would inherit it; as in Hydra, a
            // signal sent to the launcher counts all the same.
            set_action(signal, &default)?;
            set.add(signal);
        }
        let mut blocked = set;
        // Reading the terminal in the background then fails instead of stopping the launcher.
        blocked.add(Signal::SIGTTIN);
        blocked.thread_block()?;
        Ok(Signals(SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?))
    }

    /// The next signal that came.
    pub fn next(&mut self) -> Option<Signal> {
        let info = self.0.read_signal().ok().flatten()?;
        Signal::try_from(info.ssi_signo as i32).ok()
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn set_action(signal: Signal, action: &SigAction) -> nix::Result<()> {
    // SAFETY: the action is the default, no handler.
    unsafe { sigaction(signal, action) }.map(drop)
}

fn is_ignored(signal: Signal) -> bool {
    status_has("/proc/self/status", "SigIgn:", signal as i32)
}

/// Sends a signal to a rank's process group. The group of a rank that is a zombie still belongs to it.
pub fn send_to_group(pid: i32, signal: i32) {
    // SAFETY: kill touches no memory.
    unsafe { libc::kill(-pid, signal) };
}

/// Stops a rank as Ctrl-Z means it. A rank's group is an orphaned one, in which the kernel drops SIGTSTP unless the
/// program handles it; all others get SIGSTOP.
pub fn stop_group(pid: i32) {
    let handles = status_has(&format!("/proc/{pid}/status"), "SigCgt:", libc::SIGTSTP);
    send_to_group(pid, if handles { libc::SIGTSTP } else { libc::SIGSTOP });
}

/// Stops the launcher itself, until SIGCONT.
pub fn stop_self() {
    let _ = nix::sys::signal::raise(Signal::SIGSTOP).or(Err(Errno::EPERM));
}

/// Whether the mask in this line of a /proc status file contains the signal.
fn status_has(file: &str, field: &str, signal: i32) -> bool {
    let status = fs::read_to_string(file).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix(field)).map(str::trim);
    mask.and_then(|mask| u64::from_str_radix(mask, 16).ok()).is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
