//! `pip_kill`, `pip_sigmask`, `pip_signal_wait`, and the root's own handling of signals.

use crate::caller::caller;
use crate::errno::{Errno, code};
use pip_core::registry::Registry;
use pip_core::{Mode, task};
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// `pip_kill`
#[unsafe(no_mangle)]
pub extern "C" fn pip_kill(pipid: c_int, signal: c_int) -> c_int {
    code((|| {
        let caller = caller()?;
        let target = caller.resolve(pipid)?;
        if !(0..=libc::SIGRTMAX()).contains(&signal) {
            return Err(Errno::EINVAL);
        }
        let Some(id) = target else {
            let root = caller.registry.root_pid();
            let result = match caller.registry.mode() {
                // SAFETY: signals a process.
                Mode::Process => unsafe { libc::kill(root, signal) },
                // SAFETY: signals its first thread, whose id is the process's.
                Mode::Thread => unsafe { libc::syscall(libc::SYS_tgkill, root, root, signal) as c_int },
            };
            return if result == 0 { Ok(()) } else { Err(std::io::Error::last_os_error().into()) };
        };
        let entry = caller.registry.entry(id).filter(|entry| caller.is_living(entry)).ok_or(Errno::ESRCH)?;
        Ok(task::kill(caller.registry, entry, signal)?)
    })())
}

/// `pip_sigmask`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_sigmask(how: c_int, set: *const libc::sigset_t, old: *mut libc::sigset_t) -> c_int {
    if let Err(errno) = caller() {
        return errno.0;
    }
    // SAFETY: the C caller's sets. In process mode this is what sigprocmask does, since only the calling thread is meant.
    unsafe { libc::pthread_sigmask(how, set, old) }
}

/// `pip_signal_wait`
#[unsafe(no_mangle)]
pub extern "C" fn pip_signal_wait(signal: c_int) -> c_int {
    if let Err(errno) = caller() {
        return errno.0;
    }
    let mut got = 0;
    // SAFETY: a set on the stack; sigaddset checks the number.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        if libc::sigaddset(&mut set, signal) != 0 {
            return libc::EINVAL;
        }
        libc::sigwait(&set, &mut got)
    }
}

/// Whether the calling thread blocks `signal`.
pub fn is_blocked(signal: c_int) -> bool {
    // SAFETY: only asks.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), &mut set);
        libc::sigismember(&set, signal) == 1
    }
}

/// Blocks `signal` in the calling thread.
pub fn block(signal: c_int) {
    change(libc::SIG_BLOCK, signal);
}

fn change(how: c_int, signal: c_int) {
    // SAFETY: a set on the stack with a valid signal.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigaddset(&mut set, signal);
        libc::pthread_sigmask(how, &set, std::ptr::null_mut());
    }
}

/// A root that ignores SIGCHLD would lose its tasks' statuses: the kernel throws them away.
pub fn keep_statuses() {
    // SAFETY: all-zero is a valid sigaction and means the default; a local is filled.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGCHLD, std::ptr::null(), &mut action);
        if action.sa_sigaction == libc::SIG_IGN || action.sa_flags & libc::SA_NOCLDWAIT != 0 {
            if action.sa_sigaction == libc::SIG_IGN {
                action.sa_sigaction = libc::SIG_DFL;
            }
            action.sa_flags &= !libc::SA_NOCLDWAIT;
            libc::sigaction(libc::SIGCHLD, &action, std::ptr::null_mut());
        }
    }
}

static HANDLES_ABORT: AtomicBool = AtomicBool::new(false);
/// For the handler, which may take no lock.
static OWN: AtomicPtr<Registry> = AtomicPtr::new(std::ptr::null_mut());

/// A process-mode root that dies by SIGABRT takes its tasks along (`pip_abort`), at once and not only when the kernel tells
/// them that it is gone.
pub fn install_abort_handler(registry: &'static Registry) {
    OWN.store(std::ptr::from_ref(registry).cast_mut(), Ordering::Release);
    // SAFETY: all-zero is a valid sigaction; the handler only makes system calls.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGABRT, std::ptr::null(), &mut action);
        if action.sa_sigaction == libc::SIG_DFL {
            action.sa_sigaction = on_abort as *const () as usize;
            action.sa_flags = libc::SA_RESETHAND;
            libc::sigaction(libc::SIGABRT, &action, std::ptr::null_mut());
            HANDLES_ABORT.store(true, Ordering::Relaxed);
        }
    }
}

extern "C" fn on_abort(signal: c_int) {
    // A process that the root forked dies of its own signal alone. (Signal-safe: reads memory and makes system calls.)
    // SAFETY: null or a registry, which is never unmapped.
    if let Some(registry) = unsafe { OWN.load(Ordering::Acquire).as_ref() }
        && registry.root_pid() == std::process::id() as i32
    {
        kill_all(registry);
    }
    // SAFETY: SA_RESETHAND restored the default; it is taken when the handler returns.
    unsafe { libc::raise(signal) };
}

/// Sends SIGKILL to all living tasks.
pub fn kill_all(registry: &Registry) {
    for entry in registry.entries().filter(|entry| task::is_living(registry, entry)) {
        let _already_gone = task::kill(registry, entry, libc::SIGKILL);
    }
}

/// Undoes what `pip_init` did to the root's signals.
pub fn restore() {
    change(libc::SIG_UNBLOCK, libc::SIGCHLD);
    if HANDLES_ABORT.swap(false, Ordering::Relaxed) {
        // SAFETY: restores a default.
        unsafe { libc::signal(libc::SIGABRT, libc::SIG_DFL) };
    }
}
