//! The before- and after-hook of a spawn (`pip_spawn_hook`): functions of the root's program that run in the new task.
//!
//! Root code needs a thread-local storage block of the root's libc. So each task with hooks borrows the block of a *parked
//! thread* of the root, which sleeps meanwhile: the child path switches the thread pointer to it before the program has
//! any of its own, and the end of the task switches there and back. Idle parked threads are used again.

use crate::raw::{call, write_error};
use crate::registry::Entry;
use crate::{Error, arch};
use core::cell::Cell;
use core::ffi::c_void;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};

/// A hook: gets the hook argument; 0 lets the task go on.
pub type Hook = unsafe extern "C" fn(*mut c_void) -> i32;

/// What a spawn asks for.
#[derive(Debug, Clone, Copy)]
pub struct SpawnHooks {
    /// Runs in the task before its program; if it returns non-zero, the program does not run and that is the exit status.
    pub before: Option<Hook>,
    /// Runs in the task when it ends by return, exit() or pip_exit(); not after _exit().
    pub after: Option<Hook>,
    /// The argument of both.
    pub argument: *mut c_void,
}

impl Default for SpawnHooks {
    fn default() -> Self {
        SpawnHooks { before: None, after: None, argument: core::ptr::null_mut() }
    }
}

// SAFETY: the pointers are only handed on; what they lead to is the caller's affair, as with pip_spawn.
unsafe impl Send for SpawnHooks {}
// SAFETY: as above.
unsafe impl Sync for SpawnHooks {}

/// The hooks of a task, in its entry.
#[derive(Debug)]
#[repr(C)]
pub struct Hooks {
    before: AtomicUsize,
    after: AtomicUsize,
    argument: AtomicUsize,
    /// Thread pointer of the parked thread; 0 without hooks.
    thread_pointer: AtomicUsize,
}

static IDLE: Mutex<Vec<usize>> = Mutex::new(Vec::new());

thread_local! {
    /// On a parked thread's block: the task that runs a hook, plus 1.
    static RUNNING_FOR: Cell<usize> = const { Cell::new(0) };
}

/// The task for which the calling code runs as a hook, if it does.
pub fn running_for() -> Option<usize> {
    RUNNING_FOR.get().checked_sub(1)
}

impl Hooks {
    pub(crate) fn clear(&self) {
        for word in [&self.before, &self.after, &self.argument, &self.thread_pointer] {
            word.store(0, Ordering::Relaxed);
        }
    }

    /// Notes the hooks of a task that is about to start and gives it a parked thread's block.
    pub(crate) fn prepare(&self, hooks: &SpawnHooks) -> Result<(), Error> {
        if hooks.before.is_none() && hooks.after.is_none() {
            return Ok(());
        }
        self.before.store(hooks.before.map_or(0, |hook| hook as usize), Ordering::Relaxed);
        self.after.store(hooks.after.map_or(0, |hook| hook as usize), Ordering::Relaxed);
        self.argument.store(hooks.argument as usize, Ordering::Relaxed);
        let idle = IDLE.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop();
        self.thread_pointer.store(idle.map_or_else(park_thread, Ok)?, Ordering::Release);
        Ok(())
    }

    /// Takes the block back once the task cannot use it any more.
    pub(crate) fn release(&self) {
        match self.thread_pointer.swap(0, Ordering::AcqRel) {
            0 => {}
            block => IDLE.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(block),
        }
    }

    pub(crate) fn has_after(&self) -> bool {
        self.after.load(Ordering::Acquire) != 0
    }

    pub(crate) fn has_before(&self) -> bool {
        self.before.load(Ordering::Acquire) != 0
    }
}

/// Starts a thread that does nothing but lend its block.
fn park_thread() -> Result<usize, Error> {
    let (tell, told) = mpsc::channel();
    let parked = move || {
        // A library that wants to be told of a thread's first use of it (malloc's cache) gets its chance before it is lent.
        drop(std::hint::black_box(vec![0u8; 64]));
        let _root_is_gone = tell.send(arch::thread_pointer());
        loop {
            std::thread::park();
        }
    };
    let started = std::thread::Builder::new().name("pip-hooks".to_owned()).stack_size(64 << 10).spawn(parked);
    started.map_err(|e| Error::System("a thread for spawn hooks", e))?;
    told.recv().map_err(|_| Error::System("a thread for spawn hooks", std::io::ErrorKind::Other.into()))
}

/// Runs the before-hook in the child path. 0 lets the program start.
pub(crate) fn run_before(entry: &Entry, id: usize) -> i32 {
    let hooks = &entry.hooks;
    arch::set_thread_pointer(hooks.thread_pointer.load(Ordering::Acquire));
    let address = hooks.before.load(Ordering::Acquire);
    // SAFETY: the root's own hook function, on a block of its libc that nobody else uses.
    let result = unsafe { run(address, hooks, id) };
    if result != 0 {
        let text =
            format!("PiP-ERR: task {id}: before hook at {address:#x} returns {result}, so its program is not run\n");
        write_error(text.as_bytes());
    }
    result
}

/// Runs the after-hook, if there is one that did not run yet, at the end of the task. Signals wait: their handlers belong to
/// the task's own thread-local storage.
pub(crate) extern "C" fn run_after(entry: &Entry) -> i32 {
    let hooks = &entry.hooks;
    let address = hooks.after.swap(0, Ordering::AcqRel);
    if address == 0 {
        return 0;
    }
    let id = crate::tracking::id_of(entry);
    let (all, own) = (u64::MAX, arch::thread_pointer());
    call!(SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const all, 0, 8);
    arch::set_thread_pointer(hooks.thread_pointer.load(Ordering::Acquire));
    // SAFETY: as for the before-hook.
    let result = unsafe { run(address, hooks, id) };
    arch::set_thread_pointer(own);
    result
}

/// # Safety
/// `address` is a [`Hook`], and the thread pointer that of a parked thread of the root.
#[inline(never)] // so that no thread-local address is computed before the switch
unsafe fn run(address: usize, hooks: &Hooks, id: usize) -> i32 {
    RUNNING_FOR.set(id + 1);
    // SAFETY: prepare() stored a Hook.
    let hook = unsafe { core::mem::transmute::<usize, Hook>(address) };
    // SAFETY: what the function needs is the caller's of spawn, who gave it.
    let result = unsafe { hook(hooks.argument.load(Ordering::Acquire) as *mut c_void) };
    RUNNING_FOR.set(0);
    result
}
