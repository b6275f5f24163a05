//! The space a program attaches for buffered sends (MPI-4.0 section 3.6). The shim keeps the data in memory of its own,
//! but accounts for it against the attached size, so that a program that runs out of space learns it here too.

use crate::abi::BSEND_OVERHEAD;
use core::sync::atomic::{AtomicUsize, Ordering};

static ATTACHED: AtomicUsize = AtomicUsize::new(0);
static USED: AtomicUsize = AtomicUsize::new(0);

/// After MPI_Buffer_attach of `size` bytes.
pub fn attach(size: usize) {
    ATTACHED.store(size, Ordering::Relaxed);
}

/// After MPI_Buffer_detach.
pub fn detach() {
    ATTACHED.store(0, Ordering::Relaxed);
}

/// Whether the attached space holds a message of `len` bytes now.
pub fn fits(len: usize) -> bool {
    USED.load(Ordering::Relaxed) + len + BSEND_OVERHEAD <= ATTACHED.load(Ordering::Relaxed)
}

/// Bytes of the attached space that are free.
pub fn free() -> usize {
    ATTACHED.load(Ordering::Relaxed).saturating_sub(USED.load(Ordering::Relaxed))
}

/// Takes space for a message of `len` bytes; None if the attached space does not hold it now.
pub fn reserve(len: usize) -> Option<()> {
    let attached = ATTACHED.load(Ordering::Relaxed);
    let with_it = |used: usize| Some(used + len + BSEND_OVERHEAD).filter(|&used| used <= attached);
    USED.fetch_update(Ordering::Relaxed, Ordering::Relaxed, with_it).ok().map(|_| ())
}

/// The message of `len` bytes has been delivered.
pub fn release(len: usize) {
    USED.fetch_sub(len + BSEND_OVERHEAD, Ordering::Relaxed);
}

/// Whether all buffered messages have been delivered.
pub fn is_empty() -> bool {
    USED.load(Ordering::Relaxed) == 0
}
