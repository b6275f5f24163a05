//! Shared memory through which a crew gets its orders and returns its times. Only plain words: tasks, forked processes and
//! threads all use it in the same way.

use anyhow::{Result, ensure};
use pip_core::barrier::Barrier;
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Workers of the largest crew.
pub const SEATS: usize = 16;

/// One word with a cache line (and the adjacent-line prefetcher's partner) of its own.
#[derive(Debug, Default)]
#[repr(C, align(128))]
pub struct Line(pub AtomicU64);

/// A worker's place.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct Seat {
    /// Position among the crew.
    pub number: AtomicU32,
    /// When the worker began the last order, in nanoseconds of the monotonic clock.
    pub start: AtomicU64,
    /// When it was done.
    pub end: AtomicU64,
}

/// What root and workers share.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct Board {
    /// Grows with every order; workers sleep on it.
    pub orders: AtomicU32,
    /// The order, a number of [`crate::worker::Order`].
    pub order: AtomicU32,
    /// How often to do it.
    pub times: AtomicU64,
    /// Number of workers.
    pub members: AtomicU32,
    /// How many of them are done; the one who gave the order sleeps on it.
    pub done: AtomicU32,
    /// For the hand-off: whose turn it is.
    pub turn: Line,
    _apart: Line,
    /// The barrier of PiP.
    pub barrier: Barrier,
    _apart_too: Line,
    /// The barrier of the C library.
    pub pthread_barrier: UnsafeCell<libc::pthread_barrier_t>,
    /// The workers' places.
    pub seats: [Seat; SEATS],
}

/// A board in memory that forked processes share too.
#[derive(Debug)]
pub struct Shared(*mut Board);

impl Shared {
    /// A board for `members` workers.
    pub fn new(members: usize) -> Result<Shared> {
        ensure!((1..=SEATS).contains(&members), "a crew of {members}: give 1 to {SEATS}");
        let (prot, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: new memory.
        let memory = unsafe { libc::mmap(std::ptr::null_mut(), size_of::<Board>(), prot, flags, -1, 0) };
        ensure!(memory != libc::MAP_FAILED, "no shared memory: {}", std::io::Error::last_os_error());
        let shared = Shared(memory.cast());
        let board = shared.board();
        board.members.store(members as u32, Ordering::Relaxed);
        board.barrier.init(members as i32);
        for (number, seat) in board.seats.iter().enumerate() {
            seat.number.store(number as u32, Ordering::Relaxed);
        }
        // SAFETY: all-zero is a valid attribute to initialise; the barrier is in zeroed memory nobody else knows yet.
        let result = unsafe {
            let mut attribute: libc::pthread_barrierattr_t = std::mem::zeroed();
            libc::pthread_barrierattr_init(&mut attribute);
            libc::pthread_barrierattr_setpshared(&mut attribute, libc::PTHREAD_PROCESS_SHARED);
            libc::pthread_barrier_init(board.pthread_barrier.get(), &attribute, members as u32)
        };
        ensure!(result == 0, "pthread_barrier_init: {}", std::io::Error::from_raw_os_error(result));
        Ok(shared)
    }

    /// The board.
    pub fn board(&self) -> &Board {
        // SAFETY: mapped until the drop; zeroed memory is a valid board.
        unsafe { &*self.0 }
    }

    /// Address of the board, for workers, who end before it is dropped.
    pub fn address(&self) -> usize {
        self.0 as usize
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: `new` mapped it; the crew that owns this has ended its workers.
        unsafe { libc::munmap(self.0.cast(), size_of::<Board>()) };
    }
}

/// Nanoseconds of the monotonic clock, which all processes read alike.
pub fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: fills a local.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Sleeps while `word` is `value`, at most 100 ms. Not private: forked processes have address
/// spaces of their own.
pub fn sleep_on(word: &AtomicU32, value: u32) {
    let limit = libc::timespec { tv_sec: 0, tv_nsec: 100_000_000 };
    // SAFETY: the word is mapped; the kernel only reads it and the limit.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, value, &raw const limit) };
}

/// Wakes all who sleep on `word`.
pub fn wake(word: &AtomicU32) {
    // SAFETY: the address only names the sleepers.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, i32::MAX) };
}
