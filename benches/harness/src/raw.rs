//! Calls with pointers instead of slices, for buffers of which each repetition uses another part.

use std::mem::MaybeUninit;

use mpi::ffi;

use crate::world::{Part, World};

/// Whatever rank sent it.
pub fn any_source() -> i32 {
    // SAFETY: a constant of rsmpi's C part.
    unsafe { ffi::RSMPI_ANY_SOURCE }
}

impl World {
    /// MPI_Send.
    ///
    /// # Safety
    /// `data` holds the elements, and nobody writes them during the call.
    #[inline(always)]
    pub unsafe fn send_at(&self, data: *const u8, part: Part<'_>, to: i32, tag: i32) {
        // SAFETY: the caller's promise.
        unsafe { ffi::MPI_Send(data.cast(), part.count, part.datatype.raw(), to, tag, self.comm()) };
    }

    /// MPI_Recv.
    ///
    /// # Safety
    /// `data` has room for the elements, and nobody else uses them during the call.
    #[inline(always)]
    pub unsafe fn recv_at(&self, data: *mut u8, part: Part<'_>, from: i32, tag: i32) {
        let mut status = MaybeUninit::<ffi::MPI_Status>::uninit();
        let status = status.as_mut_ptr();
        // SAFETY: the caller's promise; MPI writes the status.
        unsafe { ffi::MPI_Recv(data.cast(), part.count, part.datatype.raw(), from, tag, self.comm(), status) };
    }

    /// MPI_Sendrecv of the same number of elements each way.
    ///
    /// # Safety
    /// As for [`World::send_at`] and [`World::recv_at`]; the places do not overlap.
    #[inline(always)]
    pub unsafe fn sendrecv_at(&self, data: *const u8, to: i32, into: *mut u8, from: i32, part: Part<'_>, tag: i32) {
        let mut status = MaybeUninit::<ffi::MPI_Status>::uninit();
        let (Part { count, datatype }, status) = (part, status.as_mut_ptr());
        let (kind, comm) = (datatype.raw(), self.comm());
        // SAFETY: the caller's promise; MPI writes the status.
        unsafe {
            ffi::MPI_Sendrecv(data.cast(), count, kind, to, tag, into.cast(), count, kind, from, tag, comm, status)
        };
    }

    /// MPI_Reduce_local with MPI_SUM: adds the elements at `data` to those at `into`.
    ///
    /// # Safety
    /// As for [`World::sendrecv_at`].
    #[inline(always)]
    pub unsafe fn reduce_local(&self, data: *const u8, into: *mut u8, part: Part<'_>) {
        // SAFETY: the caller's promise; the operation is a constant of rsmpi's C part.
        unsafe { ffi::MPI_Reduce_local(data.cast(), into.cast(), part.count, part.datatype.raw(), ffi::RSMPI_SUM) };
    }

    /// MPI_Reduce with MPI_SUM to `root`.
    ///
    /// # Safety
    /// As for [`World::sendrecv_at`]. All ranks call.
    #[inline(always)]
    pub unsafe fn reduce_at(&self, data: *const u8, into: *mut u8, part: Part<'_>, root: i32) {
        let (kind, comm) = (part.datatype.raw(), self.comm());
        // SAFETY: the caller's promise; the operation is a constant of rsmpi's C part.
        unsafe { ffi::MPI_Reduce(data.cast(), into.cast(), part.count, kind, ffi::RSMPI_SUM, root, comm) };
    }

    /// MPI_Bcast from `root`.
    ///
    /// # Safety
    /// As for [`World::recv_at`]. All ranks call.
    #[inline(always)]
    pub unsafe fn broadcast_at(&self, data: *mut u8, part: Part<'_>, root: i32) {
        // SAFETY: the caller's promise.
        unsafe { ffi::MPI_Bcast(data.cast(), part.count, part.datatype.raw(), root, self.comm()) };
    }
}
