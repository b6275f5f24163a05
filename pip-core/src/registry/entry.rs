//! What everybody may know about one task, and what its end leaves to be done.

use super::{Ledger, Names};
use crate::hooks::Hooks;
use crate::raw::{futex_wait, futex_wake};
use core::ffi::{c_char, c_void};
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

/// Exports for libraries of the project, beside the one that belongs to the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Service {
    /// The MPI shim's per-rank block.
    MpiShim = 0,
}
const SERVICES: usize = 4;

/// One task. The fields up to `stack_end` are also read by debuggers, at fixed offsets.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Entry {
    state: AtomicU32,
    pid: AtomicI32,
    /// Absolute path of the program, on the task's stack above its first frame.
    pub(crate) program: AtomicPtr<c_char>,
    /// `_r_debug` of the task's ld.so: the list of its libraries.
    pub(crate) r_debug: AtomicUsize,
    /// Load bias of a program without a loader.
    pub(crate) load_bias: AtomicUsize,
    pub(crate) stack_start: AtomicUsize,
    pub(crate) stack_end: AtomicUsize,
    /// `pthread_self()` of the task's first thread, in its own libc.
    pub handle: AtomicUsize,
    /// Blocks of the task's heap that others have freed: a list through their first words.
    pub returned: AtomicUsize,
    /// Thread mode: the kernel's word, cleared when the task's first thread is gone.
    pub(crate) thread: AtomicI32,
    /// Thread mode: the end as wait(2) encodes it, or [`NO_STATUS`].
    pub(crate) status: AtomicI32,
    /// [`Loading`]: how far the task's libpip has come.
    pub(crate) loading: AtomicU32,
    /// Set once exit() runs, as opposed to _exit().
    pub(crate) regular_exit: AtomicU32,
    /// Not 0: whoever spawned the task still looks at what it left on the task's stack.
    pub(crate) spawning: AtomicU32,
    /// Not 0: the before-hook returned an error.
    pub(crate) hook_failed: AtomicU32,
    /// Not 0: what the task mapped stays after it was waited for.
    pub(crate) keep_memory: AtomicU32,
    /// How many use memory of the task ([`super::Hold`]). Never reset: a hold may outlive the task.
    pub(crate) holds: AtomicU32,
    export: AtomicPtr<c_void>,
    aux: AtomicPtr<c_void>,
    services: [AtomicPtr<c_void>; SERVICES],
    /// Name of the function to start at instead of main, or null, and its argument.
    pub(crate) function: AtomicPtr<c_char>,
    pub(crate) argument: AtomicPtr<c_void>,
    pub(crate) hooks: Hooks,
    /// Address and length of the task's table of its other threads' ids (thread mode), or 0.
    pub(crate) threads: AtomicUsize,
    pub(crate) ledger: Ledger,
    pub(crate) names: Names,
}

/// No status was left behind.
pub(crate) const NO_STATUS: i32 = -1;

/// Whether a task id names a living task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum State {
    /// Never used, or given back by a wait.
    Free = 0,
    /// Claimed by someone who is starting a task.
    Starting = 1,
    /// Running.
    Alive = 2,
    /// Waited for; what it exported must not be used any more.
    Ended = 3,
    /// Waited for, but others still use its memory: no new task gets this id before they have let go.
    Held = 4,
    /// The last of them has let go, and what the task had mapped is being unmapped.
    Unmapping = 5,
}

/// How far a task's own libpip has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Loading {
    /// Its libraries are being loaded, or it has no libpip.
    Unknown = 0,
    /// Loaded; its program starts.
    Done = 1,
    /// The function to start at is in none of its objects.
    NoFunction = 2,
    /// Several objects have local functions of that name and none has a global one.
    ManyFunctions = 3,
}

impl Entry {
    /// Free, starting, alive or ended.
    pub fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            1 => State::Starting,
            2 => State::Alive,
            3 => State::Ended,
            4 => State::Held,
            5 => State::Unmapping,
            _ => State::Free,
        }
    }

    /// Whether a task is starting, running or not waited for yet.
    pub fn is_in_use(&self) -> bool {
        matches!(self.state(), State::Starting | State::Alive)
    }

    pub(crate) fn set_state(&self, state: State) {
        self.state.store(state as u32, Ordering::Release);
    }

    /// Whether a new task could get this entry now.
    pub(crate) fn is_claimable(&self) -> bool {
        matches!(self.state(), State::Free | State::Ended)
    }

    /// Sets the state if it is `from`; false if it is another.
    pub(crate) fn change_state(&self, from: State, to: State) -> bool {
        self.state.compare_exchange(from as u32, to as u32, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Takes a free entry for a new task; false if it is in use.
    pub(crate) fn claim(&self) -> bool {
        if !self.change_state(State::Free, State::Starting) && !self.change_state(State::Ended, State::Starting) {
            return false;
        }
        self.pid.store(0, Ordering::Relaxed);
        for pointer in [&self.export, &self.aux, &self.argument].into_iter().chain(&self.services) {
            pointer.store(core::ptr::null_mut(), Ordering::Relaxed);
        }
        for pointer in [&self.program, &self.function] {
            pointer.store(core::ptr::null_mut(), Ordering::Relaxed);
        }
        for word in [
            &self.r_debug,
            &self.load_bias,
            &self.stack_start,
            &self.stack_end,
            &self.threads,
            &self.handle,
            &self.returned,
        ] {
            word.store(0, Ordering::Relaxed);
        }
        self.thread.store(0, Ordering::Relaxed);
        self.status.store(NO_STATUS, Ordering::Relaxed);
        self.loading.store(Loading::Unknown as u32, Ordering::Relaxed);
        self.regular_exit.store(0, Ordering::Relaxed);
        self.spawning.store(1, Ordering::Relaxed);
        self.hook_failed.store(0, Ordering::Relaxed);
        self.hooks.clear();
        self.names.reset();
        true
    }

    /// The task's PID, or its kernel thread id in thread mode; 0 before it runs.
    pub fn pid(&self) -> i32 {
        self.pid.load(Ordering::Acquire)
    }

    pub(crate) fn pid_cell(&self) -> &AtomicI32 {
        &self.pid
    }

    /// The pointer the task's program exported.
    pub fn export(&self) -> &AtomicPtr<c_void> {
        &self.export
    }

    /// The pointer the root gave the task along, or that the task set since (`pip_get_aux`).
    pub fn aux(&self) -> &AtomicPtr<c_void> {
        &self.aux
    }

    /// The task's named exports.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The address ranges that belong to the task.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The task's first stack: lowest usable address and end.
    pub fn stack(&self) -> (usize, usize) {
        (self.stack_start.load(Ordering::Acquire), self.stack_end.load(Ordering::Acquire))
    }

    /// The path of the task's program, while the task has not been waited for.
    pub fn program(&self) -> Option<&core::ffi::CStr> {
        let path = self.program.load(Ordering::Acquire);
        // SAFETY: the root wrote a C string onto the task's stack, which stays until the task was waited for.
        (!path.is_null()).then(|| unsafe { core::ffi::CStr::from_ptr(path) })
    }

    /// The pointer the task's copy of a library exported.
    pub fn service(&self, service: Service) -> &AtomicPtr<c_void> {
        &self.services[service as usize]
    }

    /// How far the task's libpip has come.
    pub fn loading(&self) -> Loading {
        match self.loading.load(Ordering::Acquire) {
            1 => Loading::Done,
            2 => Loading::NoFunction,
            3 => Loading::ManyFunctions,
            _ => Loading::Unknown,
        }
    }

    /// How far the task's libpip has come, after a sleep of at most `milliseconds` if it has not reported yet.
    pub fn await_loading(&self, milliseconds: u64) -> Loading {
        futex_wait(&self.loading, Loading::Unknown as u32, milliseconds);
        self.loading()
    }

    /// Whether the before-hook kept the program from starting.
    pub fn hook_failed(&self) -> bool {
        self.hook_failed.load(Ordering::Acquire) != 0
    }

    /// Reports how far this task's libpip has come, to the root that may wait for it.
    pub fn report(&self, loading: Loading) {
        self.loading.store(loading as u32, Ordering::Release);
        futex_wake(&self.loading, i32::MAX);
    }

    /// Called by libpip from the last exit handler: the task ends by exit(), so its after-hook is due.
    pub fn announce_regular_exit(&self) {
        self.regular_exit.store(1, Ordering::Release);
    }

    /// Thread mode: whether the task is ending, so that its threads must.
    pub fn is_ending(&self) -> bool {
        self.status.load(Ordering::Acquire) != NO_STATUS
    }

    /// Where the task keeps the ids of its threads beside the first ([`crate::ThreadTable`]).
    pub fn set_threads(&self, table: &'static crate::ThreadTable) {
        self.threads.store(core::ptr::from_ref(table) as usize, Ordering::Release);
    }

    /// The function to start at instead of main, and its argument.
    pub fn start_function(&self) -> Option<(&core::ffi::CStr, *mut c_void)> {
        let name = self.function.load(Ordering::Acquire);
        // SAFETY: as for `program`.
        (!name.is_null()).then(|| (unsafe { core::ffi::CStr::from_ptr(name) }, self.argument.load(Ordering::Acquire)))
    }
}
