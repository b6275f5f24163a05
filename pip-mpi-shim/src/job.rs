//! The ranks of this job as the shim sees them: one shared block per rank, found through the PiP registry. Ranks in other
//! address spaces have none here: MPICH carries the messages to them (see [`crate::offnode`]).

use crate::claims::Claims;
use crate::collective::meeting::Meeting;
use crate::contexts::Contexts;
use crate::engine::{LANES, Lane};
use crate::marks::Marks;
use crate::rendezvous::Rendezvous;
use crate::ring::Inbox;
use crate::spaces::{self, Spaces};
use crate::tunables::{self, Wait};
use crate::waiting::Bell;
use crate::{offnode, pmi};
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use pip_core::current::Current;
use pip_core::registry::{ENVIRONMENT, Service};
use std::sync::OnceLock;

const MAGIC: u64 = u64::from_le_bytes(*b"PiP-mpi\0");
const VERSION: u32 = 5;

/// What a rank shows to its peers. Each has its own copy of the code, so the layout is fixed and checked.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct Block {
    magic: u64,
    version: u32,
    bytes: u32,
    rank: u32,
    size: u32,
    /// Whether this rank cannot make its peers' stores visible before it sleeps (no membarrier).
    no_membarrier: u32,
    /// The cores this rank may run on, and how many of them at a time its control groups allow.
    cpus: CpuMask,
    quota: u32,
    /// Lanes this rank would like: the job has as many as the rank that wants most.
    lanes: u32,
    doors: [Door; LANES],
    /// Rung when something arrived while the rank sleeps.
    pub bell: Bell,
    /// The first rank's hands out communicator contexts for all of the space.
    pub contexts: Contexts,
    /// The first rank's counts the ranks of the space that do not sleep in the shim.
    awake: Awake,
    /// Rank 0's in a job of one space: where all ranks meet for collective operations.
    meeting: *const Meeting,
}

/// On a cache line of its own: all read it, and it changes only when a rank falls asleep or wakes.
#[derive(Debug, Default)]
#[repr(C, align(128))]
struct Awake(AtomicU32);

/// Where peers reach a rank in one lane.
#[derive(Debug)]
#[repr(C)]
pub struct Door {
    inboxes: *const Inbox,
    size: u32,
    /// Number of peers that have put a ring into `inboxes`.
    pub connections: AtomicU32,
    /// A transfer from this rank's memory that it may help with.
    assist: Assist,
    /// Which offers it copies, and which of its own it wants back.
    pub claims: Claims,
    /// Who has mail, while the rank wants to be told; see [`Bell`].
    pub marks: Marks,
}

/// On a cache line of its own: peers write it, the owner polls it.
#[derive(Debug, Default)]
#[repr(C, align(128))]
struct Assist(AtomicPtr<Rendezvous>);

// SAFETY: everything behind the pointers is atomic or immutable.
unsafe impl Sync for Block {}
// SAFETY: as above.
unsafe impl Send for Block {}

impl Door {
    fn new(size: u32) -> Door {
        let inboxes: Box<[Inbox]> = (0..size).map(|_| Inbox::default()).collect();
        Door {
            inboxes: Box::leak(inboxes).as_ptr(),
            size,
            connections: AtomicU32::new(0),
            assist: Assist::default(),
            claims: Claims::default(),
            marks: Marks::new(size),
        }
    }

    /// The cell in which the rank finds the ring of sender `rank`.
    pub fn inbox(&self, rank: u32) -> &Inbox {
        assert!(rank < self.size);
        // SAFETY: the table has `size` cells.
        unsafe { &*self.inboxes.add(rank as usize) }
    }

    /// Owner: a transfer a peer wants help with, or null.
    #[inline]
    pub fn assist(&self) -> *const Rendezvous {
        self.assist.0.load(Ordering::Acquire)
    }

    /// Lets the owner copy too; pairs with [`Door::stop_assisting`].
    pub fn ask_assistance(&self, transfer: &Rendezvous) {
        self.assist.0.store(core::ptr::from_ref(transfer).cast_mut(), Ordering::Release);
    }

    /// Owner: forgets a transfer that is over, before its memory is used again.
    #[inline]
    pub fn stop_assisting(&self, transfer: *const Rendezvous) {
        let transfer = transfer.cast_mut();
        if self.assist.0.load(Ordering::Relaxed) == transfer {
            let none = core::ptr::null_mut();
            let _ = self.assist.0.compare_exchange(transfer, none, Ordering::AcqRel, Ordering::Relaxed);
        }
    }
}

impl Block {
    /// Where the rank is reached in `lane`.
    #[inline]
    pub fn door(&self, lane: Lane) -> &Door {
        &self.doors[lane as usize % LANES]
    }
}

/// This process as a rank of a job whose ranks all have the shim.
#[derive(Debug)]
pub struct Job {
    /// This process's rank in MPI_COMM_WORLD.
    pub rank: u32,
    /// Cores that the ranks of this space together may run on.
    cores: u32,
    /// Senders order their stores with a fence before they look for sleepers.
    pub fences: bool,
    /// Lanes in use; see [`crate::engine`].
    pub lanes: u32,
    /// None for ranks in other spaces.
    blocks: Vec<Option<&'static Block>>,
    /// Ranks in this space.
    here: u32,
    /// The block of the lowest rank in this space.
    first: &'static Block,
    /// None if there is only this one.
    spaces: Option<Spaces>,
}

impl Job {
    /// Number of ranks in MPI_COMM_WORLD.
    pub fn size(&self) -> u32 {
        self.blocks.len() as u32
    }

    /// The shared block of a rank in this space.
    #[inline]
    pub fn block(&self, rank: u32) -> &'static Block {
        self.blocks[rank as usize].unwrap_or_else(|| no_block(rank))
    }

    /// Whether a rank of MPI_COMM_WORLD is in this address space.
    #[inline]
    pub fn is_local(&self, rank: u32) -> bool {
        self.blocks[rank as usize].is_some()
    }
    /// Whether there are ranks in other address spaces.
    #[inline]
    pub fn is_spread(&self) -> bool {
        self.spaces.is_some()
    }

    /// A number for the address space of a rank.
    pub fn space(&self, rank: u32) -> u32 {
        self.spaces.as_ref().map_or(0, |spaces| spaces.of(rank))
    }

    /// Hands out contexts in this space.
    pub fn contexts(&self) -> &'static Contexts {
        &self.first.contexts
    }

    /// The context of a communicator for which rank `by` has drawn a number in its space; `local` if all its ranks are in that
    /// one. None if no number is left.
    pub fn context(&self, drawn: u32, by: u32, local: bool) -> Option<u32> {
        match &self.spaces {
            Some(spaces) if !local => spaces.context(drawn, by),
            _ => Some(drawn),
        }
    }

    /// Whether more ranks are awake than there are cores: then nobody spins, and nobody copies for another. With a setting
    /// other than auto the user has decided.
    #[inline]
    pub fn is_crowded(&self) -> bool {
        match tunables::wait() {
            Wait::Auto => self.first.awake.0.load(Ordering::Relaxed) > self.cores,
            Wait::Spin => false,
            Wait::Yield | Wait::Block => true,
        }
    }

    /// Polls before a rank sleeps, of the `most` that are worth it with a core for each. With more ranks than that a wait that
    /// takes longer than a switch of context is better spent by another rank, even if nobody seems to wait for the core now.
    #[inline]
    pub fn polls(&self, most: usize) -> usize {
        const SWITCH: usize = 64;
        match () {
            () if self.is_crowded() => 1,
            () if self.is_oversubscribed() && tunables::wait() == Wait::Auto => most.min(SWITCH),
            () => most,
        }
    }

    /// Whether this space has more ranks than cores.
    pub fn is_oversubscribed(&self) -> bool {
        self.cores < self.here
    }

    /// Where all ranks of MPI_COMM_WORLD meet, if they share this address space.
    pub fn meeting(&self) -> Option<&'static Meeting> {
        // SAFETY: the first rank made it with its block, unless the job has several spaces; it stays.
        unsafe { self.first.meeting.as_ref() }
    }

    /// This rank falls asleep, or leaves.
    pub fn note_asleep(&self) {
        self.first.awake.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// This rank is awake again, or joins.
    pub fn note_awake(&self) {
        self.first.awake.0.fetch_add(1, Ordering::Relaxed);
    }

    /// This rank's own block.
    #[inline]
    pub fn own(&self) -> &'static Block {
        self.block(self.rank)
    }
}

#[cold]
fn no_block(rank: u32) -> ! {
    unreachable!("rank {rank} is in another address space")
}

/// This process's own block, once it has one.
static OWN: OnceLock<Option<&'static Block>> = OnceLock::new();
/// Whether the launcher knows that this rank has the shim; in a job with several spaces.
static JOINED: OnceLock<bool> = OnceLock::new();

/// Before the MPI library starts: shows this rank to its peers, if it can have any and the shim is not switched off.
/// `threads`: MPI calls may come from several threads at once.
pub fn announce(threads: bool) {
    OWN.get_or_init(|| {
        let identity = identity()?; // again at MPI_Init after MPI_Session_init, or the reverse
        let Identity { rank, size, .. } = identity;
        let block: &'static Block = Box::leak(Box::new(Block {
            magic: MAGIC,
            version: VERSION,
            bytes: size_of::<Block>() as u32,
            rank,
            size,
            cpus: own_cpus(),
            quota: crate::quota::cores(),
            no_membarrier: u32::from(!crate::waiting::register_membarrier()),
            lanes: if threads { LANES as u32 } else { 1 },
            doors: core::array::from_fn(|_| Door::new(size)),
            bell: Bell::default(),
            contexts: Contexts::default(),
            awake: Awake::default(),
            meeting: match (rank, &identity.local) {
                (0, None) => Meeting::new(size, tunables::get().rules()),
                _ => core::ptr::null(),
            },
        }));
        if let Some(task) = identity.task {
            task.export_service(Service::MpiShim, core::ptr::from_ref(block).cast_mut().cast());
        }
        if identity.local.is_some() {
            let _ = JOINED.set(pmi::join());
        }
        Some(block)
    });
}

static CURRENT: OnceLock<Job> = OnceLock::new();

/// The job, once [`join`] has found it.
#[inline]
pub fn current() -> Option<&'static Job> {
    CURRENT.get()
}

/// Whether the job has several address spaces, and this rank the shim: known before the MPI library starts.
pub fn is_spread() -> bool {
    identity().is_some_and(|identity| identity.local.is_some())
}

/// After the MPI library has started, which no rank leaves before all have called [`announce`]: the job, if every rank of
/// MPI_COMM_WORLD has the shim. All ranks come to the same answer. In a job with several spaces it is collective; a rank that
/// is not `willing` prevents it.
pub fn join(willing: bool) -> Option<&'static Job> {
    let job = find(willing)?;
    Some(CURRENT.get_or_init(|| job))
}

fn find(willing: bool) -> Option<Job> {
    let Some(identity) = identity() else {
        if is_wanted() && std::env::var_os(ENVIRONMENT).is_some() {
            tell("this rank left the address space (by exec: is the program started by env or a shell?)");
        }
        return None;
    };
    let own = OWN.get().copied().flatten()?;
    let Identity { rank, size, local, task } = identity;
    let mut blocks: Vec<Option<&'static Block>> = vec![None; size as usize];
    let mut missing = None;
    for peer in local.clone().unwrap_or_else(|| (0..size).collect()) {
        let found = if peer == rank { Some(own) } else { task.and_then(|task| block_of(task, peer, size)) };
        missing = missing.or(found.is_none().then_some(peer));
        blocks[peer as usize] = found;
    }
    let here: Vec<&Block> = blocks.iter().copied().flatten().collect();
    let together = |i| here.iter().fold(0, |mask, block| mask | block.cpus[i]);
    let cores = (0..CPU_WORDS).map(|i| together(i).count_ones()).sum::<u32>();
    // Ranks of one node are in one group, or each has a group of its own like the others'.
    let quota = here.iter().map(|block| block.quota).max().unwrap_or(u32::MAX);
    let cores = cores.min(quota).max(1);
    let fences = (cores as usize) < here.len() || here.iter().any(|block| block.no_membarrier != 0);
    let lanes = here.iter().map(|block| block.lanes).max().unwrap_or(1);
    let first = *here.first()?;
    let here = here.len() as u32;
    let mut job = Job { rank, cores, fences, lanes, blocks, here, first, spaces: None };
    if let Some(local) = local {
        let others = neighbours().saturating_sub(here);
        job.cores = cores.saturating_sub(others).max(1);
        let votes = agree(willing && missing.is_none() && offnode::is_free(), &local, lanes)?;
        job.lanes = votes.iter().map(offnode::Vote::lanes).max().unwrap_or(1);
        let spaces = Spaces::new(&votes.iter().map(offnode::Vote::lowest).collect::<Vec<_>>());
        job.spaces = Some(spaces).filter(|spaces| spaces.count() > 1);
    } else if let Some(peer) = missing {
        tell(&format!("rank {peer} is not in this address space"));
        return None;
    }
    job.note_awake();
    Some(job)
}

/// The votes of all ranks, if they are for carrying messages across address spaces: all or none of them get them.
fn agree(is_for: bool, local: &[u32], lanes: u32) -> Option<Vec<offnode::Vote>> {
    if JOINED.get() != Some(&true) || !pmi::have_all_joined() {
        tell("not every rank has this library");
        return None;
    }
    let votes = offnode::agree(offnode::Vote::new(is_for, local, lanes))?;
    let lowest: Vec<u32> = votes.iter().map(offnode::Vote::lowest).collect();
    let fingerprints: Vec<u64> = votes.iter().map(offnode::Vote::fingerprint).collect();
    if let Some(rank) = Spaces::new(&lowest).contradiction(&fingerprints) {
        tell(&format!("rank {rank} and the others do not agree on who shares its address space"));
        return None;
    }
    if let Some(against) = votes.iter().position(|vote| !vote.is_for()) {
        tell(&format!("rank {against} does not find the others of its space, began with a session, or has no threads in MPICH"));
        return None;
    }
    Some(votes)
}

/// Ranks on this node.
fn neighbours() -> u32 {
    std::env::var("MPI_LOCALNRANKS").ok().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// The launcher gives rank r the task id r.
fn block_of(task: Current, rank: u32, size: u32) -> Option<&'static Block> {
    let pointer = task.import_service(rank as usize, Service::MpiShim)?.cast::<Block>();
    // SAFETY: this service's pointers lead to a Block, or to another version's, which begins with the same words.
    let block = unsafe { pointer.as_ref() };
    let same = block.magic == MAGIC && block.version == VERSION && block.bytes as usize == size_of::<Block>();
    (same && block.rank == rank && block.size == size).then_some(block)
}

/// Who this process is.
struct Identity {
    /// None for a rank that is an ordinary process, alone in its space.
    task: Option<Current>,
    rank: u32,
    size: u32,
    /// The ranks in its address space, if not all are.
    local: Option<Vec<u32>>,
}

/// What the launcher says of this process.
fn identity() -> Option<Identity> {
    if !is_wanted() {
        return None;
    }
    let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    let (rank, size) = (number("PMI_RANK")?, number("PMI_SIZE")?);
    let task = pip_core::current::current();
    let local = match std::env::var(spaces::ENVIRONMENT) {
        Ok(text) => Some(spaces::parse(&text)?),
        Err(_) => None,
    };
    let right = match (&task, &local) {
        (Some(task), _) if task.id() != rank as usize => false,
        (_, Some(local)) if !local.contains(&rank) || local.iter().any(|&rank| rank >= size) => false,
        (None, local) => local.as_ref().is_some_and(|local| local.len() == 1),
        _ => true,
    };
    (right && rank < size).then_some(Identity { task, rank, size, local })
}

/// Unless PIP_MPI_SHIM=off.
fn is_wanted() -> bool {
    !std::env::var("PIP_MPI_SHIM").is_ok_and(|v| ["off", "0", "no"].contains(&v.to_ascii_lowercase().as_str()))
}

/// To those who asked for statistics: why there are none.
fn tell(reason: &str) {
    if crate::tunables::get().stats != 0 {
        let rank = std::env::var("PMI_RANK").unwrap_or_default();
        eprintln!("PIP_MPI_STATS rank {rank}: all messages go through MPICH: {reason}");
    }
}

/// One bit per CPU.
type CpuMask = [u64; CPU_WORDS];
const CPU_WORDS: usize = 32; // 2048 CPUs; a larger machine's kernel refuses and counts as one core

/// The CPUs this process may run on.
fn own_cpus() -> CpuMask {
    let mut mask = [0; CPU_WORDS];
    // SAFETY: the mask is as long as said.
    unsafe { libc::sched_getaffinity(0, size_of::<CpuMask>(), mask.as_mut_ptr().cast()) };
    mask
}
