//! Yielding, barriers and locks among tasks.

use crate::caller::caller;
use crate::errno::{Errno, code};
use pip_core::barrier::Barrier;
use std::ffi::c_int;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// `pip_yield`
#[unsafe(no_mangle)]
pub extern "C" fn pip_yield(_flag: c_int) -> c_int {
    // SAFETY: cannot fail.
    unsafe { libc::sched_yield() }
}

/// Cores this process may use; asked once.
fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// `pip_barrier_init`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_barrier_init(barrier: *const Barrier, members: c_int) -> c_int {
    code(caller().and_then(|_| {
        // SAFETY: the C caller's barrier, or null.
        let barrier = unsafe { barrier.as_ref() }.ok_or(Errno::EINVAL)?;
        if barrier.init(members) { Ok(()) } else { Err(Errno::EINVAL) }
    }))
}

/// `pip_barrier_wait`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_barrier_wait(barrier: *const Barrier) -> c_int {
    code(caller().and_then(|_| {
        // SAFETY: the C caller's barrier, or null.
        unsafe { barrier.as_ref() }.ok_or(Errno::EINVAL)?.wait(cores());
        Ok(())
    }))
}

/// `pip_barrier_fin`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_barrier_fin(barrier: *const Barrier) -> c_int {
    code(caller().and_then(|_| {
        // SAFETY: the C caller's barrier, or null.
        let barrier = unsafe { barrier.as_ref() }.ok_or(Errno::EINVAL)?;
        if barrier.is_busy() { Err(Errno::EBUSY) } else { Ok(()) }
    }))
}

/// A lock that its owner may take again: the owner's kernel thread, and how often it took it.
fn lock([owner, depth]: &[AtomicU32; 2]) {
    let own = own_thread();
    while owner.load(Ordering::Relaxed) != own
        && owner.compare_exchange(0, own, Ordering::Acquire, Ordering::Relaxed).is_err()
    {
        // SAFETY: cannot fail.
        unsafe { libc::sched_yield() };
    }
    depth.fetch_add(1, Ordering::Relaxed);
}

fn unlock([owner, depth]: &[AtomicU32; 2]) {
    if owner.load(Ordering::Relaxed) == own_thread() && depth.fetch_sub(1, Ordering::Relaxed) == 1 {
        owner.store(0, Ordering::Release);
    }
}

fn own_thread() -> u32 {
    // SAFETY: cannot fail.
    unsafe { libc::gettid() as u32 }
}

static LIBC: [AtomicU32; 2] = [const { AtomicU32::new(0) }; 2];

/// `pip_libc_lock`
#[unsafe(no_mangle)]
pub extern "C" fn pip_libc_lock() {
    lock(&LIBC);
}

/// `pip_libc_unlock`
#[unsafe(no_mangle)]
pub extern "C" fn pip_libc_unlock() {
    unlock(&LIBC);
}

/// `pip_universal_lock`
#[unsafe(no_mangle)]
pub extern "C" fn pip_universal_lock() {
    if let Ok(caller) = caller() {
        lock(&caller.registry.universal);
    }
}

/// `pip_universal_unlock`
#[unsafe(no_mangle)]
pub extern "C" fn pip_universal_unlock() {
    if let Ok(caller) = caller() {
        unlock(&caller.registry.universal);
    }
}
