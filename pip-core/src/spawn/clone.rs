//! The clone of a new task, and what its parent waits for.

use super::{By, SpawnOptions};
use crate::child::{self, Plan};
use crate::registry::{Entry, Loading, Registry};
use crate::{Error, Program, Task, arch};
use core::sync::atomic::Ordering;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// Clones the child onto the stack's free room, with all signals blocked so that no handler of the root runs in it.
pub fn clone(
    registry: &Registry,
    plan: &Plan,
    entry: &Entry,
    (scratch, room): (usize, usize),
    by: By,
) -> Result<(i32, Option<OwnedFd>), Error> {
    let mut pidfd: RawFd = -1;
    /// linux/sched.h; libc's constant is too narrow for it.
    const CLONE_CLEAR_SIGHAND: u64 = 1 << 32;
    // SAFETY: all-zero is a valid clone_args.
    let mut clone_args: libc::clone_args = unsafe { std::mem::zeroed() };
    // The kernel stores the task's id before anybody can see it run.
    clone_args.flags = (libc::CLONE_VM | libc::CLONE_PARENT_SETTID) as u64;
    clone_args.parent_tid = entry.pid_cell().as_ptr() as u64;
    if plan.thread {
        let shared =
            libc::CLONE_THREAD | libc::CLONE_SIGHAND | libc::CLONE_FILES | libc::CLONE_FS | libc::CLONE_SYSVSEM;
        clone_args.flags |= (shared | libc::CLONE_CHILD_CLEARTID) as u64;
        clone_args.child_tid = entry.thread.as_ptr() as u64;
        // Not 0: a thread is there. The kernel clears it at the end.
        entry.thread.store(1, Ordering::Relaxed);
    } else {
        clone_args.flags |= libc::CLONE_PIDFD as u64 | CLONE_CLEAR_SIGHAND;
        clone_args.pidfd = &raw mut pidfd as u64;
        match by {
            By::Root => clone_args.exit_signal = libc::SIGCHLD as u64,
            By::Task => clone_args.flags |= libc::CLONE_PARENT as u64, // the root's child, with this task's exit signal
        }
    }
    clone_args.stack = scratch as u64;
    clone_args.stack_size = (room & !15) as u64;
    // SAFETY: the child gets a stack of its own and keeps the rules of the child path.
    let result = unsafe {
        let (mut all, mut old): (libc::sigset_t, libc::sigset_t) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut old);
        let result = arch::clone3(&clone_args, registry.child_path(), std::ptr::from_ref(plan) as usize);
        libc::pthread_sigmask(libc::SIG_SETMASK, &old, std::ptr::null_mut());
        result
    };
    if result < 0 {
        return Err(Error::Clone { id: plan.id, reason: io::Error::from_raw_os_error(-result as i32) });
    }
    // SAFETY: the kernel stored a new descriptor, close-on-exec, that only we know.
    Ok((result as i32, (pidfd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(pidfd) })))
}

/// Waits until the child has jumped, so that what its plan points to may be freed.
pub fn await_jump(plan: &Plan, task: &mut Task) -> Result<(), Error> {
    let mut vanished = false;
    while plan.state.load(Ordering::Acquire) == 0 && !vanished {
        // The timeout is there for a child that was killed before it could report.
        crate::raw::futex_wait(&plan.state, 0, 50);
        let ended = task.has_ended().map_err(|e| Error::System("waitid", e));
        vanished = ended.unwrap_or(true) && plan.state.load(Ordering::Acquire) == 0;
    }
    if vanished {
        return Err(Error::Vanished(task.id()));
    }
    if plan.state.load(Ordering::Acquire) == child::JUMPED {
        return Ok(());
    }
    let step = child::STEPS.get(plan.step.load(Ordering::Relaxed) as usize).copied().unwrap_or("start");
    let reason = io::Error::from_raw_os_error(plan.errno.load(Ordering::Relaxed));
    Err(Error::Setup { id: task.id(), step: step.to_owned(), reason })
}

/// Waits for the report of the task's libpip. A before-hook that failed is no failure to load.
pub fn await_loading(
    registry: &Registry,
    entry: &Entry,
    program: &Program,
    options: &SpawnOptions,
) -> Result<(), Error> {
    let function = || options.function.as_ref().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let path = || program.path().to_owned();
    loop {
        let living = crate::task::is_living(registry, entry);
        // Asked for after the task was seen alive or not: it may have come all the way and ended meanwhile.
        match if living { entry.await_loading(20) } else { entry.loading() } {
            Loading::Done => return Ok(()),
            Loading::NoFunction => return Err(Error::NoFunction(path(), function())),
            Loading::ManyFunctions => return Err(Error::ManyFunctions(path(), function())),
            Loading::Unknown if living => {}
            Loading::Unknown if entry.hook_failed() => return Ok(()),
            Loading::Unknown => return Err(Error::NotLoaded(path())),
        }
    }
}
