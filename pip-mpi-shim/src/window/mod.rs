//! Windows (MPI-4.0 chapter 12): a rank reaches its peers' memory by plain loads, stores and atomics where they share this address
//! space, so every such operation is complete when its call returns. What goes to other spaces is in [`remote`].
//!
//! Behind each window stands one of the MPI library on this process alone: it keeps what has nothing to do with memory, such
//! as attributes, names, info and error handlers, and reports wrong arguments and calls outside of epochs, since it never
//! has an epoch open.

mod accumulating;
mod attributes;
mod bulk;
mod creating;
pub mod elements;
mod epochs;
mod exposure;
mod failure;
mod locking;
mod memory;
mod moving;
mod remote;
mod shared;
mod target;

pub use accumulating::{Update, accumulate, compare_and_swap, fetch_and_op, get_accumulate};
pub use attributes::{attribute, fortran_attribute, group, shared_query};
pub use creating::{Segment, allocate, allocate_shared, create, create_dynamic, free};
pub use epochs::{fence, flush, flush_all, flush_local, flush_local_all, sync};
pub use exposure::{complete, post, start, test, wait};
pub use locking::{lock, lock_all, unlock, unlock_all};
pub use moving::{Transfer, get, put};
pub use remote::{Desk, Moving, attend, dispatch, moved};
pub use shared::Guard;
pub use target::{Answer, refuse};

use crate::abi::{self, Group, Win};
use crate::communicator::{self, Communicator};
use crate::completion;
use crate::handles::Handles;
use crate::job::{self, Job};
use crate::waiting;
use core::ffi::c_int;
use core::sync::atomic::{AtomicU64, Ordering, fence as memory_fence};
use epochs::Epochs;
use memory::Memory;
use remote::Remote;
use shared::Header;

/// How a window came to be; the value of MPI_WIN_CREATE_FLAVOR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Flavor {
    Create = 1,
    Allocate = 2,
    Dynamic = 3,
    Shared = 4,
}

/// What a rank lets its peers reach.
#[derive(Debug, Clone, Copy)]
struct Part {
    /// In that rank's address space.
    base: *mut u8,
    bytes: usize,
    /// Bytes per unit of displacement.
    unit: i64,
}

/// One rank's view of a window.
#[derive(Debug)]
pub struct Window {
    job: &'static Job,
    /// The MPI library's window, whose handle is also this one's.
    handle: Win,
    flavor: Flavor,
    /// What the ranks of this address space share, in the memory of the first of them.
    header: &'static Header,
    rank: u32,
    parts: Box<[Part]>,
    /// Ranks in MPI_COMM_WORLD.
    world: Box<[u32]>,
    group: Group,
    epochs: Epochs,
    /// Barriers that this rank has entered.
    barriers: AtomicU64,
    attributes: attributes::Values,
    /// None if all ranks are in this address space.
    remote: Option<Box<Remote>>,
    /// What this rank has allocated for the window.
    _memory: Option<Memory>,
}

// SAFETY: everything that changes is atomic or behind a lock; parts are memory that the program shares on purpose.
unsafe impl Send for Window {}
// SAFETY: as above.
unsafe impl Sync for Window {}

static WINDOWS: Handles<Window> = Handles::new();

/// The window of a handle, unless it is the MPI library's affair. It is there until the program frees it.
#[inline]
fn window(handle: Win) -> Option<&'static Window> {
    WINDOWS.get(handle)
}

impl Window {
    fn size(&self) -> u32 {
        self.parts.len() as u32
    }

    /// Tells ranks of the window in this address space that something they may wait for has happened.
    fn notify(&self, ranks: impl IntoIterator<Item = u32>) {
        for rank in ranks {
            let world = self.world[rank as usize];
            if world != self.job.rank && self.job.is_local(world) {
                waiting::notify(self.job, self.job.block(world));
            }
        }
    }

    fn notify_all(&self) {
        self.notify(0..self.size());
    }

    /// Waits until all ranks of the window have entered.
    fn barrier(&self) {
        let number = self.barriers.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(remote) = &self.remote {
            return self.barrier_of_spaces(remote, number);
        }
        let target = number * u64::from(self.size());
        if self.header.arrivals.fetch_add(1, Ordering::AcqRel) + 1 == target {
            self.notify_all();
        } else {
            completion::wait_until(None, || self.header.arrivals.load(Ordering::Acquire) >= target);
        }
    }
}

/// Orders everything before against everything after, for all ranks: their loads and stores need nothing else to be complete.
#[inline]
fn order() {
    memory_fence(Ordering::SeqCst);
}

/// The job and the communicator, if a window of `comm` is the shim's affair, which all its ranks find alike. In a job of one rank
/// without MPI_Init there can be no window behind it: MPICH makes none there.
fn owner_of(comm: abi::Comm) -> Option<(&'static Job, &'static Communicator)> {
    let communicator = communicator::get(comm)?;
    if !communicator::is_world_model() && job::current()?.size() == 1 {
        return None;
    }
    let mut inter = 0;
    // SAFETY: a communicator of the program; the result goes to a local.
    unsafe { crate::real::Comm_test_inter(comm, &mut inter) };
    if inter == 0 { Some((job::current()?, communicator)) } else { None }
}

/// Answer of a call that can only succeed.
const DONE: Option<c_int> = Some(abi::SUCCESS);
