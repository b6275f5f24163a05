//! How a rank waits inside a blocking call of the MPI library, say MPI_Comm_dup or a collective operation of an
//! intercommunicator. MPICH polls UCX until the call is done. This library stands between the two: a rank that has polled in
//! vain for as long as it would spin elsewhere (see `waiting`) gives its core to others, then sleeps, a part of the time that
//! it has waited.

use crate::job::{self, Job};
use crate::tunables::{self, Wait};
use crate::{engine, real};
use core::cell::Cell;
use core::ffi::{CStr, c_uint, c_void};
use core::sync::atomic::{AtomicPtr, Ordering};
use std::time::{Duration, Instant};

const NAME: &CStr = c"ucp_worker_progress";
const LIBRARY: &CStr = c"libucp.so.0";

/// One poll of UCX costs as much as so many polls of the shim's own.
const COST: usize = 8;
/// Polls in vain before a rank that does not know its job yet yields.
const EARLY_POLLS: usize = 64;
/// Time in which a rank yields and does not sleep: shorter sleeps last as long as the kernel's slack of timers.
const YIELDS_FOR: Duration = Duration::from_micros(200);
/// A sleep is this part of the wait so far, so that it adds little to it.
const PART: u32 = 8;
const LONGEST_SLEEP: Duration = Duration::from_micros(500);

/// A wait of this thread in the library.
#[derive(Debug, Clone, Copy)]
struct Poller {
    /// Whether the thread is in a call of the library that may block.
    inside: bool,
    /// Polls in vain since something came.
    idle: usize,
    /// When it began to yield.
    since: Option<Instant>,
}

const OUTSIDE: Poller = Poller { inside: false, idle: 0, since: None };

thread_local! {
    static POLLER: Cell<Poller> = const { Cell::new(OUTSIDE) };
}

/// Runs a call of the library that may block.
#[inline]
pub fn inside<T>(call: impl FnOnce() -> T) -> T {
    let before = POLLER.replace(Poller { inside: true, ..OUTSIDE });
    let result = call();
    POLLER.set(before);
    result
}

/// UCX's function of this name, which MPICH calls again and again while it waits; returns how much got on.
///
/// # Safety
/// As UCX says of its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ucp_worker_progress(worker: *mut c_void) -> c_uint {
    static REAL: AtomicPtr<c_void> = AtomicPtr::new(core::ptr::null_mut());
    let mut found = REAL.load(Ordering::Relaxed);
    if found.is_null() {
        found = real::find(NAME, LIBRARY);
        REAL.store(found, Ordering::Relaxed);
    }
    // SAFETY: UCX's function has this signature.
    let count = unsafe { core::mem::transmute::<*mut c_void, unsafe extern "C" fn(*mut c_void) -> c_uint>(found)(worker) };
    let poller = POLLER.get();
    if poller.inside {
        POLLER.set(if count > 0 { Poller { inside: true, ..OUTSIDE } } else { poller.after_nothing() });
    }
    count
}

impl Poller {
    /// After a poll in vain.
    fn after_nothing(self) -> Poller {
        let poller = Poller { idle: self.idle + 1, ..self };
        let job = job::current();
        let limit = job.map_or(EARLY_POLLS, |job| job.polls(tunables::get().spin) / COST);
        match tunables::wait() {
            Wait::Auto if poller.idle <= limit => poller,
            Wait::Spin => poller,
            wait => poller.rest(wait, job),
        }
    }

    /// Lets others run.
    #[cold]
    fn rest(self, wait: Wait, job: Option<&Job>) -> Poller {
        let now = Instant::now();
        let since = self.since.unwrap_or(now);
        let waited = now - since;
        // Other threads of the rank may need the library, whose lock this one holds.
        let may_sleep = wait != Wait::Yield && !engine::is_shared() && job.is_some();
        if may_sleep && waited > YIELDS_FOR {
            std::thread::sleep((waited / PART).min(LONGEST_SLEEP));
        } else {
            std::thread::yield_now();
        }
        Poller { since: Some(since), ..self }
    }
}
