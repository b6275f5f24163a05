//! Windows of MPI_Win_allocate_shared: memory of all ranks of one node that each loads and stores.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use mpi::ffi;

use crate::world::World;

/// A shared window. Making and dropping it are collective.
pub struct SharedWindow<'a> {
    raw: ffi::MPI_Win,
    /// It must be freed before MPI ends.
    world: PhantomData<&'a World>,
}

impl<'a> SharedWindow<'a> {
    /// MPI_Win_allocate_shared of `bytes` on this rank, and nothing else.
    pub fn new(world: &'a World, bytes: usize) -> Self {
        let (mut raw, mut start) = (MaybeUninit::uninit(), std::ptr::null_mut::<u8>());
        // SAFETY: MPI is initialised while a World exists; MPI writes the address and the handle.
        let raw = unsafe {
            let (bytes, start) = (bytes as ffi::MPI_Aint, (&raw mut start).cast());
            ffi::MPI_Win_allocate_shared(bytes, 1, ffi::RSMPI_INFO_NULL, world.comm(), start, raw.as_mut_ptr());
            raw.assume_init()
        };
        Self { raw, world: PhantomData }
    }

    /// Where this rank sees the part of `rank`, and its bytes (MPI_Win_shared_query).
    pub fn part(&self, rank: i32) -> (*mut u8, usize) {
        let (mut bytes, mut unit, mut start) = (0 as ffi::MPI_Aint, 0, std::ptr::null_mut::<u8>());
        // SAFETY: a valid window and rank; MPI writes the three values.
        unsafe {
            let start = (&raw mut start).cast();
            ffi::MPI_Win_shared_query(self.raw, rank, &raw mut bytes, &raw mut unit, start)
        };
        (start, bytes as usize)
    }
}

impl Drop for SharedWindow<'_> {
    fn drop(&mut self) {
        // SAFETY: made in `new`, freed only here, while the World that it borrows keeps MPI initialised.
        unsafe { ffi::MPI_Win_free(&raw mut self.raw) };
    }
}
