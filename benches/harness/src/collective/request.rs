//! One request of a non-blocking or persistent operation.

use std::mem::MaybeUninit;

use mpi::ffi;

/// A request, or none.
pub struct Pending {
    raw: ffi::MPI_Request,
}

impl Default for Pending {
    fn default() -> Self {
        // SAFETY: a constant of rsmpi's C part.
        Self { raw: unsafe { ffi::RSMPI_REQUEST_NULL } }
    }
}

impl Pending {
    /// Where MPI writes the handle.
    #[inline(always)]
    pub fn raw(&mut self) -> *mut ffi::MPI_Request {
        &raw mut self.raw
    }

    /// MPI_Wait.
    #[inline(always)]
    pub fn wait(&mut self) {
        let mut status = MaybeUninit::<ffi::MPI_Status>::uninit();
        // SAFETY: a valid request; MPI writes the status.
        unsafe { ffi::MPI_Wait(&raw mut self.raw, status.as_mut_ptr()) };
    }

    /// MPI_Test.
    #[inline(always)]
    pub fn test(&mut self) -> bool {
        let (mut status, mut done) = (MaybeUninit::<ffi::MPI_Status>::uninit(), 0);
        // SAFETY: a valid request; MPI writes the flag and the status.
        unsafe { ffi::MPI_Test(&raw mut self.raw, &raw mut done, status.as_mut_ptr()) };
        done != 0
    }

    /// MPI_Start of a persistent request.
    #[inline(always)]
    pub fn restart(&mut self) {
        // SAFETY: the callers' request is persistent and inactive.
        unsafe { ffi::MPI_Start(&raw mut self.raw) };
    }

    /// MPI_Request_free of a persistent request that is not active, if there is one.
    pub fn free(&mut self) {
        // SAFETY: a constant of rsmpi's C part; a valid request, which MPI replaces by none.
        unsafe {
            if self.raw != ffi::RSMPI_REQUEST_NULL {
                ffi::MPI_Request_free(&raw mut self.raw);
            }
        }
    }
}
