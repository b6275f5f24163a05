//! The state of this rank, and how its threads get at it.

use crate::communicator::Table;
use crate::job::Job;
use crate::mailbox::Mailboxes;
use crate::matching::Queues;
use crate::rendezvous::Rendezvous;
use crate::request::{Index, Kind, Parked, Request, Slab, Unexpected};
use crate::stats::Stats;
use crate::tunables::{self, Values};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Everything the shim knows in this rank. What it does is spread over the modules: `outgoing`, `incoming`.
#[derive(Debug)]
pub struct Engine {
    pub job: &'static Job,
    pub comms: Table,
    pub requests: Slab,
    pub stats: Stats,
    pub tunables: &'static Values,
    pub mail: Mailboxes,
    /// By communicator context.
    queues: Vec<Queues<Index, Unexpected>>,
    /// Receives posted in all queues.
    pub posted: usize,
    /// Receives that the program freed before they were complete.
    pub detached: Vec<Index>,
    /// Offers that outlive their requests.
    pub parked: Vec<Parked>,
}

struct Global {
    engine: UnsafeCell<Option<Engine>>,
    /// Whether threads must lock: MPI_THREAD_MULTIPLE, or a thread that makes progress in the background.
    shared: AtomicBool,
    lock: AtomicU32,
}

// SAFETY: the engine is reached through `with` only, which locks whenever there may be two threads.
unsafe impl Sync for Global {}

static GLOBAL: Global =
    Global { engine: UnsafeCell::new(None), shared: AtomicBool::new(false), lock: AtomicU32::new(0) };

/// Puts the engine in place. Called once, by the thread that initialises MPI.
pub fn install(job: &'static Job, threads: bool) {
    let engine = Engine {
        comms: Table::new(job),
        requests: Slab::default(),
        stats: Stats::default(),
        tunables: tunables::get(),
        mail: Mailboxes::new(job.size()),
        queues: Vec::new(),
        posted: 0,
        detached: Vec::new(),
        parked: Vec::new(),
        job,
    };
    // SAFETY: nobody uses the engine before it is installed.
    unsafe { *GLOBAL.engine.get() = Some(engine) };
    GLOBAL.shared.store(threads, Ordering::Release);
}

/// Says whether several threads may use the engine from now on; returns what held before.
pub fn set_shared(shared: bool) -> bool {
    GLOBAL.shared.swap(shared, Ordering::AcqRel)
}

/// Whether several threads may use the engine.
#[inline]
pub fn is_shared() -> bool {
    GLOBAL.shared.load(Ordering::Acquire)
}

/// Runs `f` on the engine; None if the shim has nothing to do in this process. `f` must not call the MPI library in ways
/// that come back to the shim.
#[inline(always)]
pub fn with<R>(f: impl FnOnce(&mut Engine) -> R) -> Option<R> {
    if is_shared() {
        lock();
        // SAFETY: we hold the lock.
        let result = unsafe { &mut *GLOBAL.engine.get() }.as_mut().map(f);
        GLOBAL.lock.store(0, Ordering::Release);
        return result;
    }
    // SAFETY: below MPI_THREAD_MULTIPLE the program promises one call at a time.
    unsafe { &mut *GLOBAL.engine.get() }.as_mut().map(f)
}

#[cold]
fn lock() {
    while GLOBAL.lock.compare_exchange_weak(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
        std::thread::yield_now();
    }
}

impl Engine {
    /// The queues of a communicator; they exist from its first message on, even before this rank knows it.
    #[inline]
    pub fn queue(&mut self, context: u32) -> &mut Queues<Index, Unexpected> {
        let context = context as usize;
        if context >= self.queues.len() {
            self.queues.resize_with(context + 1, Queues::default);
        }
        &mut self.queues[context]
    }

    /// Whether the request in slot `index` is complete.
    #[inline]
    pub fn is_complete(&mut self, index: Index) -> bool {
        let Some(request) = self.requests.get(index) else { return true };
        match request.kind {
            Kind::Both(send, receive) => self.is_complete(send) && self.is_complete(receive),
            _ => request.complete || request.offer.as_ref().is_some_and(Rendezvous::is_complete),
        }
    }

    /// Gives back what a completed operation of slot `index` used, so that the slot can be freed or started again.
    pub fn settle(&mut self, index: Index) {
        let Some(request) = self.requests.get(index) else { return };
        if let Some(offer) = &request.offer {
            self.job.own().stop_assisting(offer);
            request.offer = None;
        }
    }

    /// Frees the slot of a complete operation whose outcome nobody asks for.
    pub fn release(&mut self, index: Index) {
        if let Some(&mut Request { kind: Kind::Both(send, receive), .. }) = self.requests.get(index) {
            self.release(send);
            self.release(receive);
        }
        self.settle(index);
        self.requests.remove(index);
    }

    /// Frees what was kept for operations that the program no longer waits for, once they are complete.
    #[cold]
    pub fn reap(&mut self) {
        for index in std::mem::take(&mut self.detached) {
            if self.is_complete(index) {
                self.release(index);
            } else {
                self.detached.push(index);
            }
        }
        let done = |parked: &mut Parked| parked.0.offer.as_ref().is_none_or(Rendezvous::is_complete);
        for parked in self.parked.extract_if(.., done) {
            if let Some(offer) = &parked.0.offer {
                self.job.own().stop_assisting(offer);
            }
            if let Some(buffer) = &parked.0.buffer {
                crate::buffered::release(buffer.len());
            }
            self.requests.recycle(parked);
        }
    }

    /// Whether no peer has anything left to fetch from the program's own memory. Copies may be fetched even after this
    /// rank has ended: its memory stays as long as the address space.
    pub fn has_let_go(&mut self) -> bool {
        self.reap();
        self.parked.iter().all(|Parked(request)| request.buffer.is_some() || request.scratch.is_some())
    }
}
