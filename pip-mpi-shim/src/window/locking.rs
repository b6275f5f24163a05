//! Passive target epochs (MPI-4.0 section 12.5.3). Exclusive locks and MPI_Win_lock_all announce themselves before they look for
//! each other, so one of the two sees the other; whoever does steps back.

use super::epochs::{EXCLUSIVE, SHARED, STARTED, UNCHECKED};
use super::failure::Failure;
use super::target::Answer;
use super::{DONE, Window, order, window};
use crate::abi::{self, Win};
use crate::completion;
use core::ffi::c_int;
use core::sync::atomic::{AtomicU32, Ordering};

impl Window {
    /// Whether this rank has locked a target for itself alone.
    #[inline]
    pub(super) fn is_alone_at(&self, target: u32) -> bool {
        self.epochs.target(target) == EXCLUSIVE
    }

    /// Waits until `take` succeeds, which depends on what others hold.
    pub(super) fn acquire(&self, mut take: impl FnMut() -> bool) {
        if take() {
            return;
        }
        self.header.waiters.fetch_add(1, Ordering::SeqCst);
        completion::wait_until(None, take);
        self.header.waiters.fetch_sub(1, Ordering::Relaxed);
    }

    /// After something was released.
    fn wake_waiters(&self) {
        if self.header.waiters.load(Ordering::SeqCst) > 0 {
            self.notify_all();
        }
    }

    /// Announces an epoch of one kind unless there are some of the other; false after stepping back.
    pub(super) fn announce(&self, own: &AtomicU32, others: &AtomicU32) -> bool {
        if others.load(Ordering::Relaxed) > 0 {
            return false;
        }
        own.fetch_add(1, Ordering::SeqCst);
        if others.load(Ordering::SeqCst) == 0 {
            return true;
        }
        self.withdraw(own);
        false
    }

    /// The other way round.
    pub(super) fn withdraw(&self, own: &AtomicU32) {
        own.fetch_sub(1, Ordering::SeqCst);
        self.wake_waiters();
    }

    /// Gives the lock of a target in this address space back, which was held as `state` says.
    pub(super) fn release(&self, target: u32, state: u8) {
        let (header, lock) = (self.header, &self.header.seat(target).lock);
        match state {
            SHARED => lock.release_shared(),
            EXCLUSIVE => {
                lock.release_exclusive();
                header.exclusive.fetch_sub(1, Ordering::SeqCst);
            }
            _ => return,
        }
        self.wake_waiters();
    }
}

/// MPI_Win_lock.
pub fn lock(kind: c_int, target: c_int, assert: c_int, win: Win) -> Answer {
    let Some(window) = window(win) else { return Answer::Foreign };
    let right = [abi::LOCK_SHARED, abi::LOCK_EXCLUSIVE].contains(&kind) && assert & !abi::MODE_NOCHECK == 0;
    if right && target == abi::PROC_NULL {
        return Answer::Done(abi::SUCCESS);
    }
    if !right || !window.has(target) {
        return window.refuse(target);
    }
    if let Err(failure) = may_lock(window, target as u32) {
        return Answer::Done(failure.raise("MPI_Win_lock", window));
    }
    let (target, header) = (target as u32, window.header);
    window.look_around();
    let lock = &header.seat(target).lock;
    let state = if assert & abi::MODE_NOCHECK != 0 {
        UNCHECKED
    } else if let Some(remote) = window.away(target) {
        window.lock_away(remote, target, kind == abi::LOCK_EXCLUSIVE);
        if kind == abi::LOCK_EXCLUSIVE { EXCLUSIVE } else { SHARED }
    } else if kind == abi::LOCK_SHARED {
        window.acquire(|| lock.try_shared());
        SHARED
    } else {
        window.acquire(|| window.announce(&header.exclusive, &header.everywhere));
        window.acquire(|| lock.try_exclusive());
        EXCLUSIVE
    };
    window.epochs.set_target(target, state);
    window.epochs.locked.fetch_add(1, Ordering::Relaxed);
    order();
    Answer::Done(abi::SUCCESS)
}

fn may_lock(window: &Window, target: u32) -> Result<(), Failure> {
    if window.epochs.access().is_some() {
        return Err(Failure::Epoch("MPI_Win_start needs its MPI_Win_complete first"));
    }
    if window.epochs.target(target) > STARTED {
        return Err(Failure::Epoch("the target is locked already; MPI_Win_unlock it first"));
    }
    window.epochs.leave_unused_fence()
}

/// MPI_Win_unlock; None leaves the call to the library.
pub fn unlock(target: c_int, win: Win) -> Option<c_int> {
    let window = window(win)?;
    if target == abi::PROC_NULL {
        return DONE;
    }
    let state = window.has(target).then(|| window.epochs.target(target as u32))?;
    if state <= STARTED {
        return Some(Failure::Epoch("the target is not locked by this rank").raise("MPI_Win_unlock", window));
    }
    let (target, remote) = (target as u32, window.away(target as u32));
    if let Some(remote) = remote {
        window.flush_away(remote, target);
    }
    order();
    window.epochs.close_target(target);
    window.epochs.locked.fetch_sub(1, Ordering::Relaxed);
    match remote {
        Some(remote) if state != UNCHECKED => window.unlock_away(remote, target, state),
        Some(_) => {}
        None => window.release(target, state),
    }
    window.look_around();
    DONE
}

/// MPI_Win_lock_all; None leaves the call to the library.
pub fn lock_all(assert: c_int, win: Win) -> Option<c_int> {
    let window = window(win).filter(|_| assert & !abi::MODE_NOCHECK == 0)?;
    if let Err(failure) = window.epochs.leave_unused_fence().and_then(|()| window.epochs.has_no_target()) {
        return Some(failure.raise("MPI_Win_lock_all", window));
    }
    let header = window.header;
    match &window.remote {
        _ if assert & abi::MODE_NOCHECK != 0 => {}
        Some(remote) => window.lock_spaces(remote),
        None => window.acquire(|| window.announce(&header.everywhere, &header.exclusive)),
    }
    window.epochs.lock_all(assert & abi::MODE_NOCHECK != 0);
    order();
    DONE
}

/// MPI_Win_unlock_all; None leaves the call to the library.
pub fn unlock_all(win: Win) -> Option<c_int> {
    let window = window(win).filter(|window| window.epochs.is_all_locked())?;
    window.flush_everywhere();
    order();
    if window.epochs.unlock_all() {
        match &window.remote {
            Some(remote) => window.unlock_spaces(remote),
            None => window.withdraw(&window.header.everywhere),
        }
    }
    window.look_around();
    DONE
}
