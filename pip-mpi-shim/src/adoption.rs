//! Taking over communicators that the MPI library has just made. Their ranks agree on a context.

use crate::abi::{self, Comm, Group};
use crate::collective::meeting::Meeting;
use crate::collective::{self, Circle};
use crate::communicator::{self, Communicator};
use crate::job;
use crate::{background, engine, real, tunables};
use core::ffi::c_int;
use core::sync::atomic::Ordering;

/// What the ranks of a new communicator tell each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
struct Notice {
    /// Rank in MPI_COMM_WORLD.
    world: u32,
    /// A fresh context, from rank 0 of a group.
    context: u32,
    /// Where the ranks of an intracommunicator meet, from its rank 0.
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
    let context = if rank == 0 { job.block(0).contexts.draw() } else { 0 };
    collective::sweep();
    let made = (inter == 0 && rank == 0).then(|| Meeting::new(size as u32, tunables::get().flat_max as u32));
    let own = Notice { world: job.rank, context, meeting: made.map_or(0, |made| core::ptr::from_ref(made) as u64) };
    let adopted = if inter == 0 { intra(handle, own, size) } else { inter_of(handle, own, size) };
    if let Some(Agreement { context, members, ranks, meeting }) = adopted {
        let circle = meeting.map(|meeting| Circle::new(job, meeting, made.is_some(), rank as u32, ranks.clone()));
        communicator::insert(handle, Communicator::new(job, context, rank as u32, members, ranks, circle));
    }
}

struct Agreement {
    context: u32,
    members: u32,
    ranks: Box<[u32]>,
    meeting: Option<&'static Meeting>,
}

/// All learn of all; rank 0's context counts.
fn intra(handle: Comm, own: Notice, size: c_int) -> Option<Agreement> {
    let all = exchange(handle, own, size)?;
    // SAFETY: rank 0 made it for this communicator.
    let meeting = unsafe { Meeting::at(all[0].meeting as usize, size as u32) };
    let ranks = all.iter().map(|notice| notice.world).collect();
    Some(Agreement { context: all[0].context, members: size as u32, ranks, meeting })
}

/// In an intercommunicator a rank hears from the remote group only. What it heard from the remote rank 0 it sends back, so
/// that all know both contexts; that of the rank 0 with the lower rank in MPI_COMM_WORLD counts.
fn inter_of(handle: Comm, own: Notice, size: c_int) -> Option<Agreement> {
    let mut remote_size = 0;
    // SAFETY: an intercommunicator; the result goes to a local.
    unsafe { real::Comm_remote_size(handle, &mut remote_size) };
    let remote = exchange(handle, own, remote_size)?;
    let local_first = exchange(handle, remote[0], remote_size)?[0];
    let first = if local_first.world < remote[0].world { local_first } else { remote[0] };
    let ranks = remote.iter().map(|notice| notice.world).collect();
    Some(Agreement { context: first.context, members: (size + remote_size) as u32, ranks, meeting: None })
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
    // SAFETY: a communicator the library made; results go to locals, and our references are given back.
    unsafe {
        real::Comm_test_inter(handle, &mut inter);
        let mut group = 0;
        let get = if inter != 0 { real::Comm_remote_group } else { real::Comm_group };
        if get(handle, &mut group) != abi::SUCCESS {
            return true;
        }
        let foreign = is_foreign(group);
        real::Group_free(&mut group);
        foreign
    }
}

/// Whether a group has processes that MPI_COMM_WORLD has not.
unsafe fn is_foreign(group: Group) -> bool {
    let (mut world, mut size) = (0, 0);
    // SAFETY: the caller's group; results go to locals of the lengths said.
    unsafe {
        real::Comm_group(abi::COMM_WORLD, &mut world);
        real::Group_size(group, &mut size);
        let ranks: Vec<c_int> = (0..size).collect();
        let mut in_world = vec![abi::UNDEFINED; size as usize];
        real::Group_translate_ranks(group, size, ranks.as_ptr(), world, in_world.as_mut_ptr());
        real::Group_free(&mut world);
        in_world.contains(&abi::UNDEFINED)
    }
}

/// Takes over the communicator that MPI_Comm_idup of `parent` will make. Not collective: nobody waits here.
pub fn adopt_idup(parent: Comm, handle: Comm) {
    let (Some(job), Some(parent)) = (job::current(), communicator::get(parent)) else { return };
    let call = parent.idups.fetch_add(1, Ordering::Relaxed);
    let make = || match parent.circle {
        Some(_) => core::ptr::from_ref(Meeting::new(parent.size, tunables::get().flat_max as u32)) as usize,
        None => 0,
    };
    loop {
        if let Some(child) = job.block(0).contexts.of_idup(parent.context, call, parent.members, make) {
            // SAFETY: the first rank to ask made it for this communicator.
            let meeting = unsafe { Meeting::at(child.meeting, parent.size) };
            let circle = meeting.map(|meeting| Circle::new(job, meeting, child.made, parent.rank, parent.world_ranks()));
            return communicator::insert(handle, parent.duplicate(job, child.context, circle));
        }
        engine::progress(); // 256 unfinished calls: some rank is far behind
        std::thread::yield_now();
    }
}
