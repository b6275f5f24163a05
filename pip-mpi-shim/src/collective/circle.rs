//! A communicator's meeting as one of its ranks has it: which calls this rank has begun and is done with.

use super::between::{Between, Passage};
use super::meeting::{BODY, Card, DEPTH, Meeting};
use super::neighbors::Edges;
use crate::abi::Comm;
use crate::engine;
use crate::job::Job;
use crate::window::Guard;
use crate::waiting::{self, Gate};
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Which of those who meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    Nobody,
    One(u32),
    All,
}

/// This rank's part in the collective calls of a communicator.
#[derive(Debug)]
pub struct Circle {
    pub job: &'static Job,
    meeting: &'static Meeting,
    /// This rank in the communicator, and how many it has.
    pub rank: u32,
    pub size: u32,
    /// This rank's number at the meeting, and how many meet there: those of one address space.
    pub seat: u32,
    pub seats: u32,
    /// Calls at the meeting that make one of the communicator.
    pub calls: u64,
    /// The most bytes that are put on a card.
    pub room: usize,
    /// Bytes of a reduction that are worth a rank's while.
    pub slice_min: usize,
    /// How it goes on between address spaces, if the communicator has ranks in several.
    pub between: Option<Box<Between>>,
    /// Whether ranks count each other at gates instead of looking at all seats. The same for all of them.
    pub gated: bool,
    /// Whether this rank allocated the meeting.
    owner: bool,
    /// Ranks in MPI_COMM_WORLD of those who meet.
    world: Box<[u32]>,
    /// Number of the next call.
    next: AtomicU64,
    /// Calls below this one are done; of those behind, `early` has a bit each.
    settled: AtomicU64,
    early: AtomicU64,
    guard: Guard,
    /// What is known of [`Meeting::settled`].
    floor: AtomicU64,
    /// This rank's place in the communicator's topology, once somebody has asked.
    edges: OnceLock<Option<Arc<Edges>>>,
}

/// Meetings of this rank's that are gone here, but that others may still be leaving.
static RETIRED: Mutex<Vec<&'static Meeting>> = Mutex::new(Vec::new());

/// Frees meetings that nobody uses any more.
pub fn sweep() {
    RETIRED.lock().unwrap_or_else(PoisonError::into_inner).retain(|meeting| {
        let in_use = meeting.departed.load(Ordering::Acquire) < meeting.size();
        if !in_use {
            // SAFETY: all ranks have departed; it is this rank's, which alone keeps it here.
            unsafe { meeting.discard() };
        }
        in_use
    });
}

impl Drop for Circle {
    fn drop(&mut self) {
        self.meeting.departed.fetch_add(1, Ordering::Release);
        if self.owner {
            RETIRED.lock().unwrap_or_else(PoisonError::into_inner).push(self.meeting);
            sweep();
        }
    }
}

impl Circle {
    /// Rank `rank` of a communicator whose ranks meet at `meeting`, with their ranks in MPI_COMM_WORLD.
    pub fn new(job: &'static Job, meeting: &'static Meeting, owner: bool, rank: u32, world: Box<[u32]>) -> Circle {
        let size = meeting.size();
        Circle {
            job,
            meeting,
            rank,
            size,
            seat: rank,
            seats: size,
            calls: 1,
            room: BODY.min(meeting.rules.card_max as usize),
            slice_min: meeting.rules.slice_min as usize,
            between: None,
            gated: job.is_oversubscribed() || size > meeting.rules.flat_max,
            owner,
            world,
            next: AtomicU64::new(0),
            settled: AtomicU64::new(0),
            early: AtomicU64::new(0),
            guard: Guard::default(),
            floor: AtomicU64::new(0),
            edges: OnceLock::new(),
        }
    }

    /// The same for a communicator with ranks in several address spaces, those of this one meeting at `meeting`.
    pub fn spanning(job: &'static Job, meeting: &'static Meeting, owner: bool, between: Between) -> Circle {
        let world = between.here().iter().map(|&rank| between.world(rank)).collect();
        let (rank, size, room) = (between.rank, between.nodes.size(), between.room());
        let mut circle = Circle::new(job, meeting, owner, between.nodes.slot(rank), world);
        (circle.rank, circle.size, circle.room) = (rank, size, room);
        (circle.calls, circle.between) = (Passage::CALLS, Some(Box::new(between)));
        circle
    }

    /// This rank's neighbours; None if the communicator has no topology.
    pub fn edges(&self, comm: Comm) -> Option<Arc<Edges>> {
        self.edges.get_or_init(|| Edges::of(comm, self.rank).map(Arc::new)).clone()
    }

    /// The number of the first of `count` calls that begin. All ranks call in the same order (MPI-4.0 section 6.14).
    #[inline]
    pub fn draw(&self, count: u64) -> u64 {
        if engine::is_shared() {
            return self.next.fetch_add(count, Ordering::Relaxed);
        }
        let call = self.next.load(Ordering::Relaxed);
        self.next.store(call + count, Ordering::Relaxed);
        call
    }

    /// Whether this rank's seat for `call` is free. It keeps one seat less busy than there are: see [`DEPTH`].
    #[inline]
    pub fn may_arrive(&self, call: u64) -> bool {
        if call < DEPTH - 1 {
            return true;
        }
        if self.settled.load(Ordering::Acquire) + DEPTH < call + 2 {
            return false;
        }
        if self.gated {
            return self.meeting.is_vacant(call);
        }
        if self.floor.load(Ordering::Relaxed) + DEPTH > call {
            return true;
        }
        let floor = self.meeting.settled();
        self.floor.store(floor, Ordering::Relaxed);
        floor + DEPTH > call
    }

    /// Arrives at a call. `heard` needs this rank's card; `awaiting` waits until all have arrived.
    #[inline]
    pub fn arrive(&self, call: u64, heard: Whom, awaiting: Whom, fill: impl FnOnce(&mut Card)) {
        self.meeting.arrive(self.seat, call, fill);
        if self.gated {
            self.notify(heard);
            if self.meeting.count_arrival(self.seat, call) {
                self.open(call, false, awaiting);
            }
        } else {
            self.notify(if heard == Whom::Nobody { awaiting } else { heard });
        }
    }

    /// Whether those have arrived. `seen` is 0 at first and remembers how far the last look got.
    #[inline]
    pub fn have_arrived(&self, call: u64, whom: Whom, seen: &mut u32) -> bool {
        match whom {
            Whom::Nobody => true,
            Whom::One(rank) => self.meeting.has_arrived(rank, call),
            Whom::All if self.gated => self.meeting.have_arrived(call),
            Whom::All => {
                let all = self.see(seen, |rank| self.meeting.has_arrived(rank, call));
                if all {
                    // Who has arrived is done with the calls that had this seat and the next one before.
                    self.floor.fetch_max((call + 2).saturating_sub(DEPTH), Ordering::Relaxed);
                }
                all
            }
        }
    }

    /// Is done with a call: looks at no card and no buffer of a peer any more. `awaiting` waits until all are.
    #[inline]
    pub fn done(&self, call: u64, awaiting: Whom) {
        self.meeting.done(self.seat, call);
        self.settle(call);
        if self.gated {
            if self.meeting.count_done(self.seat, call) {
                self.open(call, true, awaiting);
            }
        } else {
            self.notify(awaiting);
        }
    }

    /// Whether those are done. `seen` as in [`Circle::have_arrived`].
    #[inline]
    pub fn are_done(&self, call: u64, whom: Whom, seen: &mut u32) -> bool {
        match whom {
            Whom::Nobody => true,
            Whom::One(rank) => self.meeting.is_done(rank, call),
            Whom::All if self.gated => self.meeting.are_done(call),
            Whom::All => self.see(seen, |rank| self.meeting.is_done(rank, call)),
        }
    }

    /// The card of a rank.
    ///
    /// # Safety
    /// [`Circle::have_arrived`] said that it is there, and this rank is not done with the call.
    #[inline]
    pub unsafe fn card(&self, rank: u32, call: u64) -> &Card {
        // SAFETY: the caller's promise.
        unsafe { self.meeting.card(rank, call) }
    }

    /// Where the first seat's card for a call is, and how many bytes from one to the next.
    #[inline]
    pub fn cards(&self, call: u64) -> (*const Card, usize) {
        self.meeting.cards_of(call)
    }

    /// The same for the table of a call.
    pub fn told_cards(&self, call: u64) -> (*const Card, usize) {
        (self.meeting.place(0, call).with(|card| card), size_of::<Card>())
    }

    /// The card of a rank of the communicator in the table of a call.
    ///
    /// # Safety
    /// The table is complete, and this rank is not done with the call.
    #[inline]
    pub unsafe fn told(&self, rank: u32, call: u64) -> &Card {
        // SAFETY: the table changes only when all are done with the call.
        self.meeting.place(rank, call).with(|card| unsafe { &*card })
    }

    /// Writes a card of the table of a call, in which nobody reads before it is complete.
    ///
    /// # Safety
    /// This rank alone writes there, and the call has a seat ([`Circle::may_arrive`]).
    pub unsafe fn tell(&self, rank: u32, call: u64, write: impl FnOnce(&mut Card)) {
        // SAFETY: everybody is done with the call that had this table before; the caller's promise.
        self.meeting.place(rank, call).with_mut(|card| write(unsafe { &mut *card }));
    }

    fn see(&self, seen: &mut u32, is_there: impl Fn(u32) -> bool) -> bool {
        while *seen < self.seats && is_there(*seen) {
            *seen += 1;
        }
        *seen == self.seats
    }

    fn settle(&self, call: u64) {
        if engine::is_shared() {
            self.guard.with(|| self.settle_alone(call));
        } else {
            self.settle_alone(call);
        }
    }

    fn settle_alone(&self, call: u64) {
        let mut settled = self.settled.load(Ordering::Relaxed);
        let mut early = self.early.load(Ordering::Relaxed);
        if call != settled {
            // At most DEPTH calls are under way.
            self.early.store(early | 1 << (call % 64), Ordering::Relaxed);
            return;
        }
        settled += 1;
        if early != 0 {
            while early >> (settled % 64) & 1 != 0 {
                early &= !(1 << (settled % 64));
                settled += 1;
            }
            self.early.store(early, Ordering::Relaxed);
        }
        self.settled.store(settled, Ordering::Release);
        self.meeting.settle(self.seat, settled);
    }

    /// The gate that opens when all have arrived at a call, or are done with it; None if they do not count each other.
    #[inline]
    pub fn gate(&self, call: u64, done: bool) -> Option<Gate<'_>> {
        self.gated.then(|| Gate::at(self.meeting.opening(call, done)))
    }

    /// Wakes those who sleep, since a gate has opened.
    fn open(&self, call: u64, done: bool, whom: Whom) {
        if whom != Whom::All {
            return self.notify(whom);
        }
        let others = self.world.iter().filter(|&&world| world != self.job.rank);
        waiting::open(self.job, self.meeting.opening(call, done), others.map(|&world| self.job.block(world)));
    }

    /// Wakes those who sleep.
    #[inline]
    fn notify(&self, whom: Whom) {
        let ring = |rank: u32| waiting::notify(self.job, self.job.block(self.world[rank as usize]));
        match whom {
            Whom::Nobody => {}
            Whom::One(rank) if rank == self.seat => {}
            Whom::One(rank) => ring(rank),
            Whom::All => (0..self.seats).filter(|&rank| rank != self.seat).for_each(ring),
        }
    }
}
