//! The ranks of this job as the shim sees them: one shared block per rank, found through the PiP registry.

use crate::claims::Claims;
use crate::collective::meeting::Meeting;
use crate::contexts::Contexts;
use crate::engine::{LANES, Lane};
use crate::marks::Marks;
use crate::rendezvous::Rendezvous;
use crate::ring::Inbox;
use crate::tunables::{self, Wait};
use crate::waiting::Bell;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use pip_core::current::Current;
use pip_core::registry::{ENVIRONMENT, Service};
use std::sync::OnceLock;

const MAGIC: u64 = u64::from_le_bytes(*b"PiP-mpi\0");
const VERSION: u32 = 4;

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
    /// Rank 0's hands out communicator contexts for all.
    pub contexts: Contexts,
    /// Rank 0's counts the ranks that do not sleep in the shim.
    awake: Awake,
    /// Rank 0's: where all ranks meet for collective operations.
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

/// This process as a rank of a job whose ranks are all tasks with the shim.
#[derive(Debug)]
pub struct Job {
    /// This process's rank in MPI_COMM_WORLD.
    pub rank: u32,
    /// Cores that the ranks together may run on.
    cores: u32,
    /// Senders order their stores with a fence before they look for sleepers.
    pub fences: bool,
    /// Lanes in use; see [`crate::engine`].
    pub lanes: u32,
    blocks: Vec<&'static Block>,
}

impl Job {
    /// Number of ranks in MPI_COMM_WORLD.
    pub fn size(&self) -> u32 {
        self.blocks.len() as u32
    }

    /// The shared block of a rank.
    #[inline]
    pub fn block(&self, rank: u32) -> &'static Block {
        self.blocks[rank as usize]
    }

    /// Whether more ranks are awake than there are cores: then nobody spins, and nobody copies for another. With a setting
    /// other than auto the user has decided.
    #[inline]
    pub fn is_crowded(&self) -> bool {
        match tunables::wait() {
            Wait::Auto => self.blocks[0].awake.0.load(Ordering::Relaxed) > self.cores,
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

    /// Whether there are more ranks than cores.
    pub fn is_oversubscribed(&self) -> bool {
        self.cores < self.size()
    }

    /// Where all ranks of MPI_COMM_WORLD meet.
    pub fn meeting(&self) -> &'static Meeting {
        // SAFETY: rank 0's block is there, and it made the meeting with it, which stays.
        unsafe { &*self.blocks[0].meeting }
    }

    /// This rank falls asleep, or leaves.
    pub fn note_asleep(&self) {
        self.blocks[0].awake.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// This rank is awake again, or joins.
    pub fn note_awake(&self) {
        self.blocks[0].awake.0.fetch_add(1, Ordering::Relaxed);
    }

    /// This rank's own block.
    #[inline]
    pub fn own(&self) -> &'static Block {
        self.block(self.rank)
    }
}

/// Before the MPI library starts: shows this rank to its peers, if it is a task and the shim is not switched off.
/// `threads`: MPI calls may come from several threads at once.
pub fn announce(threads: bool) {
    let Some((task, rank, size)) = identity() else { return };
    if task.import_service(task.id(), Service::MpiShim).is_some() {
        return; // MPI_Init after MPI_Session_init, or the reverse
    }
    let block = Block {
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
        meeting: if rank == 0 { Meeting::new(size, tunables::get().flat_max as u32) } else { core::ptr::null() },
    };
    task.export_service(Service::MpiShim, core::ptr::from_mut(Box::leak(Box::new(block))).cast());
}

static CURRENT: OnceLock<Job> = OnceLock::new();

/// The job, once [`join`] has found it.
#[inline]
pub fn current() -> Option<&'static Job> {
    CURRENT.get()
}

/// After the MPI library has started, which no rank leaves before all have called [`announce`]: the job, if every rank of
/// MPI_COMM_WORLD has the shim. All ranks come to the same answer.
pub fn join() -> Option<&'static Job> {
    let job = find()?;
    Some(CURRENT.get_or_init(|| job))
}

fn find() -> Option<Job> {
    let Some((task, rank, size)) = identity() else {
        if is_wanted() && std::env::var_os(ENVIRONMENT).is_some() {
            tell("this rank left the address space (by exec: is the program started by env or a shell?)");
        }
        return None;
    };
    let mut blocks: Vec<&'static Block> = Vec::with_capacity(size as usize);
    for peer in 0..size {
        let Some(block) = block_of(task, peer, size) else {
            tell(&format!("rank {peer} is not in this address space"));
            return None;
        };
        blocks.push(block);
    }
    let together = |i| blocks.iter().fold(0, |mask, block| mask | block.cpus[i]);
    let cores = (0..CPU_WORDS).map(|i| together(i).count_ones()).sum::<u32>();
    // Ranks of one node are in one group, or each has a group of its own like the others'.
    let quota = blocks.iter().map(|block| block.quota).max().unwrap_or(u32::MAX);
    let cores = cores.min(quota).max(1);
    let fences = cores < size || blocks.iter().any(|block| block.no_membarrier != 0);
    let lanes = blocks.iter().map(|block| block.lanes).max().unwrap_or(1);
    let job = Job { rank, cores, fences, lanes, blocks };
    job.note_awake();
    Some(job)
}

/// The launcher gives rank r the task id r.
fn block_of(task: Current, rank: u32, size: u32) -> Option<&'static Block> {
    let pointer = task.import_service(rank as usize, Service::MpiShim)?.cast::<Block>();
    // SAFETY: this service's pointers lead to a Block, or to another version's, which begins with the same words.
    let block = unsafe { pointer.as_ref() };
    let same = block.magic == MAGIC && block.version == VERSION && block.bytes as usize == size_of::<Block>();
    (same && block.rank == rank && block.size == size).then_some(block)
}

/// This task, and the rank and size its launcher gave it.
fn identity() -> Option<(Current, u32, u32)> {
    if !is_wanted() {
        return None;
    }
    let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    let (task, rank, size) = (pip_core::current::current()?, number("PMI_RANK")?, number("PMI_SIZE")?);
    (task.id() == rank as usize && rank < size).then_some((task, rank, size))
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
