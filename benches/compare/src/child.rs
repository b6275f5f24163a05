//! Runs one command with a watchdog, in a process group of its own, and keeps everything it said.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// How long a launcher may take to end its ranks after SIGTERM, before SIGKILL.
const GRACE: Duration = Duration::from_secs(2);

/// What a command did.
#[derive(Debug)]
pub struct Outcome {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// How it ended, in words: None when it ended with code 0.
    pub trouble: Option<String>,
}

/// Runs `command` for at most `limit`; ends its process group when the time is over or `stop` becomes true.
///
/// # Errors
/// When it cannot be started, or `stop` became true.
pub fn run(command: &[OsString], limit: Duration, stop: &AtomicBool) -> Result<Outcome> {
    let (program, arguments) = command.split_first().context("an empty command")?;
    let mut prepared = Command::new(program);
    prepared.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    // SAFETY: between fork and exec only one system call, which is async-signal-safe. It ends the launcher when this program is killed.
    unsafe { prepared.pre_exec(|| nix::sys::prctl::set_pdeathsig(Signal::SIGTERM).map_err(Into::into)) };
    let mut child = prepared.spawn().with_context(|| format!("cannot start {}", program.to_string_lossy()))?;
    let stdout = collect(child.stdout.take().context("no standard output")?);
    let stderr = collect(child.stderr.take().context("no standard error")?);

    let deadline = Instant::now() + limit;
    let mut timed_out = false;
    // End of output is the signal that the run ended: no polling beside ranks that use every core.
    let mut output = loop {
        let slice = deadline.saturating_duration_since(Instant::now()).min(Duration::from_millis(200));
        match stdout.recv_timeout(slice) {
            Ok(text) => break Some(text),
            Err(_) if stop.load(Ordering::Relaxed) => {
                end(&mut child);
                return Err(anyhow!("interrupted"));
            }
            Err(_) if Instant::now() >= deadline => {
                timed_out = true;
                end(&mut child);
                break stdout.recv_timeout(GRACE).ok();
            }
            Err(_) => {}
        }
    };
    // A launcher may close its output and hang: the same deadline holds for its end.
    let status = loop {
        match child.try_wait().context("cannot wait for the launcher")? {
            Some(status) => break status,
            None if !timed_out && (Instant::now() >= deadline || stop.load(Ordering::Relaxed)) => {
                timed_out = true;
                end(&mut child);
            }
            None => thread::sleep(Duration::from_millis(2)),
        }
    };
    let trouble = if timed_out {
        Some(format!("did not end within {} s and was killed", limit.as_secs()))
    } else {
        describe(status)
    };
    Ok(Outcome {
        stdout: output.take().unwrap_or_default(),
        stderr: stderr.recv_timeout(GRACE).unwrap_or_default(),
        trouble,
    })
}

fn describe(status: ExitStatus) -> Option<String> {
    match (status.code(), status.signal()) {
        (Some(0), _) => None,
        (Some(code), _) => Some(format!("exit code {code}")),
        (None, Some(signal)) => Some(format!("killed by signal {signal}")),
        (None, None) => Some(status.to_string()),
    }
}

/// Reads a pipe to its end in a thread, which stays behind if a lost rank keeps the pipe open.
fn collect(mut pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes); // what was read before an error is kept
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

/// Ends the process group of `child`: SIGTERM, which launchers pass to their ranks, then SIGKILL.
fn end(child: &mut Child) {
    let group = Pid::from_raw(child.id() as i32);
    let _ = killpg(group, Signal::SIGTERM);
    let deadline = Instant::now() + GRACE;
    while Instant::now() < deadline {
        if matches!(child.try_wait(), Ok(Some(_))) {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    // Members of the group may outlive its leader; the group's id stays theirs as long as one lives.
    let _ = killpg(group, Signal::SIGKILL);
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> Outcome {
        let command = ["sh", "-c", script].map(OsString::from);
        run(&command, limit, &AtomicBool::new(false)).expect("sh starts")
    }

    #[test]
    fn output_and_exit_code_are_kept() {
        let outcome = sh("echo out; echo err >&2; exit 3", Duration::from_secs(20));
        assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("out\n", "err\n"));
        assert_eq!(outcome.trouble.as_deref(), Some("exit code 3"));
        assert_eq!(sh("true", Duration::from_secs(20)).trouble, None);
        assert_eq!(sh("kill -9 $$", Duration::from_secs(20)).trouble.as_deref(), Some("killed by signal 9"));
    }

    #[test]
    fn a_hanging_command_and_its_children_are_killed() {
        let outcome = sh("echo begun; sleep 1000 & sleep 1000", Duration::from_millis(300));
        assert_eq!(outcome.stdout, "begun\n");
        assert!(outcome.trouble.expect("killed").contains("was killed"));
    }

    #[test]
    fn a_missing_program_is_named() {
        let why =
            run(&["/no/such/launcher".into()], Duration::from_secs(1), &AtomicBool::new(false)).expect_err("missing");
        assert!(format!("{why:#}").contains("/no/such/launcher"));
    }
}
