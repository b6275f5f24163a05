//! Runs one command with a watchdog, in a process group of its own, and keeps everything it said.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
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
    /// From the start to the end.
    pub took: Duration,
}

/// The user's Ctrl-C, or SIGTERM.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// Runs `command` for at most `limit`; ends its process group when the time is over or `stop` becomes true.
///
/// # Errors
/// When it cannot be started, or [`Interrupted`] when `stop` became true.
pub fn run(command: &[OsString], limit: Duration, stop: &AtomicBool) -> Result<Outcome> {
    let (program, arguments) = command.split_first().context("an empty command")?;
    let mut prepared = Command::new(program);
    prepared.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    // SAFETY: between fork and exec only one system call, which is async-signal-safe. It ends the launcher when this program is killed.
    unsafe { prepared.pre_exec(|| nix::sys::prctl::set_pdeathsig(Signal::SIGTERM).map_err(Into::into)) };
    let mut child = prepared.spawn().with_context(|| format!("cannot start {}", program.to_string_lossy()))?;
    let stdout = collect(child.stdout.take().context("no standard output")?);
    let stderr = collect(child.stderr.take().context("no standard error")?);

    let began = Instant::now();
    let deadline = began + limit;
    let mut timed_out = false;
    // End of output is the signal that the run ended: no polling beside ranks that use every core.
    let mut output = loop {
        let slice = deadline.saturating_duration_since(Instant::now()).min(Duration::from_millis(200));
        match stdout.recv_timeout(slice) {
            Ok(text) => break Some(text),
            Err(_) if stop.load(Ordering::Relaxed) => {
                end(&mut child);
                return Err(Interrupted.into());
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
    let took = began.elapsed();
    end_strays();
    if stop.load(Ordering::Relaxed) {
        return Err(Interrupted.into());
    }
    let trouble = if timed_out {
        Some(format!("did not end within {} s and was killed", limit.as_secs()))
    } else {
        describe(status)
    };
    Ok(Outcome {
        stdout: output.take().unwrap_or_default(),
        stderr: stderr.recv_timeout(GRACE).unwrap_or_default(),
        trouble,
        took,
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
    end_strays();
}

/// Whether orphans become this process's children.
static ADOPTS: AtomicBool = AtomicBool::new(false);

/// Makes every descendant whose parent dies a child of this process, so that none can outlive a run: launchers put ranks into
/// groups and sessions of their own. Only where all children are those of [`run`], one at a time.
///
/// # Errors
/// When the kernel refuses.
pub fn adopt_orphans() -> Result<()> {
    nix::sys::prctl::set_child_subreaper(true).context("cannot become the parent of orphans")?;
    ADOPTS.store(true, Ordering::Relaxed);
    Ok(())
}

/// Waits for what is left of the run that is over, which may still clean up, and kills what stays.
fn end_strays() {
    if !ADOPTS.load(Ordering::Relaxed) {
        return;
    }
    let began = Instant::now();
    loop {
        while matches!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Ok(status) if status != WaitStatus::StillAlive) {}
        let strays = children();
        if strays.is_empty() || began.elapsed() > 2 * GRACE {
            return;
        }
        if began.elapsed() > GRACE {
            for stray in strays {
                let _ = kill(stray, Signal::SIGKILL);
            }
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// The children of this process. Of any of its threads: it is the process that adopts.
fn children() -> Vec<Pid> {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split_whitespace().filter_map(|pid| pid.parse().ok()).map(Pid::from_raw).collect::<Vec<_>>()
        })
        .collect()
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
