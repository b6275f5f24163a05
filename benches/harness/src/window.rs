//! A window between two processes: its memory, the one-sided calls that the benchmarks time, and the epochs around them.
//!
//! As in [`crate::World`], each method is one `MPI_*` call, inlined, and return codes are not looked at: a window's error
//! handler is MPI_ERRORS_ARE_FATAL until somebody changes it.

use std::ffi::c_void;
use std::mem::MaybeUninit;

use mpi::ffi;

use crate::buffers::{Buffer, page_size};
use crate::datatype::Datatype;
use crate::world::World;

/// Which call makes the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    /// MPI_Win_create, of memory that was allocated before.
    Create,
    /// MPI_Win_allocate.
    Allocate,
    /// MPI_Win_create_dynamic, with one attached piece of memory.
    Dynamic,
}

/// The mode of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// MPI_LOCK_SHARED
    Shared,
    /// MPI_LOCK_EXCLUSIVE
    Exclusive,
}

impl Lock {
    fn raw(self) -> i32 {
        match self {
            Lock::Shared => ffi::MPI_LOCK_SHARED as i32,
            Lock::Exclusive => ffi::MPI_LOCK_EXCLUSIVE as i32,
        }
    }
}

/// A window of the same number of bytes on both ranks of a world of two. Making and dropping it are collective.
pub struct Window<'a> {
    raw: ffi::MPI_Win,
    world: &'a World,
    /// The other rank, and the group that it is alone in.
    peer: i32,
    group: ffi::MPI_Group,
    /// What MPI calls the first byte of the peer's memory.
    origin: ffi::MPI_Aint,
    creation: Creation,
    memory: *mut u8,
    len: usize,
    /// The memory, where MPI did not allocate it. It is used through `memory` only.
    _own: Option<Buffer>,
}

impl<'a> Window<'a> {
    /// Makes a window of `len` bytes (at least 1), each `fill`: pages that nobody has written would make reads of them faster
    /// than any memory is. It has at least a page: accumulates to windows of a few bytes from MPI_Win_allocate end in another
    /// rank's part in MPICH 4.0.2.
    ///
    /// # Errors
    /// On all ranks, when the memory of one is short. MPI's own errors end the job.
    pub fn new(world: &'a World, creation: Creation, len: usize, fill: u8) -> Result<Self, String> {
        debug_assert!(world.size() == 2 && len > 0);
        let len = len.max(page_size());
        let own = match creation {
            Creation::Allocate => None,
            Creation::Create | Creation::Dynamic => Some(world.agree(Buffer::filled(len, fill))?),
        };
        let mut memory = own.as_ref().map_or(std::ptr::null_mut(), Buffer::start);
        let (mut raw, bytes, peer) = (MaybeUninit::uninit(), len as ffi::MPI_Aint, 1 - world.rank());
        // SAFETY: MPI is initialised while a World exists, and the communicator is valid; `memory` has `len` bytes that live as
        // long as the window (`own` is dropped after it), or is where MPI puts an address; MPI writes the handle.
        let raw = unsafe {
            let (info, comm) = (ffi::RSMPI_INFO_NULL, world.comm());
            match creation {
                Creation::Create => ffi::MPI_Win_create(memory.cast(), bytes, 1, info, comm, raw.as_mut_ptr()),
                Creation::Allocate => {
                    ffi::MPI_Win_allocate(bytes, 1, info, comm, (&raw mut memory).cast(), raw.as_mut_ptr())
                }
                Creation::Dynamic => ffi::MPI_Win_create_dynamic(info, comm, raw.as_mut_ptr()),
            };
            raw.assume_init()
        };
        let mut origin = 0;
        match creation {
            Creation::Create => {}
            // SAFETY: MPI has allocated `len` bytes at `memory`, and nobody uses them before the barrier.
            Creation::Allocate => unsafe { memory.write_bytes(fill, len) },
            Creation::Dynamic => {
                const SIZE: usize = size_of::<ffi::MPI_Aint>();
                let (mut address, mut theirs) = (0 as ffi::MPI_Aint, [0; SIZE]);
                // SAFETY: a valid window, and `len` bytes at `memory` that stay attached until `drop` detaches them.
                unsafe {
                    ffi::MPI_Win_attach(raw, memory.cast(), bytes);
                    ffi::MPI_Get_address(memory.cast::<c_void>().cast_const(), &raw mut address);
                }
                world.sendrecv(&address.to_ne_bytes(), peer, &mut theirs, peer, SIZE as i32, 1);
                origin = ffi::MPI_Aint::from_ne_bytes(theirs);
            }
        }
        world.barrier();
        Ok(Self { raw, world, peer, group: group_of(world, peer), origin, creation, memory, len, _own: own })
    }

    /// This rank's memory, from its start.
    ///
    /// # Safety
    /// The peer neither reads nor writes it while the slice is used: both ranks have agreed on that by a barrier or an epoch.
    pub unsafe fn memory(&mut self) -> &mut [u8] {
        // SAFETY: `len` initialised bytes that live as long as the window, exclusive by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.memory, self.len) }
    }

    /// MPI_Put of `count` elements at `data`, to `offset` bytes behind the start of the peer's memory.
    ///
    /// # Safety
    /// An access epoch to the peer is open. The elements are there, and fit into the window; nobody writes them before the
    /// operation is completed, here and at the peer.
    #[inline(always)]
    pub unsafe fn put(&self, data: *const u8, offset: usize, count: i32, datatype: &Datatype) {
        let (kind, to) = (datatype.raw(), self.at(offset));
        // SAFETY: the caller's promise.
        unsafe { ffi::MPI_Put(data.cast(), count, kind, self.peer, to, count, kind, self.raw) };
    }

    /// MPI_Get of `count` elements to `data`, from `offset` bytes behind the start of the peer's memory.
    ///
    /// # Safety
    /// As for [`Window::put`], and nobody reads `data` before the operation is completed.
    #[inline(always)]
    pub unsafe fn get(&self, data: *mut u8, offset: usize, count: i32, datatype: &Datatype) {
        let (kind, from) = (datatype.raw(), self.at(offset));
        // SAFETY: the caller's promise.
        unsafe { ffi::MPI_Get(data.cast(), count, kind, self.peer, from, count, kind, self.raw) };
    }

    /// MPI_Accumulate with MPI_SUM of `count` elements at `data` to the start of the peer's memory.
    ///
    /// # Safety
    /// As for [`Window::put`].
    #[inline(always)]
    pub unsafe fn accumulate(&self, data: *const u8, count: i32, datatype: &Datatype) {
        let (kind, to) = (datatype.raw(), self.at(0));
        // SAFETY: the caller's promise; the operation is a constant of rsmpi's C part.
        unsafe {
            ffi::MPI_Accumulate(data.cast(), count, kind, self.peer, to, count, kind, ffi::RSMPI_SUM, self.raw);
        }
    }

    /// The same, and what was there before goes to `result` (MPI_Get_accumulate).
    ///
    /// # Safety
    /// As for [`Window::put`] and, of `result`, [`Window::get`].
    #[inline(always)]
    pub unsafe fn get_accumulate(&self, data: *const u8, result: *mut u8, count: i32, datatype: &Datatype) {
        let (kind, to) = (datatype.raw(), self.at(0));
        // SAFETY: the caller's promise; the operation is a constant of rsmpi's C part.
        unsafe {
            let (data, result, sum) = (data.cast(), result.cast(), ffi::RSMPI_SUM);
            ffi::MPI_Get_accumulate(data, count, kind, result, count, kind, self.peer, to, count, kind, sum, self.raw);
        }
    }

    /// MPI_Fetch_and_op with MPI_SUM of the element at `data`; what was there before goes to `result`.
    ///
    /// # Safety
    /// As for [`Window::get_accumulate`].
    #[inline(always)]
    pub unsafe fn fetch_and_add(&self, data: *const u8, result: *mut u8, datatype: &Datatype) {
        let (data, result, to) = (data.cast(), result.cast(), self.at(0));
        // SAFETY: the caller's promise; the operation is a constant of rsmpi's C part.
        unsafe { ffi::MPI_Fetch_and_op(data, result, datatype.raw(), self.peer, to, ffi::RSMPI_SUM, self.raw) };
    }

    /// MPI_Compare_and_swap: the element at `data` replaces one that equals that at `compare`; what was there before goes to
    /// `result`.
    ///
    /// # Safety
    /// As for [`Window::get_accumulate`]; the datatype is an integer's.
    #[inline(always)]
    pub unsafe fn compare_and_swap(&self, data: *const u8, compare: *const u8, result: *mut u8, datatype: &Datatype) {
        let (data, compare, result, to) = (data.cast(), compare.cast(), result.cast(), self.at(0));
        // SAFETY: the caller's promise.
        unsafe { ffi::MPI_Compare_and_swap(data, compare, result, datatype.raw(), self.peer, to, self.raw) };
    }

    /// MPI_Win_lock of the peer.
    #[inline(always)]
    pub fn lock(&self, lock: Lock) {
        // SAFETY: a valid window and rank.
        unsafe { ffi::MPI_Win_lock(lock.raw(), self.peer, 0, self.raw) };
    }

    /// MPI_Win_unlock of the peer.
    #[inline(always)]
    pub fn unlock(&self) {
        // SAFETY: a valid window and rank.
        unsafe { ffi::MPI_Win_unlock(self.peer, self.raw) };
    }

    /// MPI_Win_lock of this rank's own memory, exclusively.
    pub fn lock_own(&self) {
        // SAFETY: a valid window and rank.
        unsafe { ffi::MPI_Win_lock(Lock::Exclusive.raw(), self.world.rank(), 0, self.raw) };
    }

    /// MPI_Win_unlock of this rank's own memory.
    pub fn unlock_own(&self) {
        // SAFETY: a valid window and rank.
        unsafe { ffi::MPI_Win_unlock(self.world.rank(), self.raw) };
    }

    /// MPI_Win_flush of the peer.
    #[inline(always)]
    pub fn flush(&self) {
        // SAFETY: a valid window and rank.
        unsafe { ffi::MPI_Win_flush(self.peer, self.raw) };
    }

    /// MPI_Win_flush_local of the peer.
    #[inline(always)]
    pub fn flush_local(&self) {
        // SAFETY: a valid window and rank.
        unsafe { ffi::MPI_Win_flush_local(self.peer, self.raw) };
    }

    /// MPI_Win_start towards the peer.
    #[inline(always)]
    pub fn start(&self) {
        // SAFETY: a valid window and group.
        unsafe { ffi::MPI_Win_start(self.group, 0, self.raw) };
    }

    /// MPI_Win_post towards the peer.
    #[inline(always)]
    pub fn post(&self) {
        // SAFETY: a valid window and group.
        unsafe { ffi::MPI_Win_post(self.group, 0, self.raw) };
    }

    #[inline(always)]
    fn at(&self, offset: usize) -> ffi::MPI_Aint {
        self.origin + offset as ffi::MPI_Aint
    }
}

/// Methods that are a call without arguments.
macro_rules! calls {
    ($($name:ident $call:ident $($argument:literal)?;)*) => {
        impl Window<'_> {
            $(
                #[doc = stringify!($call)]
                #[inline(always)]
                pub fn $name(&self) {
                    // SAFETY: a valid window.
                    unsafe { ffi::$call($($argument,)? self.raw) };
                }
            )*
        }
    };
}

calls! {
    lock_all MPI_Win_lock_all 0;
    unlock_all MPI_Win_unlock_all;
    fence MPI_Win_fence 0;
    complete MPI_Win_complete;
    wait MPI_Win_wait;
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        // SAFETY: made in `new`, freed only here, while the World that it borrows keeps MPI initialised; the memory is there.
        unsafe {
            ffi::MPI_Group_free(&raw mut self.group);
            if self.creation == Creation::Dynamic {
                // Nobody may detach what the peer still writes.
                self.world.barrier();
                ffi::MPI_Win_detach(self.raw, self.memory.cast());
            }
            ffi::MPI_Win_free(&raw mut self.raw);
        }
    }
}

/// The group of `rank` alone.
fn group_of(world: &World, rank: i32) -> ffi::MPI_Group {
    let (mut all, mut one) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: a valid communicator and a rank of it; MPI writes the handles before they are read.
    unsafe {
        ffi::MPI_Comm_group(world.comm(), all.as_mut_ptr());
        ffi::MPI_Group_incl(all.assume_init(), 1, &raw const rank, one.as_mut_ptr());
        ffi::MPI_Group_free(all.as_mut_ptr());
        one.assume_init()
    }
}
