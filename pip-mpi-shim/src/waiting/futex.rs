//! The system calls behind sleeping and waking. All words live as long as the address space; private futexes are keyed by it,
//! and all tasks share it.

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// Sleeps until the word is woken, unless it is no longer `seen`; at most for `limit`.
pub fn wait(word: &AtomicU32, seen: u32, limit: Duration) {
    let limit = libc::timespec { tv_sec: limit.as_secs() as i64, tv_nsec: i64::from(limit.subsec_nanos()) };
    let operation = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: the word is there, the time is a local.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, seen, &raw const limit) };
}

/// Wakes all that sleep on the word at this address.
pub fn wake(word: *const u32) {
    // SAFETY: the kernel takes the address for a key; it does not read there.
    unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, i32::MAX) };
}

/// The half of a counter that changes with every step of one.
pub fn low_half(counter: *const AtomicU64) -> *const u32 {
    const { assert!(cfg!(target_endian = "little")) };
    counter.cast()
}

// linux/futex.h
const FUTEX2_SIZE_U32: u32 = 2;

/// struct futex_waitv.
#[repr(C)]
struct Waiter {
    value: u64,
    address: u64,
    flags: u32,
    reserved: u32,
}

impl Waiter {
    fn new(address: *const u32, value: u32) -> Waiter {
        let flags = FUTEX2_SIZE_U32 | libc::FUTEX_PRIVATE_FLAG as u32;
        Waiter { value: u64::from(value), address: address.expose_provenance() as u64, flags, reserved: 0 }
    }
}

/// Whether this kernel has no futex_waitv(2): it came with Linux 5.16.
static MISSING: AtomicBool = AtomicBool::new(false);

/// Whether [`wait_for_either`] can be had.
pub fn can_wait_for_either() -> bool {
    !MISSING.load(Ordering::Relaxed)
}

/// As [`wait`], on a word and the low half of a counter. Returns at once where the kernel cannot do it.
pub fn wait_for_either(word: &AtomicU32, seen: u32, counter: &AtomicU64, count: u64, limit: Duration) {
    let waiters = [Waiter::new(word.as_ptr(), seen), Waiter::new(low_half(counter), count as u32)];
    let mut until = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: words, list and time are there.
    unsafe {
        libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut until);
        let nanoseconds = until.tv_nsec + i64::from(limit.subsec_nanos());
        until.tv_sec += limit.as_secs() as i64 + nanoseconds / 1_000_000_000;
        until.tv_nsec = nanoseconds % 1_000_000_000;
        let (list, count) = (waiters.as_ptr(), waiters.len());
        let result = libc::syscall(libc::SYS_futex_waitv, list, count, 0, &raw const until, libc::CLOCK_MONOTONIC);
        if result < 0 && *libc::__errno_location() == libc::ENOSYS {
            MISSING.store(true, Ordering::Relaxed);
        }
    }
}
