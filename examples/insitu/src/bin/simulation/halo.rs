//! The MPI of the solver: the communicator of the simulation alone, and the exchange of ghost rows on it.

use crate::solver::Part;
use mpi::ffi;
use std::mem::MaybeUninit;
use std::time::Duration;

/// The ranks of the simulation, in a ring.
pub struct Ring {
    comm: ffi::MPI_Comm,
    /// This rank among them.
    pub rank: usize,
    /// Their number.
    pub size: usize,
}

impl Ring {
    /// `comm`: of this program's ranks alone; freed with this.
    pub fn new(comm: ffi::MPI_Comm) -> Ring {
        let (mut rank, mut size) = (0, 0);
        // SAFETY: a valid communicator, and two integers to fill.
        unsafe {
            ffi::MPI_Comm_rank(comm, &raw mut rank);
            ffi::MPI_Comm_size(comm, &raw mut size);
        }
        Ring { comm, rank: rank as usize, size: size as usize }
    }

    /// Fills the ghosts of an array from its inner points: columns here, rows from the neighbours.
    pub fn fill_ghosts(&self, part: &Part, array: &mut [f64]) {
        let (stride, rows) = (part.stride(), part.rows.len());
        for line in array.chunks_exact_mut(stride).skip(1).take(rows) {
            (line[0], line[stride - 1]) = (line[stride - 2], line[1]);
        }
        let (up, down) = ((self.rank + self.size - 1) % self.size, (self.rank + 1) % self.size);
        self.shift(array, stride, (1, up), (rows + 1, down));
        self.shift(array, stride, (rows, down), (0, up));
    }

    /// Sends a line to a rank, and receives another line from one.
    fn shift(&self, array: &mut [f64], stride: usize, (line, to): (usize, usize), (ghost, from): (usize, usize)) {
        assert!(line != ghost && line.max(ghost) < array.len() / stride);
        let data = array.as_mut_ptr();
        let mut status = MaybeUninit::<ffi::MPI_Status>::uninit();
        let (count, tag) = (stride as i32, 0);
        // SAFETY: two different lines of an array that is borrowed exclusively, each of `stride` doubles.
        unsafe {
            let (double, comm) = (ffi::RSMPI_DOUBLE, self.comm);
            let (out, into) = (data.add(line * stride).cast(), data.add(ghost * stride).cast());
            let (to, from) = (to as i32, from as i32);
            ffi::MPI_Sendrecv(out, count, double, to, tag, into, count, double, from, tag, comm, status.as_mut_ptr());
        }
    }

    /// Waits for all ranks of the simulation.
    pub fn barrier(&self) {
        // SAFETY: a valid communicator.
        unsafe { ffi::MPI_Barrier(self.comm) };
    }

    /// The longest of the ranks' times.
    pub fn longest(&self, time: Duration) -> Duration {
        let (own, mut longest) = (time.as_secs_f64(), 0.0);
        // SAFETY: two doubles that live during the call.
        unsafe {
            let (double, max) = (ffi::RSMPI_DOUBLE, ffi::RSMPI_MAX);
            ffi::MPI_Allreduce((&raw const own).cast(), (&raw mut longest).cast(), 1, double, max, self.comm);
        }
        Duration::from_secs_f64(longest)
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: ours, and MPI is still initialised: `main` keeps it so for longer.
        unsafe { ffi::MPI_Comm_free(&raw mut self.comm) };
    }
}
