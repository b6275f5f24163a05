//! Taking over communicators that the MPI library has just made. Their ranks agree on a context.

use crate::abi::{self, Comm};
use crate::collective::meeting::Meeting;
use crate::collective::{self, Circle, between};
use crate::communicator::{self, Communicator};
use crate::job::{self, Job};
use crate::{background, engine, offnode, real, tunables};
use core::ffi::c_int;
use core::sync::atomic::Ordering;

/// What the ranks of a new communicator tell each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
struct Notice {
    /// Rank in MPI_COMM_WORLD.
    world: u32,
    /// A number for the context, from rank 0 of a group.
    drawn: u32,
    /// Where the ranks of an intracommunicator meet, from its rank 0, if they share its address space.
    meeting: u64,
}

/// Takes over a communicator. Collective over it.
pub fn adopt(handle: Comm) {
    let Some(job) = job::current() else { return };
    if handle == abi::COMM_NULL || has_foreigners(handle) {
        return;
    }
    let (mut inter, mut rank, mut size) = (0, 0, 0);
    // SAFETY: a communicator the library made; results go to locals.
    unsafe {
        real::Comm_test_inter(handle, &mut inter);
        real::Comm_rank(handle, &mut rank);
        real::Comm_size(handle, &mut size);
    }
    let drawn = if rank == 0 { job.contexts().draw() } else { 0 };
    collective::sweep();
    let made = (inter == 0 && rank == 0).then(|| Meeting::new(size as u32, tunables::get().rules()));
    let own = Notice { world: job.rank, drawn, meeting: made.map_or(0, |made| core::ptr::from_ref(made) as u64) };
    let agreed = if inter == 0 { intra(handle, own, size) } else { inter_of(handle, own, size) };
    let Some(Agreement { first, members, ranks }) = agreed else { return };
    let local = is_local(job, handle, inter != 0, &ranks);
    let meeting = match (made, local && inter == 0) {
        // SAFETY: rank 0, in this space, made it for this communicator.
        (_, true) => unsafe { Meeting::at(first.meeting as usize, size as u32) },
        (made, false) => {
            // SAFETY: made above; the others cannot have used it.
            made.inspect(|made| unsafe { made.discard() });
            None
        }
    };
    // Without one the library carries the messages, in all ranks alike.
    if let Some(context) = job.context(first.drawn, first.world, local) {
        let circle = match meeting {
            Some(meeting) => Some(Circle::new(job, meeting, made.is_some(), rank as u32, ranks.clone())),
            None if inter == 0 && !local => between::circle(job, context, rank as u32, ranks.clone()),
            None => None,
        };
        communicator::insert(handle, Communicator::new(job, context, rank as u32, members, local, ranks, circle));
    }
}

/// What the ranks of a new communicator know of it.
struct Agreement {
    /// The notice whose number counts.
    first: Notice,
    /// All processes.
    members: u32,
    /// Ranks in MPI_COMM_WORLD of those messages can go to.
    ranks: Box<[u32]>,
}

/// Whether all processes of a communicator are in this address space.
fn is_local(job: &Job, handle: Comm, inter: bool, ranks: &[u32]) -> bool {
    let here = |rank: &u32| job.is_local(*rank);
    !job.is_spread() || (ranks.iter().all(here) && (!inter || members(handle).is_some_and(|all| all.iter().all(here))))
}

/// All learn of all; rank 0's number counts.
fn intra(handle: Comm, own: Notice, size: c_int) -> Option<Agreement> {
    let all = exchange(handle, own, size)?;
    Some(Agreement { first: all[0], members: size as u32, ranks: all.iter().map(|notice| notice.world).collect() })
}

/// In an intercommunicator a rank hears from the remote group only. What it heard from the remote rank 0 it sends back, so
/// that all know both numbers; that of the rank 0 with the lower rank in MPI_COMM_WORLD counts.
fn inter_of(handle: Comm, own: Notice, size: c_int) -> Option<Agreement> {
    let mut remote_size = 0;
    // SAFETY: an intercommunicator; the result goes to a local.
    unsafe { real::Comm_remote_size(handle, &mut remote_size) };
    let remote = exchange(handle, own, remote_size)?;
    let local_first = exchange(handle, remote[0], remote_size)?[0];
    let first = if local_first.world < remote[0].world { local_first } else { remote[0] };
    let ranks = remote.iter().map(|notice| notice.world).collect();
    Some(Agreement { first, members: (size + remote_size) as u32, ranks })
}

/// Sends `own`, which is made of words of 4 bytes without gaps, to all, and returns what `count` ranks have sent; a collective
/// call of the library.
pub fn exchange<T: Copy + Default>(handle: Comm, own: T, count: c_int) -> Option<Vec<T>> {
    let words = (size_of::<T>() / size_of::<u32>()) as c_int;
    let mut all = vec![T::default(); count as usize];
    let (from, to) = (core::ptr::from_ref(&own).cast(), all.as_mut_ptr().cast());
    // SAFETY: a value from each of `count` ranks.
    let code = collective::wait_for_library(|request| unsafe {
        real::Iallgather(from, words, abi::UNSIGNED, to, words, abi::UNSIGNED, handle, request)
    })
    .unwrap_or_else(|| {
        // SAFETY: as above.
        background::during(|| unsafe { real::Allgather(from, words, abi::UNSIGNED, to, words, abi::UNSIGNED, handle) })
    });
    (code == abi::SUCCESS).then_some(all)
}

/// Whether some process belongs to another job (MPI_Comm_spawn, MPI_Comm_accept): then the library carries all messages.
fn has_foreigners(handle: Comm) -> bool {
    if !communicator::is_world_model() {
        return false; // sessions know this job's processes only
    }
    let mut inter = 0;
    // SAFETY: a communicator the library made; the result goes to a local.
    unsafe { real::Comm_test_inter(handle, &mut inter) };
    ranks_in_world(handle, inter != 0).is_none()
}

/// Ranks in MPI_COMM_WORLD of all processes of a communicator, in both groups of an intercommunicator.
fn members(handle: Comm) -> Option<Vec<u32>> {
    let mut inter = 0;
    // SAFETY: as above.
    unsafe { real::Comm_test_inter(handle, &mut inter) };
    let mut all = ranks_in_world(handle, false)?;
    if inter != 0 {
        all.extend(ranks_in_world(handle, true)?);
    }
    Some(all)
}

/// Ranks in MPI_COMM_WORLD of the processes in a group of a communicator; None if it has others.
fn ranks_in_world(handle: Comm, remote: bool) -> Option<Vec<u32>> {
    let (mut group, mut world, mut size) = (abi::GROUP_NULL, abi::GROUP_NULL, 0);
    let get = if remote { real::Comm_remote_group } else { real::Comm_group };
    // SAFETY: a communicator the library made; results go to locals of the lengths said; our references are given back.
    let in_world = unsafe {
        if get(handle, &mut group) != abi::SUCCESS {
            return None;
        }
        real::Comm_group(abi::COMM_WORLD, &mut world);
        real::Group_size(group, &mut size);
        let ranks: Vec<c_int> = (0..size).collect();
        let mut in_world = vec![abi::UNDEFINED; size as usize];
        real::Group_translate_ranks(group, size, ranks.as_ptr(), world, in_world.as_mut_ptr());
        real::Group_free(&mut world);
        real::Group_free(&mut group);
        in_world
    };
    in_world.into_iter().map(|rank| u32::try_from(rank).ok()).collect()
}

/// Takes over the communicator that MPI_Comm_idup of `parent` will make. Not collective: nobody waits here.
pub fn adopt_idup(parent: Comm, handle: Comm) {
    let parent_handle = parent;
    let (Some(job), Some(parent)) = (job::current(), communicator::get(parent)) else { return };
    let call = parent.idups.fetch_add(1, Ordering::Relaxed);
    if !parent.local {
        return adopt_idup_across(job, parent_handle, parent, call, handle);
    }
    let make = || match parent.circle {
        Some(_) => core::ptr::from_ref(Meeting::new(parent.size, tunables::get().rules())) as usize,
        None => 0,
    };
    loop {
        if let Some(child) = job.contexts().of_idup(parent.context, call, parent.members, make) {
            // SAFETY: the first rank to ask made it for this communicator.
            let meeting = unsafe { Meeting::at(child.meeting, parent.size) };
            let circle = meeting.map(|meeting| Circle::new(job, meeting, child.made, parent.rank, parent.world_ranks()));
            return communicator::insert(handle, parent.duplicate(job, child.context, circle));
        }
        engine::progress(); // 256 unfinished calls: some rank is far behind
        std::thread::yield_now();
    }
}

/// Across address spaces the first of all ranks draws a number and tells the others.
fn adopt_idup_across(job: &'static Job, parent_handle: Comm, parent: &Communicator, call: u32, handle: Comm) {
    let Some(mut all) = members(parent_handle) else { return };
    all.sort_unstable();
    if all.first() != Some(&job.rank) {
        return communicator::insert_late(handle, parent.context, call, parent.duplicate(job, parent.context, None));
    }
    let context = job.context(job.contexts().draw(), job.rank, false);
    offnode::announce_context(parent.lane, parent.context, call, context, all.into_iter().skip(1));
    if let Some(context) = context {
        let intra = parent.members == parent.size;
        let circle = if intra { between::circle(job, context, parent.rank, parent.world_ranks()) } else { None };
        communicator::insert(handle, parent.duplicate(job, context, circle));
    }
}
