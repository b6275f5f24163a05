//! osu_latency_mp: the ping-pong of two ranks that have forked processes.
//!
//! As in the original the children never call MPI, which no library promises to survive a fork for them: they sleep, and are
//! there. What is measured is the latency of ranks whose memory is shared copy-on-write with others.

use bench_harness::{World, emit};

use super::latency::tables;
use crate::options::Options;
use crate::output::preamble;
use crate::program::{Failure, check_pair};

/// Measures every size.
///
/// # Errors
/// When there are not two processes, none can be forked, memory is short, or the data was wrong.
pub fn measure(world: &World, options: &Options) -> Result<(), Failure> {
    check_pair(world)?;
    let root = world.rank() == 0;
    let (senders, receivers) = options.workers;
    if root {
        let of = |side, count| format!("# Number of forked processes in {side}: {count}\n");
        emit(&format!("{}{}{}", of("sender", senders), of("receiver", receivers), preamble(options)));
    }
    let children = Children::fork(if root { senders } else { receivers });
    let _children = world.agree_on(children, "could not fork").map_err(Failure::Run)?;
    tables(world, options)
}

/// Processes that sleep until they are dropped.
struct Children(Vec<libc::pid_t>);

impl Children {
    fn fork(count: usize) -> Result<Self, String> {
        let mut children = Self(Vec::new());
        for number in 0..count {
            // SAFETY: the child makes system calls only, and does not return from here: it waits for the signal of `drop`, or for
            // the end of its parent.
            match unsafe { libc::fork() } {
                // SAFETY: system calls that touch no memory.
                0 => unsafe {
                    libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                    // Longer than any run; a parent that ended before the call above is not waited for.
                    libc::sleep(3600);
                    libc::_exit(0)
                },
                -1 => {
                    let why = std::io::Error::last_os_error();
                    return Err(format!("cannot fork process {} of {count}: {why}", number + 1));
                }
                child => children.0.push(child),
            }
        }
        Ok(children)
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        for &child in &self.0 {
            // SAFETY: a child of this process that nobody has waited for.
            unsafe {
                libc::kill(child, libc::SIGKILL);
                libc::waitpid(child, std::ptr::null_mut(), 0);
            }
        }
    }
}
