//! `pip-tgkill`: send a signal to one thread.

use crate::manual::{self, Tool};
use crate::signals;
use clap::Arg;
use std::io;
use std::process::ExitCode;

/// The tool's options and page.
pub fn tool() -> Tool {
    let id = |name: &'static str, help: &'static str| {
        Arg::new(name).required(true).value_parser(clap::value_parser!(i32).range(1..)).help(help)
    };
    Tool {
        command: manual::command("pip-tgkill", "Send a signal to one thread of a process")
            .arg(
                Arg::new("SIGNAL").required(true).value_parser(parse_signal).help("Number or name, such as 15 or TERM"),
            )
            .arg(id("PID", "The process"))
            .arg(id("TID", "The thread: a task of thread mode is one of its root's process")),
        sections: &[
            ("Description", "Calls tgkill(2). Signal 0 only asks whether the thread is there."),
            ("Exit status", "0, 1 if the signal cannot be sent, 2 for wrong arguments."),
            ("Examples", "    pip-tgkill TERM 18741 18744"),
            ("See also", "pips(1), tgkill(2)"),
        ],
    }
}

/// Runs the tool.
pub fn main() -> ExitCode {
    signals::default_pipe();
    let matches = match tool().parse(std::env::args_os()) {
        Ok(matches) => matches,
        Err(error) => return tool().give_up(&error, 2),
    };
    let number = |name| matches.get_one::<i32>(name).copied().unwrap_or_default();
    let (signal, pid, tid) = (number("SIGNAL"), number("PID"), number("TID"));
    match send(pid, tid, signal) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pip-tgkill: signal {signal} to thread {tid} of process {pid}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse_signal(text: &str) -> Result<i32, String> {
    signals::number(text).ok_or_else(|| "there is no such signal; kill -l lists the names".to_owned())
}

/// Sends a signal to a thread.
pub fn send(pid: i32, tid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: the call takes three numbers.
    match unsafe { libc::syscall(libc::SYS_tgkill, pid, tid, signal) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
