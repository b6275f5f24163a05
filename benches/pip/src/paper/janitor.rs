//! A process that removes the shared memory of a run that was ended in the middle, even by SIGKILL. It waits for the end of a
//! pipe that this process and its workers hold, so nobody is left who could make the memory again.

use anyhow::{Context, Result, ensure};
use bench_pip::segment::shm_name;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};

/// The first argument of the janitor; the PID of the process that it serves follows.
const JANITOR: &str = "--janitor";

/// Its end of the pipe. Dropping it sends the janitor to work and waits for it; no worker may be left.
#[derive(Debug)]
pub struct Janitor {
    child: Child,
    pipe: Option<ChildStdin>,
}

impl Janitor {
    /// Starts one, in a process group of its own: what a terminal sends to the run is not for it.
    pub fn start() -> Result<Janitor> {
        let program = std::env::current_exe().context("cannot find out the path of this program")?;
        let mut command = Command::new(program);
        command.args([JANITOR, &std::process::id().to_string()]).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().context("cannot start a process")?;
        let pipe = child.stdin.take();
        if let Some(pipe) = &pipe {
            // SAFETY: our own descriptor; workers that are processes shall hold it too.
            let result = unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETFD, 0) };
            ensure!(result == 0, "cannot pass on a pipe: {}", std::io::Error::last_os_error());
        }
        Ok(Janitor { child, pipe })
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.child.wait();
    }
}

/// True if this process is a janitor, which has then done its work.
pub fn serve_if_janitor() -> bool {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != JANITOR) {
        return false;
    }
    let owner = arguments.next().and_then(|word| word.to_str()?.parse::<u32>().ok());
    if let Some(owner) = owner {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        // SAFETY: a C string. Mostly there is nothing to be removed.
        unsafe { libc::shm_unlink(shm_name(owner).as_ptr()) };
    }
    true
}
