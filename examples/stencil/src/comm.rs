//! A communicator, and the few collectives on plain values that this example needs.

use std::mem::MaybeUninit;

use anyhow::{Result, anyhow};
use mpi::ffi;

/// A communicator that is freed when dropped.
pub struct Comm {
    raw: ffi::MPI_Comm,
    /// This process's rank.
    pub rank: i32,
    /// Number of ranks.
    pub size: i32,
}

impl Comm {
    /// Takes over a communicator made by the caller, who must not free it.
    pub fn adopt(raw: ffi::MPI_Comm) -> Self {
        let (mut rank, mut size) = (0, 0);
        // SAFETY: a valid communicator, and two integers for MPI to write.
        unsafe {
            ffi::MPI_Comm_rank(raw, &raw mut rank);
            ffi::MPI_Comm_size(raw, &raw mut size);
        }
        Self { raw, rank, size }
    }

    /// The ranks that can share memory with this one (MPI_COMM_TYPE_SHARED), in the order of their ranks here.
    pub fn node(&self) -> Self {
        let mut node = MaybeUninit::uninit();
        // SAFETY: every rank calls; MPI writes the handle before it is read.
        let node = unsafe {
            let kind = ffi::RSMPI_COMM_TYPE_SHARED;
            ffi::MPI_Comm_split_type(self.raw, kind, self.rank, ffi::RSMPI_INFO_NULL, node.as_mut_ptr());
            node.assume_init()
        };
        Self::adopt(node)
    }

    /// The handle.
    pub fn raw(&self) -> ffi::MPI_Comm {
        self.raw
    }

    /// Waits for all ranks.
    pub fn barrier(&self) {
        // SAFETY: a valid communicator.
        unsafe { ffi::MPI_Barrier(self.raw) };
    }

    /// The sum over all ranks, modulo 2^64.
    pub fn sum(&self, value: u64) -> u64 {
        // SAFETY: a constant of the library.
        self.reduce(value, unsafe { ffi::RSMPI_SUM })
    }

    /// The smallest value of all ranks; they must be below 2^63, since MPICH 4.0.2 compares unsigned numbers as signed ones.
    pub fn least(&self, value: u64) -> u64 {
        // SAFETY: a constant of the library.
        self.reduce(value, unsafe { ffi::RSMPI_MIN })
    }

    /// The largest value of all ranks, below 2^63 as for `least`.
    pub fn most(&self, value: u64) -> u64 {
        // SAFETY: a constant of the library.
        self.reduce(value, unsafe { ffi::RSMPI_MAX })
    }

    fn reduce(&self, value: u64, op: ffi::MPI_Op) -> u64 {
        let mut result = 0u64;
        let (from, to) = ((&raw const value).cast(), (&raw mut result).cast());
        // SAFETY: two distinct 64-bit integers, alive during the call.
        unsafe { ffi::MPI_Allreduce(from, to, 1, ffi::RSMPI_UINT64_T, op, self.raw) };
        result
    }

    /// Every rank's value, by rank.
    pub fn all(&self, value: u64) -> Vec<u64> {
        let mut values = vec![0u64; self.size as usize];
        let from = (&raw const value).cast();
        // SAFETY: one 64-bit integer from each rank, into a vector that has room for one of each.
        unsafe {
            let word = ffi::RSMPI_UINT64_T;
            ffi::MPI_Allgather(from, 1, word, values.as_mut_ptr().cast(), 1, word, self.raw);
        }
        values
    }

    /// Adds the slices of all ranks, which are equally long, on rank 0; the others' are unchanged.
    pub fn sum_to_root(&self, values: &mut [f64]) {
        let mut result = vec![0.0; if self.rank == 0 { values.len() } else { 0 }];
        // SAFETY: two slices of as many doubles; MPI reads the second on rank 0 only.
        unsafe {
            let (from, to) = (values.as_ptr().cast(), result.as_mut_ptr().cast());
            ffi::MPI_Reduce(from, to, values.len() as i32, ffi::RSMPI_DOUBLE, ffi::RSMPI_SUM, 0, self.raw);
        }
        if self.rank == 0 {
            values.copy_from_slice(&result);
        }
    }

    /// Succeeds if all ranks do, so that none waits for one that has given up.
    ///
    /// # Errors
    /// The error of the lowest rank that has one, on every rank.
    pub fn agree<T>(&self, mine: Result<T>) -> Result<T> {
        // The lowest rank that has failed; one too many if there is none.
        let failed = self.least(if mine.is_err() { self.rank } else { self.size } as u64);
        if failed == self.size as u64 {
            return mine;
        }
        let mut text = mine.err().map_or_else(String::new, |why| format!("{why:#}")).into_bytes();
        let length = self.sum(if failed == self.rank as u64 { text.len() as u64 } else { 0 });
        text.resize(length as usize, 0);
        // SAFETY: `length` bytes on every rank; `failed` is a rank.
        unsafe {
            let data = text.as_mut_ptr().cast();
            ffi::MPI_Bcast(data, length as i32, ffi::RSMPI_UINT8_T, failed as i32, self.raw);
        }
        Err(anyhow!("{}", String::from_utf8_lossy(&text)))
    }
}

impl Drop for Comm {
    fn drop(&mut self) {
        // SAFETY: owned by this value, which `main` drops before MPI_Finalize.
        unsafe { ffi::MPI_Comm_free(&raw mut self.raw) };
    }
}
