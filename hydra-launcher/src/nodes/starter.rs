//! A running launcher command: gives the agent its invitation, listens to what it says, and tells why it failed.

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, poll};
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::Instant;

/// How much of what it says is kept before its agents are connected.
const MAX_SAID: usize = 4 << 10;

/// A command that starts the agents of some nodes.
#[derive(Debug)]
pub struct Starter {
    /// Indices of the nodes.
    pub nodes: Vec<usize>,
    /// The command's first word.
    program: String,
    child: Child,
    pidfd: OwnedFd,
    stderr: Option<ChildStderr>,
    said: Vec<u8>,
    /// It has ended, and how.
    pub ended: Option<ExitStatus>,
}

impl Starter {
    /// Runs a command with the invitation on its standard input. A local agent gets a session of its own; what ends the
    /// launcher of a remote one is the end of its agent, not the user's Ctrl-C.
    pub fn run(nodes: Vec<usize>, words: &[OsString], invitation: &str, is_local: bool) -> io::Result<Starter> {
        let (program, args) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let prepare = move || {
            if is_local {
                nix::unistd::setsid()?;
                return Ok(());
            }
            for signal in [libc::SIGINT, libc::SIGQUIT] {
                // SAFETY: no handler is set.
                unsafe { libc::signal(signal, libc::SIG_IGN) };
            }
            Ok(())
        };
        // SAFETY: setsid and signal are async-signal-safe.
        unsafe { command.pre_exec(prepare) };
        let mut child = command.spawn()?;
        let pidfd = match pidfd(&child) {
            Ok(pidfd) => pidfd,
            Err(error) => {
                let _ = child.kill().and_then(|()| child.wait());
                return Err(error);
            }
        };
        if let Some(mut stdin) = child.stdin.take() {
            // Less than a pipe takes; if it is not read, the command's end tells why.
            let _ = stdin.write_all(invitation.as_bytes());
        }
        let stderr = child.stderr.take();
        if let Some(stderr) = &stderr {
            fcntl(stderr, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        let program = Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned();
        Ok(Starter { nodes, program, child, pidfd, stderr, said: Vec::new(), ended: None })
    }

    /// Readable when it has ended.
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// What it says, while that can be read.
    pub fn stderr(&self) -> Option<BorrowedFd<'_>> {
        self.stderr.as_ref().map(AsFd::as_fd)
    }

    /// Reads what it says; false at the end.
    pub fn listen(&mut self) -> bool {
        let Some(stderr) = &mut self.stderr else { return false };
        let mut buffer = [0; 4096];
        match stderr.read(&mut buffer) {
            Ok(count @ 1..) => {
                self.said.extend_from_slice(&buffer[..count]);
                let excess = self.said.len().saturating_sub(MAX_SAID);
                self.said.drain(..excess);
                true
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => true,
            Ok(_) | Err(_) => {
                self.stderr = None;
                false
            }
        }
    }

    /// What it said in whole lines since the last time; the rest of it at its end.
    pub fn take_said(&mut self) -> String {
        let complete = memchr::memrchr(b'\n', &self.said).map_or(0, |end| end + 1);
        let end = if self.stderr.is_none() { self.said.len() } else { complete };
        String::from_utf8_lossy(&self.said.drain(..end).collect::<Vec<u8>>()).into_owned()
    }

    /// Looks whether it has ended.
    pub fn look(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none()
            && let Ok(Some(status)) = self.child.try_wait()
        {
            while self.stderr.is_some() && self.listen_now() {}
            self.ended = Some(status);
        }
        self.ended
    }

    /// Reads what is there; false if that was all.
    fn listen_now(&mut self) -> bool {
        let before = self.said.len();
        self.listen() && self.said.len() != before && self.said.len() < MAX_SAID
    }

    /// Why there is no agent, in a sentence without the host's name.
    pub fn failure(&self, agent: &Path) -> String {
        let agent = agent.display();
        let said = String::from_utf8_lossy(&self.said);
        let last = said.lines().map(str::trim).rfind(|line| !line.is_empty());
        let said = last.map(|line| format!(": {line}")).unwrap_or_default();
        match self.ended.and_then(|status| status.code()) {
            // As shells say it.
            Some(code @ (126 | 127)) => {
                let what = if code == 127 { "there is no" } else { "nobody may run the" };
                format!(
                    "{what} agent {agent} there{said}; install pip-mpiexec at the same path on all hosts, or set \
                     PIP_MPI_AGENT to its path there"
                )
            }
            Some(code) => format!("{} ended with status {code} before its agent connected{said}", self.program),
            None => format!("{} was killed before its agent connected{said}", self.program),
        }
    }

    /// Waits for its end, and makes it come if it takes too long.
    pub fn wait(&mut self, until: Instant) {
        while self.look().is_none() && Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now()).as_millis().clamp(1, 60_000) as u16;
            let _ = poll(&mut [PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN)], left);
        }
        self.end();
    }

    /// Ends it if it still runs, and reaps it.
    pub fn end(&mut self) {
        if self.look().is_none() {
            let _ = self.child.kill();
            self.ended = self.child.wait().ok();
        }
    }
}

/// A descriptor that is readable once the child has ended.
fn pidfd(child: &Child) -> io::Result<OwnedFd> {
    // SAFETY: no memory is touched; the PID is an unreaped child's.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, child.id(), 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a fresh descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn run(script: &str) -> Starter {
        let words = ["/bin/sh", "-c", script].map(OsString::from);
        let mut starter = Starter::run(vec![0], &words, "line\n", true).expect("sh starts");
        while starter.look().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        starter
    }

    #[test]
    fn failures_say_what_the_command_said() {
        let agent = Path::new("/opt/agent");
        let text = run("read x; echo first >&2; echo \"$x: refused\" >&2; exit 255").failure(agent);
        assert_eq!(text, "sh ended with status 255 before its agent connected: line: refused");
        let text = run("exit 127").failure(agent);
        assert!(text.contains("no agent /opt/agent") && text.contains("PIP_MPI_AGENT"), "{text}");
        assert!(run("kill -9 $$").failure(agent).contains("killed"));
        assert!(Starter::run(vec![0], &["/no/such".into()], "", false).is_err());
    }

    #[test]
    fn a_command_is_ended() {
        let words = ["/bin/sleep", "1000"].map(OsString::from);
        let mut starter = Starter::run(vec![0], &words, "", false).expect("sleep starts");
        starter.end();
        assert!(starter.ended.is_some_and(|status| !status.success()));
    }
}
