//! What the ranks of a job with several address spaces agree on when it begins and when it ends.

use crate::abi::{self, Comm};
use crate::{adoption, completion, engine, real, spaces};
use core::ffi::c_int;
use core::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::Mutex;

/// What a rank tells the others once MPICH has started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Vote {
    is_for: u32,
    lowest: u32,
    lanes: u32,
    reserved: u32,
    fingerprint: u64,
}

impl Vote {
    /// `is_for`: this rank has found all of its space, whose ranks are `local`, and would like so many lanes.
    pub fn new(is_for: bool, local: &[u32], lanes: u32) -> Vote {
        let fingerprint = spaces::fingerprint(local.iter().copied());
        let lowest = local.first().copied().unwrap_or(0);
        Vote { is_for: u32::from(is_for), lowest, lanes, reserved: 0, fingerprint }
    }

    /// Tells lists of ranks apart.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// Whether this rank can take part.
    pub fn is_for(&self) -> bool {
        self.is_for != 0
    }

    /// The first rank of its space.
    pub fn lowest(&self) -> u32 {
        self.lowest
    }

    /// Lanes it would like.
    pub fn lanes(&self) -> u32 {
        self.lanes
    }
}

/// What all ranks of MPI_COMM_WORLD say; collective.
pub fn agree(own: Vote) -> Option<Vec<Vote>> {
    let mut size = 0;
    // SAFETY: the library is initialised; the result goes to a local.
    unsafe { real::Comm_size(abi::COMM_WORLD, &mut size) };
    adoption::exchange(abi::COMM_WORLD, own, size)
}

/// The private communicators.
#[derive(Debug, Clone, Copy)]
pub(super) struct Private {
    pub headers: Comm,
    pub data: Comm,
}

static PRIVATE: Mutex<Option<Private>> = Mutex::new(None);

/// The private communicators, while they are there.
pub(super) fn private() -> Option<Private> {
    *PRIVATE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Makes the private communicators; collective over MPI_COMM_WORLD. Their error handler is the default: what goes wrong there
/// ends the job.
pub fn open() {
    let (mut headers, mut data) = (abi::COMM_NULL, abi::COMM_NULL);
    // SAFETY: the library is initialised; results go to locals.
    unsafe {
        real::Comm_dup(abi::COMM_WORLD, &mut headers);
        real::Comm_dup(abi::COMM_WORLD, &mut data);
    }
    *PRIVATE.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Private { headers, data });
}

/// Before MPI_Finalize, when nothing of this rank is on its way any more: waits until that holds for all ranks, so that what
/// they have sent has arrived.
pub fn quiet() {
    let Some(Private { headers, .. }) = private() else { return };
    let mut request = abi::REQUEST_NULL;
    // SAFETY: a communicator of ours; results go to locals.
    unsafe { real::Ibarrier(headers, &mut request) };
    completion::wait_until(None, || {
        let mut done = 0;
        // SAFETY: our own request; results go to locals.
        unsafe { real::Test(&mut request, &mut done, abi::STATUS_IGNORE) };
        done != 0
    });
}

/// Gives the private communicators back; collective.
pub fn close() {
    engine::each(|engine| engine.offnode = None);
    let taken = PRIVATE.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    if let Some(Private { mut headers, mut data }) = taken {
        // SAFETY: communicators of ours that nobody uses any more.
        unsafe {
            real::Comm_free(&mut data);
            real::Comm_free(&mut headers);
        }
    }
}

/// The level of threads that the program was promised, where the library was asked for more; -1 if it was not.
static PROMISED: AtomicI32 = AtomicI32::new(-1);

/// Whether a thread of ours may call the library while the program does.
static FREE: AtomicBool = AtomicBool::new(false);

/// Whether the library lets a thread of ours call it while the program does: without that, no messages can be carried.
pub fn is_free() -> bool {
    FREE.load(Ordering::Relaxed)
}

/// Initialises the library so that a thread of ours may call it while the program does, with `start`, which gets the level to
/// ask for and a place for what it provides. Returns the level that the program, which asked for `wanted`, has.
pub fn provide(wanted: c_int, start: impl FnOnce(c_int, &mut c_int) -> c_int) -> Result<c_int, c_int> {
    let mut provided = 0;
    let code = start(abi::THREAD_MULTIPLE, &mut provided);
    if code != abi::SUCCESS {
        return Err(code);
    }
    let promised = wanted.min(provided);
    PROMISED.store(promised, Ordering::Relaxed);
    FREE.store(provided == abi::THREAD_MULTIPLE, Ordering::Relaxed);
    Ok(promised)
}

/// The level of threads that the program was promised, where the library was asked for more.
pub fn thread_level() -> Option<c_int> {
    let promised = PROMISED.load(Ordering::Relaxed);
    (promised >= 0).then_some(promised)
}
