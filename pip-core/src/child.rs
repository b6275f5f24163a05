//! The child path: from clone to the jump into the new program.
//!
//! # Safety
//! This code runs in the new process but on the thread pointer of the thread that cloned it, beside that thread. So it
//! uses no thread-local storage (no errno), allocates nothing, takes no lock and cannot panic: raw system calls on values
//! that were prepared before the clone, failures reported through the [`Plan`].

use crate::raw::{call, futex_wake};
use crate::registry::Entry;
use crate::{arch, hooks};
use core::sync::atomic::{AtomicI32, AtomicU32, Ordering};

/// Everything the child needs, prepared by the parent in memory that outlives the jump (the task's own stack).
#[repr(C)]
pub struct Plan {
    /// 0 until the child jumped ([`JUMPED`]) or failed ([`FAILED`]); the parent waits on it.
    pub state: AtomicU32,
    /// errno of the step that failed.
    pub errno: AtomicI32,
    /// Which step failed.
    pub step: AtomicU32,
    pub root_pid: i32,
    pub entry: usize,
    pub stack: usize,
    /// Pairs (descriptor here, descriptor in the task).
    pub fds: *const [i32; 2],
    pub fd_count: usize,
    /// Scratch for `fd_count` descriptors.
    pub fd_scratch: *mut i32,
    /// A number above all target descriptors.
    pub fd_floor: i32,
    /// A number above all descriptors of the root.
    pub fd_bound: i32,
    /// Working directory, or null to keep the root's.
    pub directory: *const u8,
    /// CPU mask and its bytes, or null.
    pub affinity: *const u64,
    pub affinity_bytes: usize,
    pub new_session: bool,
    /// Name for PR_SET_NAME, NUL-terminated.
    pub name: [u8; 16],
    /// The task in the registry.
    pub task: *const Entry,
    pub id: usize,
    /// The parent waits until the child has jumped, because something can go wrong before.
    pub awaited: bool,
    /// The task is a thread of the root's process: descriptors, working directory and signal handlers are shared.
    pub thread: bool,
    /// Stop before the program starts, until somebody sends SIGCONT.
    pub stop: bool,
    /// Alternate stack for signal handlers: start and bytes, or 0.
    pub signal_stack: (usize, usize),
}

pub const JUMPED: u32 = 1;
pub const FAILED: u32 = 2;

/// The steps in words, indexed by `Plan::step`.
pub const STEPS: [&str; 5] = [
    "duplicate a file descriptor",
    "enter its working directory",
    "bind itself to its CPUs",
    "reset its signal mask",
    "start a session",
];

/// Entry of the cloned process or thread.
pub extern "C" fn run(plan: usize) -> ! {
    // SAFETY: the parent passes the address of a plan that lives as long as the task's stack.
    let plan = unsafe { &*(plan as *const Plan) };
    // SAFETY: the registry lives as long as the address space.
    let task = unsafe { &*plan.task };
    if !plan.thread {
        // A killed root must not leave tasks behind: ask for the signal first, then check that it was not too late.
        call!(SYS_prctl, libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        if call!(SYS_getppid) != plan.root_pid as isize {
            exit(plan, 1);
        }
    }
    call!(SYS_prctl, libc::PR_SET_NAME, plan.name.as_ptr());
    let special = plan.stop || task.hooks.has_before();
    if !plan.thread {
        prepare_process(plan, !special);
    }
    if !plan.affinity.is_null() {
        check(plan, 2, call!(SYS_sched_setaffinity, 0, plan.affinity_bytes, plan.affinity));
    }
    if plan.signal_stack.1 > 0 {
        // The kernel's stack_t: address, flags, size.
        let stack = [plan.signal_stack.0, 0, plan.signal_stack.1];
        call!(SYS_sigaltstack, stack.as_ptr(), 0);
    }
    let empty = 0u64;
    check(plan, 3, call!(SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const empty, 0, 8));

    // From here on the parent's memory that the plan points to may be gone; the plan itself is on the task's own stack.
    if plan.awaited {
        plan.state.store(JUMPED, Ordering::Release);
        futex_wake(&plan.state, 1);
    }
    if special {
        stop_and_hook(plan, task);
    }
    // SAFETY: entry and stack come from a mapped image and a finished stack.
    unsafe { arch::enter(plan.entry, plan.stack) }
}

/// What a process of its own can change for itself alone.
fn prepare_process(plan: &Plan, sweep: bool) {
    if plan.new_session {
        check(plan, 4, call!(SYS_setsid));
    }
    move_descriptors(plan);
    if sweep {
        close_on_exec(plan.fd_bound);
    }
    if !plan.directory.is_null() {
        check(plan, 1, call!(SYS_chdir, plan.directory));
    }
    // Handlers are already reset (CLONE_CLEAR_SIGHAND); a Rust root ignores SIGPIPE, which its tasks must not inherit.
    // The kernel's struct sigaction on x86-64: handler, flags, restorer, mask; all zero is SIG_DFL.
    let default = [0u64; 4];
    call!(SYS_rt_sigaction, libc::SIGPIPE, default.as_ptr(), 0, 8);
}

/// PIP_STOP_ON_START, then the before-hook, which still sees the root's close-on-exec descriptors (as in PiP).
fn stop_and_hook(plan: &Plan, task: &Entry) {
    if plan.stop {
        call!(SYS_kill, call!(SYS_getpid), libc::SIGSTOP);
    }
    if task.hooks.has_before() {
        let status = hooks::run_before(task, plan.id);
        if status != 0 {
            task.hook_failed.store(1, Ordering::Release);
            task.announce_regular_exit();
            crate::tracking::end(task, (status & 0xff) << 8);
        }
    }
    if !plan.thread {
        close_on_exec(plan.fd_bound);
    }
}

/// First to numbers that no target uses, then to the targets: a source may be another pair's target.
fn move_descriptors(plan: &Plan) {
    let mut i = 0;
    while i < plan.fd_count {
        // SAFETY: the parent made both arrays fd_count long.
        let (pair, scratch) = unsafe { (&*plan.fds.add(i), plan.fd_scratch.add(i)) };
        let copy = call!(SYS_fcntl, pair[0], libc::F_DUPFD_CLOEXEC, plan.fd_floor);
        check(plan, 0, copy);
        // SAFETY: as above.
        unsafe { *scratch = copy as i32 };
        i += 1;
    }
    i = 0;
    while i < plan.fd_count {
        // SAFETY: as above.
        let (pair, copy) = unsafe { (&*plan.fds.add(i), *plan.fd_scratch.add(i)) };
        check(plan, 0, call!(SYS_dup3, copy, pair[1], 0));
        i += 1;
    }
}

/// What execve would do: closes every descriptor marked close-on-exec. The table is the child's own (no CLONE_FILES). A poll
/// tells which of many numbers are open at all; listing /proc/self/fd would make an inode per entry.
fn close_on_exec(bound: i32) {
    let mut polled = [libc::pollfd { fd: 0, events: 0, revents: 0 }; 512];
    let mut next = 0;
    while next < bound {
        for one in &mut polled {
            *one = libc::pollfd { fd: next, events: 0, revents: 0 };
            next += 1;
        }
        // No event is asked for and no time given: it only looks the descriptors up. Where RLIMIT_NOFILE is smaller than the
        // number of entries it refuses, and all numbers count as open.
        call!(SYS_poll, polled.as_mut_ptr(), polled.len(), 0);
        for one in &polled {
            let open = one.revents & libc::POLLNVAL == 0;
            if open && call!(SYS_fcntl, one.fd, libc::F_GETFD) == libc::FD_CLOEXEC as isize {
                call!(SYS_close, one.fd);
            }
        }
    }
}

fn check(plan: &Plan, step: u32, result: isize) {
    if result < 0 {
        plan.errno.store(-result as i32, Ordering::Relaxed);
        plan.step.store(step, Ordering::Relaxed);
        plan.state.store(FAILED, Ordering::Release);
        futex_wake(&plan.state, 1);
        exit(plan, 127);
    }
}

fn exit(plan: &Plan, status: i32) -> ! {
    if plan.thread {
        call!(SYS_exit, status);
    }
    call!(SYS_exit_group, status);
    arch::trap()
}
