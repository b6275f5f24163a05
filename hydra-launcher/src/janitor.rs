//! A small process that outlives the launcher when that is killed, and ends and removes what the job left.
//!
//! It is forked before the launcher has threads or tasks, so it has an address space of its own, and learns over a pipe
//! what there is: a line `rank PID`, `file PATH` or `done`. End of file without `done` means that the launcher was killed.

use crate::sessions;
use crate::shared_memory::Traces;
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::unistd::{ForkResult, Pid, fork, pipe2};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The launcher's end.
#[derive(Debug)]
pub struct Janitor {
    pid: Pid,
    pipe: File,
}

impl Janitor {
    /// Forks the janitor. The calling process must have one thread only.
    pub fn start() -> io::Result<Janitor> {
        let (read, write) = pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
        // SAFETY: one thread, so the child may use everything the parent could.
        match unsafe { fork() }? {
            ForkResult::Parent { child } => Ok(Janitor { pid: child, pipe: write.into() }),
            ForkResult::Child => {
                drop(write);
                let traces = Traces::new();
                let code = match detach(read.as_raw_fd()) {
                    Ok(()) => i32::from(serve(read.into(), traces).is_err()),
                    Err(_) => 1,
                };
                // SAFETY: ends the process without running the parent's exit handlers.
                unsafe { libc::_exit(code) }
            }
        }
    }

    /// Tells of a rank, which leads a session.
    pub fn rank(&mut self, pid: i32) {
        self.tell(format!("rank {pid}\n").as_bytes());
    }

    /// Tells of a shared-memory file.
    pub fn file(&mut self, path: &Path) {
        self.tell(&[b"file ", path.as_os_str().as_bytes(), b"\n"].concat());
    }

    /// Says that nothing is left to do, and waits for the janitor's end.
    pub fn dismiss(mut self) {
        self.tell(b"done\n");
        drop(self.pipe);
        let _ = nix::sys::wait::waitpid(self.pid, None);
    }

    /// Failure means that somebody killed the janitor: the job goes on without.
    fn tell(&mut self, line: &[u8]) {
        let _ = self.pipe.write_all(line);
    }
}

/// Leaves the terminal, the working directory, all descriptors but the pipe, and all signals but SIGKILL.
fn detach(pipe: i32) -> io::Result<()> {
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), None)?;
    nix::unistd::setsid()?;
    nix::unistd::chdir("/")?;
    nix::sys::prctl::set_name(c"pip-janitor")?;
    let pipe = pipe as u32;
    for (first, last) in [(0, pipe.checked_sub(1)), (pipe + 1, Some(u32::MAX))] {
        if let Some(last) = last {
            // SAFETY: nothing in this process uses the other descriptors any more.
            unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        }
    }
    Ok(())
}

/// Reads until the end, then cleans up unless the launcher did.
fn serve(pipe: File, mut traces: Traces) -> io::Result<()> {
    for line in BufReader::new(pipe).split(b'\n') {
        let line = line?;
        if line == b"done" {
            return Ok(());
        }
        if let Some(path) = line.strip_prefix(b"file ") {
            traces.files.insert(PathBuf::from(std::ffi::OsString::from_vec(path.to_vec())));
        } else if let Some(pid) =
            line.strip_prefix(b"rank ").and_then(|pid| std::str::from_utf8(pid).ok()?.parse().ok())
        {
            traces.ranks.insert(pid);
        }
    }
    sessions::kill(&traces.ranks);
    traces.remove();
    Ok(())
}
