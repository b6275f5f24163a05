//! Epochs (MPI-4.0 section 12.5): which targets this rank may access now, and the synchronisation of all ranks together.

use super::failure::Failure;
use super::target::Answer;
use super::{DONE, Window, order, window};
use crate::abi::{self, Win};
use core::ffi::c_int;
use core::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What this rank may do with a window at the moment.
#[derive(Debug)]
pub struct Epochs {
    /// An epoch that covers all targets.
    all: AtomicU8,
    /// Epochs on single targets.
    targets: Box<[AtomicU8]>,
    /// How many of `targets` are locked.
    pub locked: AtomicU32,
    /// The group of MPI_Win_start.
    access: Mutex<Option<Box<[u32]>>>,
    /// What MPI_Win_post began.
    exposure: Mutex<super::exposure::Exposure>,
}

/// Values of `all`.
const NONE: u8 = 0;
/// Between two fences, without an operation so far: other kinds of epochs may still begin.
const FENCED: u8 = 1;
const FENCED_AND_USED: u8 = 2;
/// Between MPI_Win_lock_all and MPI_Win_unlock_all.
const LOCKED: u8 = 3;
/// The same with MPI_MODE_NOCHECK.
const LOCKED_UNCHECKED: u8 = 4;

/// Values of `targets`.
const CLOSED: u8 = 0;
/// In the group of MPI_Win_start.
pub const STARTED: u8 = 1;
pub const SHARED: u8 = 2;
pub const EXCLUSIVE: u8 = 3;
/// Locked with MPI_MODE_NOCHECK: the program takes care.
pub const UNCHECKED: u8 = 4;

impl Epochs {
    /// No epoch, in a window of `size` ranks.
    pub fn new(size: u32) -> Epochs {
        Epochs {
            all: AtomicU8::new(NONE),
            targets: (0..size).map(|_| AtomicU8::new(CLOSED)).collect(),
            locked: AtomicU32::new(0),
            access: Mutex::default(),
            exposure: Mutex::new(super::exposure::Exposure::new(size)),
        }
    }

    /// Whether operations may go to `target`, of which one follows.
    #[inline(always)]
    pub fn admits(&self, target: u32) -> bool {
        let all = self.all.load(Ordering::Relaxed);
        if all == FENCED {
            self.all.store(FENCED_AND_USED, Ordering::Relaxed);
        }
        all != NONE || self.target(target) != CLOSED
    }

    /// What is open on `target` alone.
    #[inline]
    pub fn target(&self, target: u32) -> u8 {
        self.targets[target as usize].load(Ordering::Relaxed)
    }

    /// Opens or closes an epoch on `target` alone.
    pub fn set_target(&self, target: u32, state: u8) {
        self.targets[target as usize].store(state, Ordering::Relaxed);
    }

    /// Closes an epoch on `target`.
    pub fn close_target(&self, target: u32) {
        self.set_target(target, CLOSED);
    }

    /// Whether the target is locked, alone or with all.
    fn is_locked(&self, target: u32) -> bool {
        self.is_all_locked() || self.target(target) > STARTED
    }

    /// Whether any lock is held.
    fn is_passive(&self) -> bool {
        self.is_all_locked() || self.locked.load(Ordering::Relaxed) > 0
    }

    /// Whether MPI_Win_lock_all holds.
    pub fn is_all_locked(&self) -> bool {
        self.all.load(Ordering::Relaxed) >= LOCKED
    }

    /// Begins the epoch of MPI_Win_lock_all.
    pub fn lock_all(&self, unchecked: bool) {
        self.all.store(if unchecked { LOCKED_UNCHECKED } else { LOCKED }, Ordering::Relaxed);
    }

    /// Ends the epoch of MPI_Win_lock_all; true if it was announced to the others.
    pub fn unlock_all(&self) -> bool {
        self.all.swap(NONE, Ordering::Relaxed) == LOCKED
    }

    /// Leaves a fence epoch in which nothing was done; an error if something was, or if all ranks are locked.
    pub fn leave_unused_fence(&self) -> Result<(), Failure> {
        match self.all.load(Ordering::Relaxed) {
            FENCED_AND_USED => Err(Failure::Epoch("operations since the last MPI_Win_fence need another one first")),
            LOCKED | LOCKED_UNCHECKED => Err(Failure::Epoch("MPI_Win_lock_all needs its MPI_Win_unlock_all first")),
            _ => {
                self.all.store(NONE, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    /// An error if locks or the group of MPI_Win_start are held.
    pub fn has_no_target(&self) -> Result<(), Failure> {
        if self.locked.load(Ordering::Relaxed) > 0 {
            return Err(Failure::Epoch("MPI_Win_lock needs its MPI_Win_unlock first"));
        }
        if self.access().is_some() {
            return Err(Failure::Epoch("MPI_Win_start needs its MPI_Win_complete first"));
        }
        Ok(())
    }

    /// The group of MPI_Win_start.
    pub fn access(&self) -> MutexGuard<'_, Option<Box<[u32]>>> {
        self.access.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What MPI_Win_post began.
    pub fn exposure(&self) -> MutexGuard<'_, super::exposure::Exposure> {
        self.exposure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An error if some epoch is open (an empty one between two fences is not).
    pub fn are_over(&self) -> Result<(), Failure> {
        if self.is_all_locked() {
            return Err(Failure::Epoch("MPI_Win_lock_all needs its MPI_Win_unlock_all first"));
        }
        self.has_no_target()?;
        if self.exposure().is_open() {
            return Err(Failure::Epoch("MPI_Win_post needs its MPI_Win_wait first"));
        }
        Ok(())
    }
}

/// MPI_Win_fence; None leaves the call to the library.
pub fn fence(assert: c_int, win: Win) -> Option<c_int> {
    const KNOWN: c_int = abi::MODE_NOSTORE | abi::MODE_NOPUT | abi::MODE_NOPRECEDE | abi::MODE_NOSUCCEED | abi::MODE_NOCHECK;
    let window = window(win).filter(|_| assert & !KNOWN == 0)?;
    if let Err(failure) = window.epochs.are_over() {
        return Some(failure.raise("MPI_Win_fence", window));
    }
    window.flush_everywhere();
    order();
    window.barrier();
    let ends = assert & abi::MODE_NOSUCCEED != 0;
    window.epochs.all.store(if ends { NONE } else { FENCED }, Ordering::Relaxed);
    DONE
}

/// The window, in a passive target epoch (MPI-4.0 section 12.5.4). Otherwise the library reports the error.
fn passive(win: Win) -> Option<&'static Window> {
    let window = window(win).filter(|window| window.epochs.is_passive())?;
    window.look_around();
    Some(window)
}

/// MPI_Win_flush.
pub fn flush(target: c_int, win: Win) -> Answer {
    let Some(window) = window(win) else { return Answer::Foreign };
    let on_target = || window.has(target) && window.epochs.is_locked(target as u32);
    if target == abi::PROC_NULL && window.epochs.is_passive() || on_target() {
        if let Some(remote) = &window.remote {
            window.flush_among_spaces(remote, target);
        }
        order();
        return Answer::Done(abi::SUCCESS);
    }
    window.refuse(target)
}

/// MPI_Win_flush_local: what was done in this address space is complete already; of what was done in others it waits for more than it
/// needs to.
pub fn flush_local(target: c_int, win: Win) -> Answer {
    flush(target, win)
}

/// MPI_Win_flush_all; None leaves the call to the library.
pub fn flush_all(win: Win) -> Option<c_int> {
    passive(win)?.flush_everywhere();
    order();
    DONE
}

/// MPI_Win_flush_local_all.
pub fn flush_local_all(win: Win) -> Option<c_int> {
    flush_all(win)
}

/// MPI_Win_sync; None leaves the call to the library.
pub fn sync(win: Win) -> Option<c_int> {
    passive(win)?;
    order();
    DONE
}
