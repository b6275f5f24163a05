//! What pips does with the selected lines instead of listing them.

use super::listing::Row;
use crate::{signals, tgkill};
use anyhow::{Result, anyhow};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Most processes that top(1) watches.
const TOP_MAX: usize = 20;

/// Sends a signal to all, tasks before their root. Returns whether all got it.
pub fn signal(rows: &[Row], signal: i32, verbose: bool) -> bool {
    let (roots, tasks): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.is_root());
    let mut all = true;
    for row in tasks.into_iter().chain(roots) {
        let thread = row.pip().is_some_and(|pip| pip.mode == 'T');
        let sent = if thread { tgkill::send(row.pid, row.tid, signal) } else { kill(row.pid, signal) };
        match sent {
            Ok(()) if verbose => eprintln!("PIPS: {} to {} ({})", signals::describe(signal), row.tid, row.name()),
            Ok(()) => {}
            // It ended by itself, or with its root.
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
            Err(error) => {
                eprintln!("PIPS: signal {signal} to {} ({}): {error}", row.tid, row.name());
                all = false;
            }
        }
    }
    all
}

fn kill(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: the call takes two numbers.
    if unsafe { libc::kill(pid, signal) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Becomes ps(1) for the selected processes.
pub fn ps(rows: &[Row], words: &[String], debug: bool) -> Result<bool> {
    let mut command = Command::new("ps");
    command.args(words).arg("-p").arg(pids(rows).join(","));
    become_command(command, debug)
}

/// Becomes top(1) for the selected processes.
pub fn top(rows: &[Row], words: &[String], debug: bool) -> Result<bool> {
    let mut pids = pids(rows);
    if pids.len() > TOP_MAX {
        eprintln!("PIPS: top watches {TOP_MAX} processes at most, so it gets the first {TOP_MAX} of {}", pids.len());
        pids.truncate(TOP_MAX);
    }
    let mut command = Command::new("top");
    if rows.iter().any(|row| row.pip().is_some_and(|pip| pip.mode == 'T')) {
        command.arg("-H");
    }
    command.args(words).arg("-p").arg(pids.join(","));
    become_command(command, debug)
}

fn become_command(mut command: Command, debug: bool) -> Result<bool> {
    if debug {
        eprintln!("PIPS: {command:?}");
    }
    let error = command.exec();
    let name = command.get_program().display();
    Err(match error.kind() {
        io::ErrorKind::NotFound => anyhow!("{name} is not installed; on Debian: apt-get install procps"),
        _ => anyhow!("{name} cannot be run: {error}"),
    })
}

/// The PIDs, each once.
fn pids(rows: &[Row]) -> Vec<String> {
    let mut pids: Vec<i32> = Vec::new();
    for row in rows {
        if !pids.contains(&row.pid) {
            pids.push(row.pid);
        }
    }
    pids.iter().map(ToString::to_string).collect()
}
