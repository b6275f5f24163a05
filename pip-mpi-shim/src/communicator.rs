//! Communicators whose messages the shim carries: all whose ranks are ranks of this job.

use crate::abi::{self, Comm};
use crate::collective::{Circle, between};
use crate::collective::meeting::Meeting;
use crate::contexts;
use crate::engine::{self, Lane};
use crate::handles::Handles;
use crate::job::{self, Job};
use crate::{completion, library, offnode, spaces, tunables};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What messages need to know of a communicator.
#[derive(Debug)]
pub struct Communicator {
    pub context: u32,
    pub lane: Lane,
    /// This process's rank; in an intercommunicator, its rank in the local group.
    pub rank: u32,
    /// Ranks that messages can go to and come from; in an intercommunicator, the size of the remote group.
    pub size: u32,
    /// All processes of the communicator.
    pub members: u32,
    /// Whether all of them are in this address space.
    pub local: bool,
    /// Ranks in MPI_COMM_WORLD of those messages can go to; None where they are the same.
    world: Option<Box<[u32]>>,
    /// Number of MPI_Comm_idup calls so far.
    pub idups: AtomicU32,
    /// Where its ranks meet for collective operations; none in an intercommunicator.
    pub circle: Option<Arc<Circle>>,
}

impl Communicator {
    /// A communicator whose rank r is rank `world[r]` of MPI_COMM_WORLD; `local` if all its processes are in this space.
    pub fn new(
        job: &Job,
        context: u32,
        rank: u32,
        members: u32,
        local: bool,
        world: Box<[u32]>,
        circle: Option<Circle>,
    ) -> Communicator {
        let same = world.iter().enumerate().all(|(i, &world)| i as u32 == world);
        Communicator {
            context,
            lane: engine::lane_of(context, job.lanes),
            rank,
            size: world.len() as u32,
            members,
            local,
            world: if same { None } else { Some(world) },
            idups: AtomicU32::new(0),
            circle: circle.map(Arc::new),
        }
    }

    /// The same processes under another context.
    pub fn duplicate(&self, job: &Job, context: u32, circle: Option<Circle>) -> Communicator {
        let (lane, idups) = (engine::lane_of(context, job.lanes), AtomicU32::new(0));
        Communicator { context, lane, idups, world: self.world.clone(), circle: circle.map(Arc::new), ..*self }
    }

    /// Ranks in MPI_COMM_WORLD of those messages can go to.
    pub fn world_ranks(&self) -> Box<[u32]> {
        (0..self.size).map(|rank| self.world_rank(rank)).collect()
    }

    /// Rank in MPI_COMM_WORLD of rank `peer`.
    #[inline]
    pub fn world_rank(&self, peer: u32) -> u32 {
        self.world.as_ref().map_or(peer, |world| world[peer as usize])
    }
}

/// MPI_COMM_WORLD, which most calls name, stands apart.
static WORLD: OnceLock<Communicator> = OnceLock::new();
static OTHERS: Handles<Communicator> = Handles::new();
/// Whether MPI_COMM_WORLD may be used: MPI_Init was called.
static WORLD_MODEL: AtomicBool = AtomicBool::new(false);

/// Puts MPI_COMM_WORLD and MPI_COMM_SELF of `job` in place.
pub fn install(job: &'static Job) {
    WORLD.get_or_init(|| {
        let ranks: Box<[u32]> = (0..job.size()).collect();
        let circle = match job.meeting() {
            Some(meeting) => Some(Circle::new(job, meeting, false, job.rank, ranks.clone())),
            None => between::circle(job, contexts::WORLD, job.rank, ranks.clone()),
        };
        Communicator::new(job, contexts::WORLD, job.rank, job.size(), !job.is_spread(), ranks, circle)
    });
    let alone = Meeting::new(1, tunables::get().rules());
    let circle = Circle::new(job, alone, true, 0, [job.rank].into());
    OTHERS.insert(abi::COMM_SELF, Communicator::new(job, contexts::SELF, 0, 1, true, [job.rank].into(), Some(circle)));
}

/// The communicator of a handle, unless it is the MPI library's affair. It is there until the program frees it, which no
/// call on it outlives. No engine may be held.
#[inline]
pub fn get(handle: Comm) -> Option<&'static Communicator> {
    if handle == abi::COMM_WORLD { WORLD.get() } else { OTHERS.get(handle).or_else(|| adopted_late(handle)) }
}

/// Communicators of MPI_Comm_idup whose context is yet to come.
static LATE: Mutex<Vec<Late>> = Mutex::new(Vec::new());
static ANY_LATE: AtomicBool = AtomicBool::new(false);

#[derive(Debug)]
struct Late {
    handle: Comm,
    parent: u32,
    call: u32,
    /// As it will be, but for the context.
    draft: Communicator,
}

/// Takes over a communicator like `draft` whose context will be told under its parent's and the number of the call.
pub fn insert_late(handle: Comm, parent: u32, call: u32, draft: Communicator) {
    let mut late = LATE.lock().unwrap_or_else(PoisonError::into_inner);
    late.push(Late { handle, parent, call, draft });
    ANY_LATE.store(true, Ordering::Release);
}

/// The communicator of a handle that [`insert_late`] got. When the program may use it all ranks have made the call, and its
/// context is on its way; other threads that use it wait for this one.
#[cold]
fn adopted_late(handle: Comm) -> Option<&'static Communicator> {
    if !ANY_LATE.load(Ordering::Acquire) {
        return None;
    }
    let mut late = LATE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(at) = late.iter().position(|late| late.handle == handle) {
        let Late { parent, call, draft, .. } = late.swap_remove(at);
        let mut context = None;
        completion::wait_until(None, || {
            context = offnode::announced_context(parent, call);
            context.is_some()
        });
        if let (Some(context), Some(job)) = (context.flatten(), job::current()) {
            // In an intercommunicator there are processes besides those that messages can go to.
            let intra = draft.members == draft.size;
            let circle = if intra { between::circle(job, context, draft.rank, draft.world_ranks()) } else { None };
            OTHERS.insert(handle, draft.duplicate(job, context, circle));
        }
        ANY_LATE.store(!late.is_empty(), Ordering::Release);
    }
    OTHERS.get(handle)
}

/// Takes the communicator of a new handle over.
pub fn insert(handle: Comm, communicator: Communicator) {
    OTHERS.insert(handle, communicator);
    choose_to_poll();
}

/// Before a handle is freed: it may come back for another communicator. Predefined ones cannot be freed.
pub fn forget(handle: Comm) {
    let Some(&Communicator { context, lane, .. }) = get(handle).filter(|_| handle != abi::COMM_WORLD && handle != abi::COMM_SELF) else { return };
    OTHERS.remove(handle);
    choose_to_poll();
    engine::with(lane, |engine| {
        engine.queues.forget(context);
        engine.queues.forget(spaces::collective(context));
    });
}

/// MPI_Init was called: the communicators of the world model exist.
pub fn enter_world_model() {
    WORLD_MODEL.store(true, Ordering::Relaxed);
    library::poll_with(abi::COMM_WORLD);
}

/// Whether MPI_COMM_WORLD may be used.
pub fn is_world_model() -> bool {
    WORLD_MODEL.load(Ordering::Relaxed)
}

/// The library is polled with a communicator that exists. MPI_COMM_WORLD does, unless the program only has sessions.
fn choose_to_poll() {
    if !is_world_model() {
        library::poll_with(OTHERS.find(|communicator| communicator.members > 1).unwrap_or(abi::COMM_NULL));
    }
}
