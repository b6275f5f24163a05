//! Windows of doubles: memory that MPI allocates, for others to write by MPI_Put or to read where it is.

use std::ffi::c_void;
use std::mem::{ManuallyDrop, MaybeUninit};

use anyhow::{Result, bail};
use mpi::ffi;

use crate::comm::Comm;
use crate::field::Memory;
use crate::memory;

/// Bytes of a number: the windows' unit of displacement.
const UNIT: usize = size_of::<f64>();

/// What a window is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// MPI_Win_allocate.
    Private,
    /// MPI_Win_allocate_shared, each rank's part on pages of its own.
    Shared,
}

/// This rank's part of a window: two arrays, one behind the other.
pub struct Window {
    raw: ffi::MPI_Win,
    memory: *mut f64,
    /// Of one array.
    length: usize,
}

impl Window {
    /// Allocates two arrays of `length` numbers on this rank; all ranks of `comm` call. `node` are those that share this rank's
    /// memory.
    ///
    /// # Errors
    /// On all ranks, if MPI fails to allocate on one, or if what it has allocated is a file that does not fit its file system
    /// (/dev/shm is often small in containers): touching that would kill the rank.
    pub fn new(kind: Kind, comm: &Comm, node: &Comm, length: usize) -> Result<Self> {
        // Freeing is collective, so a rank that has got a window must not free it if another has none.
        let window = Self::allocate(kind, comm, length).map(ManuallyDrop::new);
        let window = comm.agree(window).map(ManuallyDrop::into_inner)?;
        let bytes = node.sum((2 * length * UNIT) as u64);
        comm.agree(memory::fits_its_file(window.memory.addr(), bytes))?;
        Ok(window)
    }

    fn allocate(kind: Kind, comm: &Comm, length: usize) -> Result<Self> {
        let (mut raw, mut memory) = (MaybeUninit::uninit(), std::ptr::null_mut::<c_void>());
        let (bytes, unit) = ((2 * length * UNIT) as ffi::MPI_Aint, UNIT as i32);
        let allocate = match kind {
            Kind::Private => ffi::MPI_Win_allocate,
            Kind::Shared => ffi::MPI_Win_allocate_shared,
        };
        let info = Info::of(kind);
        // SAFETY: all ranks of `comm` call with arguments of the same kind; the address is written through a pointer to a
        // pointer, as MPI asks. Errors are returned for this call only.
        let code = unsafe {
            ffi::MPI_Comm_set_errhandler(comm.raw(), ffi::RSMPI_ERRORS_RETURN);
            let place = (&raw mut memory).cast();
            let code = allocate(bytes, unit, info.0, comm.raw(), place, raw.as_mut_ptr());
            ffi::MPI_Comm_set_errhandler(comm.raw(), ffi::RSMPI_ERRORS_ARE_FATAL);
            code
        };
        if code != ffi::MPI_SUCCESS as i32 {
            bail!(
                "MPI cannot allocate a window of {} (error {code}); give a smaller --size",
                memory::amount(bytes as u64)
            );
        }
        // SAFETY: MPI has succeeded and written it.
        Ok(Self { raw: unsafe { raw.assume_init() }, memory: memory.cast(), length })
    }

    /// The handle.
    pub fn raw(&self) -> ffi::MPI_Win {
        self.raw
    }

    /// Where this rank's memory begins.
    pub fn memory(&self) -> *mut f64 {
        self.memory
    }

    /// Where the memory of another rank of a shared window is for this one.
    pub fn memory_of(&self, rank: i32) -> *const f64 {
        let (mut bytes, mut unit, mut memory) = (0, 0, std::ptr::null_mut::<c_void>());
        // SAFETY: a shared window; MPI writes the three values.
        unsafe {
            let place = (&raw mut memory).cast();
            ffi::MPI_Win_shared_query(self.raw, rank, &raw mut bytes, &raw mut unit, place);
        }
        memory.cast()
    }
}

impl Memory for Window {
    fn array(&self, parity: usize) -> &[f64] {
        // SAFETY: one of the two arrays, zeroed by the kernel or written by this rank. Others write its ghosts between post and
        // wait only, when no such slice lives.
        unsafe { std::slice::from_raw_parts(self.memory.add(parity * self.length), self.length) }
    }

    fn arrays(&mut self, parity: usize) -> (&[f64], &mut [f64]) {
        // SAFETY: the two arrays are disjoint. Other ranks access the first as above, and the second not at all while this rank
        // sweeps: they read its points in the sweeps before and after (`halo::shared`).
        unsafe {
            let next = self.memory.add((parity ^ 1) * self.length);
            let now = self.memory.add(parity * self.length);
            (std::slice::from_raw_parts(now, self.length), std::slice::from_raw_parts_mut(next, self.length))
        }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // SAFETY: made in `allocate`; freed by all ranks, as they agree on errors, and before MPI_Finalize.
        unsafe { ffi::MPI_Win_free(&raw mut self.raw) };
    }
}

/// The hints for a window.
struct Info(ffi::MPI_Info);

impl Info {
    fn of(kind: Kind) -> Self {
        let mut info = MaybeUninit::uninit();
        // SAFETY: MPI writes the handle; both strings end in a zero byte.
        unsafe {
            ffi::MPI_Info_create(info.as_mut_ptr());
            let info = info.assume_init();
            if kind == Kind::Shared {
                ffi::MPI_Info_set(info, c"alloc_shared_noncontig".as_ptr(), c"true".as_ptr());
            }
            Self(info)
        }
    }
}

impl Drop for Info {
    fn drop(&mut self) {
        // SAFETY: made in `of`.
        unsafe { ffi::MPI_Info_free(&raw mut self.0) };
    }
}
