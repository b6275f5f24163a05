//! What the ranks of a window in one address space share besides its memory: a block in the memory of the first of them that all
//! of them write. It knows neither MPI nor how a rank waits.

use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

const MAGIC: u64 = u64::from_le_bytes(*b"PiP-win\0");
const VERSION: u32 = 2;

/// State of a window. Ranks have their own copies of the code, so the layout is fixed and checked.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct Header {
    magic: u64,
    version: u32,
    /// Ranks of the window, and those in this address space.
    size: u32,
    here: u32,
    seats: *const Seat,
    posts: *const AtomicU32,
    /// Address of the shared segment, once rank 0 has allocated it; see [`Header::announce`].
    segment: AtomicUsize,
    /// Ranks that have the window no more.
    pub departed: AtomicU32,
    /// Ranks that wait for a lock.
    pub waiters: AtomicU32,
    /// Arrivals at barriers, never reset: what is waited for grows with each barrier.
    pub arrivals: AtomicU64,
    /// Barriers of a window of several address spaces that this one may leave.
    pub released: AtomicU64,
    /// Ranks in an epoch of MPI_Win_lock_all.
    pub everywhere: AtomicU32,
    /// Exclusive locks that are held or wanted.
    pub exclusive: AtomicU32,
}

/// What belongs to one rank, as a target.
#[derive(Debug, Default)]
#[repr(C, align(128))]
pub struct Seat {
    pub lock: Lock,
    /// For operations that are not one instruction.
    pub guard: Guard,
    /// Access epochs of MPI_Win_start on this rank that were completed.
    pub completed: AtomicU64,
    /// 0 in atomic mode; in locked mode 1 more than small updates in a row. Written in the guard. See [`super::bulk`].
    pub locked: AtomicU32,
    /// The rank, plus 1, whose elements this rank works on by atomic instructions now.
    pub busy: AtomicU32,
}

// SAFETY: the pointers lead to atomics that live as long as the header.
unsafe impl Send for Header {}
// SAFETY: as above.
unsafe impl Sync for Header {}

/// The segment could not be allocated.
const FAILED: usize = 1;

impl Header {
    /// The state of a window of `size` ranks, of which so many are `here`; [`Header::discard`] frees it.
    pub fn new(size: u32, here: u32) -> &'static Header {
        let seats: &'static [Seat] = Vec::leak((0..size).map(|_| Seat::default()).collect());
        // Zeroed by the allocator, which touches no page of a large table.
        let posts = Vec::leak(vec![0u32; size as usize * size as usize]);
        Box::leak(Box::new(Header {
            magic: MAGIC,
            version: VERSION,
            size,
            here,
            seats: seats.as_ptr(),
            posts: posts.as_ptr().cast(),
            segment: AtomicUsize::new(0),
            departed: AtomicU32::new(0),
            waiters: AtomicU32::new(0),
            arrivals: AtomicU64::new(0),
            released: AtomicU64::new(0),
            everywhere: AtomicU32::new(0),
            exclusive: AtomicU32::new(0),
        }))
    }

    /// The header at an address that the first rank in this space of a window of `size` ranks has told.
    ///
    /// # Safety
    /// It was told with the making of this window.
    pub unsafe fn at(address: usize, size: u32) -> Option<&'static Header> {
        // SAFETY: the caller's promise; magic and version come first in all versions.
        let header = unsafe { (address as *const Header).as_ref() }?;
        (header.magic == MAGIC && header.version == VERSION && header.size == size).then_some(header)
    }

    /// Frees what [`Header::new`] allocated.
    ///
    /// # Safety
    /// The caller called `new`, and nobody uses the header any more.
    pub unsafe fn discard(&'static self) {
        let size = self.size as usize;
        // SAFETY: `new` leaked these with these lengths.
        unsafe {
            drop(Vec::from_raw_parts(self.seats.cast_mut(), size, size));
            drop(Vec::from_raw_parts(self.posts.cast_mut().cast::<u32>(), size * size, size * size));
            drop(Box::from_raw(core::ptr::from_ref(self).cast_mut()));
        }
    }

    /// Ranks of the window in this address space.
    pub fn here(&self) -> u32 {
        self.here
    }

    /// What belongs to `rank`.
    #[inline]
    pub fn seat(&self, rank: u32) -> &Seat {
        debug_assert!(rank < self.size);
        // SAFETY: there are `size` seats, and ranks were checked.
        unsafe { &*self.seats.add(rank as usize) }
    }

    /// How often `target` has posted an exposure epoch to `origin`.
    pub fn posts(&self, origin: u32, target: u32) -> &AtomicU32 {
        assert!(origin < self.size && target < self.size);
        // SAFETY: a row of `size` counters per origin.
        unsafe { &*self.posts.add(origin as usize * self.size as usize + target as usize) }
    }

    /// Rank 0: where the shared segment is; None if there is no memory.
    pub fn announce(&self, segment: Option<*mut u8>) {
        self.segment.store(segment.map_or(FAILED, |segment| segment as usize), Ordering::Release);
    }

    /// What rank 0 announced; the outer None while it has not.
    pub fn segment(&self) -> Option<Option<*mut u8>> {
        match self.segment.load(Ordering::Acquire) {
            0 => None,
            FAILED => Some(None),
            segment => Some(Some(segment as *mut u8)),
        }
    }
}

/// A lock that several may share or one may hold, without a queue.
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct Lock(AtomicU32);

const EXCLUSIVE: u32 = 1 << 31;

impl Lock {
    /// Takes the lock for one alone; false if somebody has it.
    pub fn try_exclusive(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
            && self.0.compare_exchange(0, EXCLUSIVE, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Takes a share of the lock; false if one has it alone.
    pub fn try_shared(&self) -> bool {
        let add = |held: u32| (held & EXCLUSIVE == 0).then_some(held + 1);
        self.0.fetch_update(Ordering::Acquire, Ordering::Relaxed, add).is_ok()
    }

    /// Gives back what [`Lock::try_exclusive`] took.
    pub fn release_exclusive(&self) {
        self.0.store(0, Ordering::SeqCst);
    }

    /// Gives back what [`Lock::try_shared`] took.
    pub fn release_shared(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Held for the length of one operation.
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct Guard(AtomicU32);

impl Guard {
    /// Runs `f` while nobody else is in this guard.
    pub fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        let mut tries = 0u32;
        while self.0.load(Ordering::Relaxed) != 0
            || self.0.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err()
        {
            tries += 1;
            if tries.is_multiple_of(128) {
                std::thread::yield_now(); // whoever holds it may have lost its core
            }
            core::hint::spin_loop();
        }
        let result = f();
        self.0.store(0, Ordering::Release);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_or_several_together() {
        let lock = Lock::default();
        assert!(lock.try_shared() && lock.try_shared() && !lock.try_exclusive());
        lock.release_shared();
        assert!(!lock.try_exclusive());
        lock.release_shared();
        assert!(lock.try_exclusive() && !lock.try_exclusive() && !lock.try_shared());
        lock.release_exclusive();
        assert!(lock.try_shared());
    }

    #[test]
    fn a_guard_lets_one_in() {
        let (guard, mut count) = (Guard::default(), 0u64);
        let at = core::ptr::from_mut(&mut count) as usize;
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        // SAFETY: the guard lets one thread at a time do this.
                        guard.with(|| unsafe { *(at as *mut u64) += 1 });
                    }
                });
            }
        });
        assert_eq!(count, 80_000);
    }

    #[test]
    fn a_header_is_known_by_its_size() {
        let header = Header::new(3, 3);
        let address = core::ptr::from_ref(header) as usize;
        // SAFETY: the header just made; nobody else has it.
        unsafe {
            assert!(Header::at(address, 3).is_some() && Header::at(address, 2).is_none());
            assert_eq!(header.segment(), None);
            header.announce(None);
            assert_eq!(header.segment(), Some(None));
            header.posts(2, 2).fetch_add(1, Ordering::Relaxed);
            header.seat(2).completed.fetch_add(1, Ordering::Relaxed);
            header.discard();
        }
    }
}
