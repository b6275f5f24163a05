//! `pip_exit`, `pip_abort`, `pip_kill_all_child_tasks`.

use crate::caller::{self, caller};
use crate::{messages, signals};
use pip_core::{Mode, task};
use std::ffi::c_int;

/// `pip_exit`
#[unsafe(no_mangle)]
pub extern "C" fn pip_exit(status: c_int) -> ! {
    if let Some(state) = caller::root() {
        let registry = state.root.registry();
        for (id, entry) in registry.entries().enumerate().filter(|(_, entry)| task::is_living(registry, entry)) {
            messages::info(&format!("PiP task {id} is still running and killed"));
            let _ended_meanwhile = task::kill(registry, entry, libc::SIGKILL);
        }
    }
    // SAFETY: exit of this task's own libc; in thread mode its last step ends the task alone.
    unsafe { libc::exit(status) }
}

/// `pip_abort`
#[unsafe(no_mangle)]
pub extern "C" fn pip_abort() -> ! {
    if let Some(caller) = caller::find().filter(|caller| caller.id.is_some()) {
        let root = caller.registry.root_pid();
        // SAFETY: signals the root; then this task only waits for its end.
        unsafe {
            match caller.registry.mode() {
                Mode::Process => libc::kill(root, libc::SIGABRT),
                Mode::Thread => {
                    libc::signal(libc::SIGABRT, libc::SIG_DFL);
                    libc::syscall(libc::SYS_tgkill, root, root, libc::SIGABRT) as c_int
                }
            };
            loop {
                libc::pause();
            }
        }
    }
    if let Some(state) = caller::root() {
        if state.root.mode() == Mode::Thread {
            // SAFETY: resets a disposition that this library had set.
            unsafe { libc::signal(libc::SIGABRT, libc::SIG_DFL) };
        } else {
            signals::kill_all(state.root.registry());
        }
    }
    // SAFETY: ends the process.
    unsafe { libc::abort() }
}

/// `pip_kill_all_child_tasks`
#[unsafe(no_mangle)]
pub extern "C" fn pip_kill_all_child_tasks() -> c_int {
    match (caller(), caller::root()) {
        (Ok(_), Some(state)) => {
            signals::kill_all(state.root.registry());
            0
        }
        _ => libc::EPERM,
    }
}

/// `pip_kill_all_tasks`
#[unsafe(no_mangle)]
pub extern "C" fn pip_kill_all_tasks() -> c_int {
    pip_kill_all_child_tasks()
}
