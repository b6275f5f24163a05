//! Numbers for communicators. Ranks that create a communicator together agree on a number by a collective call of the MPI
//! library; only MPI_Comm_idup must not wait for its peers, so its number comes from a table: the first rank of a call
//! draws one, the others find it under the parent's context and the number of the call.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU32, Ordering};

/// MPI_COMM_WORLD's context, and MPI_COMM_SELF's of every rank.
pub const WORLD: u32 = 0;
pub const SELF: u32 = 1;

#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct Pending {
    parent: u32,
    call: u32,
    context: u32,
    /// Ranks that have not asked yet; 0 for a free place.
    left: u32,
    meeting: usize,
}

/// What the ranks that duplicate a communicator agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Child {
    pub context: u32,
    /// Address of the place where they meet for collective operations, and whether this rank has made it.
    pub meeting: usize,
    pub made: bool,
}

const PLACES: usize = 256;

/// A communicator of which some ranks of this space have not asked for their meeting yet; a free place if none has not.
#[derive(Debug)]
#[repr(C)]
struct Part {
    context: u32,
    left: u32,
    meeting: usize,
    next: *mut Part,
}

/// Shared by all ranks; rank 0's is used.
#[derive(Debug)]
#[repr(C)]
pub struct Contexts {
    drawn: AtomicU32,
    lock: AtomicU32,
    pending: UnsafeCell<[Pending; PLACES]>,
    /// As many as there ever were at a time: a rank may use a communicator much later than others do.
    parts: UnsafeCell<*mut Part>,
}

// SAFETY: `pending` and `parts` are touched under `lock` only.
unsafe impl Sync for Contexts {}
// SAFETY: plain integers, and places that stay for good.
unsafe impl Send for Contexts {}

impl Default for Contexts {
    fn default() -> Self {
        let free = Pending { parent: 0, call: 0, context: 0, left: 0, meeting: 0 };
        Contexts {
            drawn: AtomicU32::new(SELF + 1),
            lock: AtomicU32::new(0),
            pending: UnsafeCell::new([free; PLACES]),
            parts: UnsafeCell::new(core::ptr::null_mut()),
        }
    }
}

impl Contexts {
    /// A number that no communicator of the job has.
    pub fn draw(&self) -> u32 {
        self.drawn.fetch_add(1, Ordering::Relaxed)
    }

    /// The number of the child that the `call`-th MPI_Comm_idup of `parent` makes; each of the `size` ranks asks once.
    /// The first lets `make` make a meeting. None while more than 256 such calls wait for some of their ranks.
    pub fn of_idup(&self, parent: u32, call: u32, size: u32, make: impl FnOnce() -> usize) -> Option<Child> {
        // SAFETY: we hold the lock.
        self.locked(|| find(unsafe { &mut *self.pending.get() }, parent, call, size, || (self.draw(), make())))
    }

    /// The meeting of the `here` ranks of this space in the communicator with number `context`, which has ranks in others; each
    /// of them asks once, and the first lets `make` make it. Also whether this rank has.
    pub fn of_part(&self, context: u32, here: u32, make: impl FnOnce() -> usize) -> (usize, bool) {
        self.locked(|| {
            // SAFETY: we hold the lock; places stay for good.
            let (first, mut next) = unsafe { (&mut *self.parts.get(), *self.parts.get()) };
            let mut free = None;
            // SAFETY: as above.
            while let Some(part) = unsafe { next.as_mut() } {
                if part.left > 0 && part.context == context {
                    part.left -= 1;
                    return (part.meeting, false);
                }
                next = part.next;
                free = (part.left == 0).then_some(core::ptr::from_mut(part)).or(free);
            }
            let meeting = make();
            let place = free.unwrap_or_else(|| {
                let fresh = Box::leak(Box::new(Part { context, left: 0, meeting, next: *first }));
                *first = fresh;
                fresh
            });
            // SAFETY: as above.
            unsafe { ((*place).context, (*place).left, (*place).meeting) = (context, here - 1, meeting) };
            (meeting, true)
        })
    }

    fn locked<R>(&self, f: impl FnOnce() -> R) -> R {
        while self.lock.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
            std::thread::yield_now();
        }
        let result = f();
        self.lock.store(0, Ordering::Release);
        result
    }
}

fn find(
    table: &mut [Pending; PLACES],
    parent: u32,
    call: u32,
    size: u32,
    draw: impl FnOnce() -> (u32, usize),
) -> Option<Child> {
    if let Some(place) = table.iter_mut().find(|p| p.left > 0 && p.parent == parent && p.call == call) {
        place.left -= 1;
        return Some(Child { context: place.context, meeting: place.meeting, made: false });
    }
    let place = table.iter_mut().find(|p| p.left == 0)?;
    let (context, meeting) = draw();
    *place = Pending { parent, call, context, left: size - 1, meeting };
    Some(Child { context, meeting, made: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_idup(contexts: &Contexts, parent: u32, call: u32, size: u32) -> Option<u32> {
        contexts.of_idup(parent, call, size, || call as usize).map(|child| {
            assert_eq!(child.meeting, call as usize);
            child.context
        })
    }

    #[test]
    fn ranks_of_one_idup_agree_and_calls_differ() {
        let contexts = Contexts::default();
        let first = of_idup(&contexts, 0, 1, 3).unwrap();
        let second = of_idup(&contexts, 0, 2, 3).unwrap();
        assert_ne!(first, second);
        assert_eq!([of_idup(&contexts, 0, 2, 3), of_idup(&contexts, 0, 1, 3)], [Some(second), Some(first)]);
        assert_eq!([of_idup(&contexts, 0, 1, 3), of_idup(&contexts, 0, 2, 3)], [Some(first), Some(second)]);
        assert_ne!(of_idup(&contexts, 0, 1, 3), Some(first), "all have asked: the place was given back");
    }

    #[test]
    fn ranks_of_one_space_find_one_meeting() {
        let contexts = Contexts::default();
        let never = || panic!("it was made");
        for round in 0..3 {
            // None has been asked for by all.
            (0..600).for_each(|context| {
                assert_eq!(contexts.of_part(context, 3, || context as usize), (context as usize, true))
            });
            (0..600).rev().for_each(|context| {
                assert_eq!(contexts.of_part(context, 3, never), (context as usize, false), "{round}");
                assert_eq!(contexts.of_part(context, 3, never), (context as usize, false));
            });
        }
        assert_eq!(contexts.of_part(7, 1, || 70), (70, true), "alone");
        assert_eq!(contexts.of_part(7, 1, || 71), (71, true));
    }

    #[test]
    fn a_full_table_is_said_to_be_full() {
        let contexts = Contexts::default();
        (0..PLACES as u32).for_each(|call| assert!(of_idup(&contexts, 7, call, 2).is_some()));
        assert_eq!(of_idup(&contexts, 7, 9999, 2), None);
        assert!(of_idup(&contexts, 7, 0, 2).is_some());
        assert!(of_idup(&contexts, 7, 9999, 2).is_some());
    }
}
