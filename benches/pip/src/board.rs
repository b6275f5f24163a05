//! Shared memory through which a crew gets its orders and returns its times. Only plain words: tasks, processes and
//! threads all use it in the same way.

use crate::segment::CALLS;
use anyhow::{Context, Result, ensure};
use pip_core::barrier::Barrier;
use std::cell::UnsafeCell;
use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Workers of the largest crew.
pub const SEATS: usize = 16;

/// A count that could not be had.
pub const NOT_COUNTED: u64 = u64::MAX;

/// One word with a cache line (and the adjacent-line prefetcher's partner) of its own.
#[derive(Debug, Default)]
#[repr(C, align(128))]
pub struct Line(pub AtomicU64);

/// A futex with cache lines of its own.
#[derive(Debug, Default)]
#[repr(C, align(128))]
pub struct Baton(pub AtomicU32);

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
    /// The worker's thread.
    pub tid: AtomicU32,
    /// Cycles that each [`crate::segment::Call`] took when it was last made.
    pub laps: [AtomicU64; CALLS],
    /// Cycles of the last walk through memory, or of the last hand-overs.
    pub cycles: AtomicU64,
    /// Minor page faults of the last walk.
    pub faults: AtomicU64,
    /// Context switches, both kinds, during the last hand-overs.
    pub switches: AtomicU64,
    /// TLB misses during the last hand-overs, [`NOT_COUNTED`] if the machine does not tell.
    pub tlb_misses: AtomicU64,
    /// Size of the page tables of the worker's address space, in KiB.
    pub page_tables: AtomicU64,
    /// What went wrong, as [`crate::segment::Failure`] puts it; 0 is nothing.
    pub failure: AtomicU64,
}

/// What root and workers share.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct Board {
    /// Grows with every order; workers sleep on it.
    pub orders: AtomicU32,
    /// The order, a number of [`crate::order::Order`].
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
    /// PID of the process that measures; the name of its shared memory.
    pub owner: AtomicU32,
    /// How memory is shared, a number of [`crate::segment::Way`].
    pub way: AtomicU32,
    /// Size of the shared memory.
    pub bytes: AtomicU64,
    /// What the owner of memory hands to the others, where that has no name: a pointer or XPMEM's id.
    pub handle: AtomicU64,
    /// Pages to read after each hand-over.
    pub pages: AtomicU64,
    /// For the hand-over on one core: whose turn it is.
    pub baton: Baton,
    /// The barrier of the C library.
    pub pthread_barrier: UnsafeCell<libc::pthread_barrier_t>,
    /// The workers' places.
    pub seats: [Seat; SEATS],
}

/// A board in memory that processes map too: a file without a name.
#[derive(Debug)]
pub struct Shared {
    board: *mut Board,
    file: File,
}

impl Shared {
    /// A board for `members` workers.
    pub fn new(members: usize) -> Result<Shared> {
        ensure!((1..=SEATS).contains(&members), "a crew of {members}: give 1 to {SEATS}");
        // SAFETY: a constant name; the descriptor is new and nobody else's.
        let file = unsafe {
            let descriptor = libc::memfd_create(c"bench-pip".as_ptr(), libc::MFD_CLOEXEC);
            ensure!(descriptor >= 0, "no shared memory: {}", std::io::Error::last_os_error());
            File::from_raw_fd(descriptor)
        };
        file.set_len(size_of::<Board>() as u64).context("no shared memory")?;
        let shared = Shared { board: map(&file)?, file };
        let board = shared.board();
        board.members.store(members as u32, Ordering::Relaxed);
        board.barrier.init(members as i32);
        board.owner.store(std::process::id(), Ordering::Relaxed);
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
        unsafe { &*self.board }
    }

    /// The file, for processes to map.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Address of the board, for workers, who end before it is dropped.
    pub fn address(&self) -> usize {
        self.board as usize
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: `new` mapped it; the crew that owns this has ended its workers.
        unsafe { libc::munmap(self.board.cast(), size_of::<Board>()) };
    }
}

/// Maps the board that is in `file`.
pub fn map(file: &File) -> Result<*mut Board> {
    let (prot, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
    // SAFETY: new memory, at an address of the kernel's choice.
    let memory = unsafe { libc::mmap(std::ptr::null_mut(), size_of::<Board>(), prot, flags, file.as_raw_fd(), 0) };
    ensure!(memory != libc::MAP_FAILED, "cannot map shared memory: {}", std::io::Error::last_os_error());
    Ok(memory.cast())
}

/// Nanoseconds of the monotonic clock, which all processes read alike.
pub fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: fills a local.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Sleeps while `word` is `value`, at most 100 ms. Not private: processes have address spaces
/// of their own.
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
