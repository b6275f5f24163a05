//! The launcher as a tool sees it: itself, or a process before it that holds the table and passes signals on.

use super::{Process, table};
use crate::signals::Signals;
use anyhow::{Context, Result};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;

/// In the child of a starter: the way to it.
static STARTER: OnceLock<UnixStream> = OnceLock::new();

/// Runs a job, behind a starter if a tool has announced itself. To be called before there are threads.
pub fn run(job: impl FnOnce() -> Result<u8>) -> Result<u8> {
    if !table::is_being_debugged() {
        return job();
    }
    let (ours, theirs) = UnixStream::pair().context("no socket for the debugger")?;
    // SAFETY: there is one thread, so the child may do what it likes.
    match unsafe { fork() }.context("no process for the debugger")? {
        ForkResult::Parent { child } => {
            drop(theirs);
            start(child, ours)
        }
        ForkResult::Child => {
            drop(ours);
            // The starter's end is the job's, whose janitor then cleans up.
            // SAFETY: sets a number in the kernel.
            unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
            let _ = STARTER.set(theirs);
            job()
        }
    }
}

/// Shows the ranks, in order, to whoever looks on, and comes back when the tool has let go.
pub fn publish(processes: &[Process]) {
    let Some(mut starter) = STARTER.get() else { return table::publish(processes) };
    let mut text: String =
        processes.iter().map(|p| format!("{}\0{}\0{}\n", one_line(&p.host), one_line(&p.program), p.pid)).collect();
    text.push_str(".\n");
    // Without a starter there is nobody to wait for.
    if starter.write_all(text.as_bytes()).is_ok() {
        let _ = starter.read(&mut [0]);
    }
}

/// Tells a tool why the job is being ended.
pub fn aborting(why: &str) {
    if let Some(mut starter) = STARTER.get() {
        let _ = starter.write_all(format!("!{}\n", one_line(why)).as_bytes()).and_then(|()| starter.read(&mut [0]));
    }
}

/// Text without what separates messages and their parts.
fn one_line(text: &str) -> String {
    text.replace(['\0', '\n'], "?")
}

/// The starter: keeps the table, passes signals on, and ends as its child does.
fn start(child: Pid, socket: UnixStream) -> Result<u8> {
    let mut signals = Signals::new().context("signals cannot be taken over")?;
    let mut lines = BufReader::new(socket);
    let mut processes = Vec::new();
    loop {
        let mut line = String::new();
        if lines.buffer().is_empty() {
            let mut events = [
                PollFd::new(signals.as_fd(), PollFlags::POLLIN),
                PollFd::new(lines.get_ref().as_fd(), PollFlags::POLLIN),
            ];
            let _ = poll(&mut events, PollTimeout::NONE);
            let has_line = events[1].revents().is_some_and(|happened| !happened.is_empty());
            while let Some(signal) = signals.next() {
                let _ = kill(child, signal);
            }
            if !has_line {
                continue;
            }
        }
        // A message is written at once, so its end is there or comes soon.
        if lines.read_line(&mut line).unwrap_or(0) == 0 {
            return end(child);
        }
        match (line.trim_end_matches('\n'), line.strip_prefix('!')) {
            (_, Some(why)) => table::aborting(why.trim_end()),
            (".", _) => table::publish(&processes),
            (text, _) => {
                processes.extend(process(text));
                continue;
            }
        }
        let _ = lines.get_mut().write_all(b"\n");
    }
}

fn process(line: &str) -> Option<Process> {
    let mut parts = line.split('\0').map(str::to_owned);
    Some(Process { host: parts.next()?, program: parts.next()?, pid: parts.next()?.parse().ok()? })
}

/// Waits for the child; its end becomes this process's.
fn end(child: Pid) -> Result<u8> {
    Ok(match waitpid(child, None).context("the launcher's status is lost")? {
        WaitStatus::Signaled(_, signal, _) => {
            let _ = raise(signal);
            128 | signal as u8
        }
        WaitStatus::Exited(_, code) => code as u8,
        _ => Signal::SIGKILL as u8,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_process() {
        let wanted = Process { host: "n1".into(), program: "/a b".into(), pid: 7 };
        assert_eq!(process("n1\0/a b\x007"), Some(wanted));
        assert_eq!(process("n1\0x"), None);
        assert_eq!(one_line("a\nb\0c"), "a?b?c");
    }
}
