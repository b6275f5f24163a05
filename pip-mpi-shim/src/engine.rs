//! The state of this rank, and how its threads get at it.
//!
//! It is divided into *lanes*. All messages of a communicator take the same lane, with mailboxes, queues and requests of its
//! own, so that threads that use different communicators do not wait for each other. A job in which no rank asked for
//! MPI_THREAD_MULTIPLE has one lane.

use crate::collective;
use crate::contexts;
use crate::job::Job;
use crate::mailbox::Mailboxes;
use crate::offnode::Channel;
use crate::queues::QueueTable;
use crate::rendezvous::{Landing, Rendezvous};
use crate::request::{Handle, Index, Kind, Parked, Slab};
use crate::stats::Stats;
use crate::tunables::{self, Values};
use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicU32, Ordering};

/// Lanes of a job with threads.
pub const LANES: usize = 8;

/// Number of a lane, below [`LANES`].
pub type Lane = u32;

/// Everything the shim knows in one lane. What it does is spread over the modules: `outgoing`, `incoming`.
#[derive(Debug)]
pub struct Engine {
    pub lane: Lane,
    pub job: &'static Job,
    pub requests: Slab,
    pub stats: Stats,
    pub tunables: &'static Values,
    pub mail: Mailboxes,
    pub queues: QueueTable,
    /// For receives that have no slot.
    pub landing: Box<Landing>,
    /// Receives posted in all queues.
    pub posted: usize,
    /// Receives that the program freed before they were complete.
    pub detached: Vec<Index>,
    /// Offers of this rank that are not complete: its peers are busy with them.
    pub offering: usize,
    /// Offers of this rank so far.
    pub offers_made: u64,
    /// Receives whose senders copy the second half.
    pub halved: Vec<Index>,
    /// Offers that outlive their requests.
    pub parked: Vec<Parked>,
    /// The way to other address spaces; None if there are none.
    pub offnode: Option<Box<Channel>>,
    /// Memory of offers to use again.
    #[allow(clippy::vec_box)] // an offer must not move
    pub offers: Vec<Box<Rendezvous>>,
}

#[repr(align(128))]
struct Place {
    engine: UnsafeCell<Option<Engine>>,
    lock: AtomicU32,
}

// SAFETY: an engine is reached through `with` only, which locks whenever there may be two threads.
unsafe impl Sync for Place {}

static PLACES: [Place; LANES] = [const { Place { engine: UnsafeCell::new(None), lock: AtomicU32::new(0) } }; LANES];
/// Lanes in use.
static COUNT: AtomicU32 = AtomicU32::new(0);
/// Who uses the engines.
static USERS: AtomicU32 = AtomicU32::new(NOBODY);
/// Before MPI_Init and after MPI_Finalize, and in processes that the shim has nothing to do with.
const NOBODY: u32 = 0;
/// One thread at a time, as programs below MPI_THREAD_MULTIPLE promise.
const ONE: u32 = 1;
/// Several threads, which must lock: MPI_THREAD_MULTIPLE, or a thread that makes progress in the background.
const SEVERAL: u32 = 2;

/// Puts the engines in place. Called once, by the thread that initialises MPI.
pub fn install(job: &'static Job, threads: bool) {
    for lane in 0..job.lanes {
        let engine = Engine {
            lane,
            requests: Slab::default(),
            stats: Stats::default(),
            tunables: tunables::get(),
            mail: Mailboxes::new(job, lane),
            queues: QueueTable::default(),
            landing: Box::default(),
            posted: 0,
            detached: Vec::new(),
            offering: 0,
            offers_made: 0,
            halved: Vec::new(),
            parked: Vec::new(),
            offnode: if job.is_spread() { Channel::new(lane) } else { None },
            offers: Vec::new(),
            job,
        };
        // SAFETY: nobody uses the engines before they are installed.
        unsafe { *PLACES[lane as usize].engine.get() = Some(engine) };
    }
    COUNT.store(job.lanes, Ordering::Release);
    USERS.store(if threads { SEVERAL } else { ONE }, Ordering::Release);
}

/// After this all calls go to the MPI library. What peers may still read stays.
pub fn retire() {
    USERS.store(NOBODY, Ordering::Release);
}

/// The lane of the messages of communicator `context`.
pub fn lane_of(context: u32, lanes: u32) -> Lane {
    match context {
        contexts::WORLD => 0,
        other => other % lanes,
    }
}

/// Number of lanes in use.
#[inline]
pub fn lanes() -> u32 {
    COUNT.load(Ordering::Relaxed)
}

/// Says whether several threads may use an engine from now on; returns what held before.
pub fn set_shared(shared: bool) -> bool {
    USERS.swap(if shared { SEVERAL } else { ONE }, Ordering::AcqRel) == SEVERAL
}

/// Whether several threads may use an engine.
#[inline]
pub fn is_shared() -> bool {
    USERS.load(Ordering::Acquire) == SEVERAL
}

/// Whether the shim answers calls.
pub fn is_active() -> bool {
    USERS.load(Ordering::Acquire) != NOBODY
}

/// The engine of a lane, for one thread at a time.
#[derive(Debug)]
pub struct Access {
    engine: &'static mut Engine,
    /// The lock to open afterwards.
    lock: Option<&'static AtomicU32>,
}

impl Deref for Access {
    type Target = Engine;
    #[inline(always)]
    fn deref(&self) -> &Engine {
        self.engine
    }
}

impl DerefMut for Access {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Engine {
        self.engine
    }
}

impl Drop for Access {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(lock) = self.lock {
            lock.store(0, Ordering::Release);
        }
    }
}

/// The engine of a lane; None if the shim has nothing to do in this process. While it is held nothing may be called in the
/// MPI library that comes back to the shim.
#[inline(always)]
pub fn enter(lane: Lane) -> Option<Access> {
    let place = &PLACES[lane as usize % LANES];
    let users = USERS.load(Ordering::Acquire);
    if users == NOBODY {
        return None;
    }
    if users == SEVERAL {
        lock(place);
    }
    // SAFETY: we hold the lock; or the program is below MPI_THREAD_MULTIPLE and promises one call at a time.
    let engine = unsafe { &mut *place.engine.get() }.as_mut()?;
    Some(Access { engine, lock: (users == SEVERAL).then_some(&place.lock) })
}

/// Runs `f` on the engine of a lane, as [`enter`] gives it.
#[inline(always)]
pub fn with<R>(lane: Lane, f: impl FnOnce(&mut Engine) -> R) -> Option<R> {
    enter(lane).map(|mut engine| f(&mut engine))
}

/// Runs `f` on the engine of every lane, one after the other.
#[inline]
pub fn each(mut f: impl FnMut(&mut Engine)) {
    for lane in 0..lanes() {
        with(lane, &mut f);
    }
}

/// Takes all mail of all lanes, and steps collective calls; true if something came of it.
#[inline]
pub fn progress() -> bool {
    let mut any = false;
    each(|engine| any |= engine.progress());
    any | collective::progress()
}

#[cold]
fn lock(place: &Place) {
    while place.lock.compare_exchange_weak(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
        std::thread::yield_now();
    }
}

impl Engine {
    /// The handle of the request in slot `index`.
    #[inline]
    pub fn handle(&self, index: Index) -> Handle {
        Handle { lane: self.lane, index }
    }

    /// Whether the request in slot `index` is complete.
    #[inline]
    pub fn is_complete(&mut self, index: Index) -> bool {
        let Some(request) = self.requests.get(index) else { return true };
        match request.kind {
            Kind::Both(send, receive) => self.is_complete(send) && self.is_complete(receive),
            _ => request.is_complete(),
        }
    }
}
