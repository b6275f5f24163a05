//! The MPI library underneath, seen from a rank that waits in the shim: it makes progress only when it is called.

use crate::abi;
use crate::exports::Iprobe;
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};

/// Whether the library may have work of this rank: a non-blocking collective, a window, file I/O, an intercommunicator.
static BUSY: AtomicBool = AtomicBool::new(false);

/// The program has called something whose progress happens later.
pub fn note_work() {
    BUSY.store(true, Ordering::Relaxed);
}

/// Whether [`note_work`] was ever called.
#[inline]
pub fn is_busy() -> bool {
    BUSY.load(Ordering::Relaxed)
}

/// Sleeps of this rank in which the library may still have something to send, from the last blocking call of the program.
static AFTERMATH: AtomicUsize = AtomicUsize::new(16);

/// The program has been in the library: it may have left messages on their way.
pub fn note_call() {
    AFTERMATH.store(16, Ordering::Relaxed);
}

/// This rank has slept without being woken, and polls the library now.
pub fn note_sleep() {
    let left = AFTERMATH.load(Ordering::Relaxed);
    AFTERMATH.store(left.saturating_sub(1), Ordering::Relaxed);
}

/// Whether the program was in the library not long ago.
pub fn was_called() -> bool {
    AFTERMATH.load(Ordering::Relaxed) > 0
}

/// A communicator to poll with: MPI_COMM_WORLD, or in a program of sessions only one that it has made. In one of a single
/// rank, such as MPI_COMM_SELF, MPICH answers without making progress.
static COMMUNICATOR: AtomicI32 = AtomicI32::new(abi::COMM_NULL);

/// Says which communicator to poll with: one that is there until the next call of this function.
pub fn poll_with(communicator: abi::Comm) {
    COMMUNICATOR.store(communicator, Ordering::Relaxed);
}

/// Lets the library make progress. A probe that can find nothing is the cheapest call that does.
pub fn poll() {
    let (communicator, mut flag) = (COMMUNICATOR.load(Ordering::Relaxed), 0);
    if communicator != abi::COMM_NULL {
        // SAFETY: the communicator exists. The library never has a message there: they are all the shim's.
        unsafe { Iprobe::real(abi::ANY_SOURCE, abi::TAG_UB, communicator, &mut flag, abi::STATUS_IGNORE) };
    }
}

/// For calls that the program repeats until something happens (MPI_Test, MPI_Iprobe): polls the library now and then, and
/// gives the core away now and then if there are more ranks than cores.
pub fn poll_seldom(crowded: bool) {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    if call.is_multiple_of(if is_busy() { 4 } else { 64 }) {
        poll();
    }
    if crowded && call.is_multiple_of(8) {
        std::thread::yield_now();
    }
}
