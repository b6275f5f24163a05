//! The 2-D process grid: which part of the field a rank has, and who its neighbours are.

use std::mem::MaybeUninit;

use anyhow::{Result, ensure};
use mpi::ffi;

use crate::comm::Comm;
use crate::grid::{Block, SIDES, Shape, Side};

/// A rank's place in the process grid, and its neighbours.
pub struct Cart {
    /// The ranks of the grid, numbered row by row.
    pub comm: Comm,
    /// Ranks along rows and columns.
    pub dims: [usize; 2],
    /// By `Side`; None at the border.
    neighbours: [Option<i32>; SIDES.len()],
    size: usize,
}

impl Cart {
    /// Arranges all ranks of `world` with MPI_Dims_create and MPI_Cart_create, for `size` x `size` points.
    ///
    /// # Errors
    /// If a rank would have no point.
    pub fn new(world: ffi::MPI_Comm, ranks: i32, size: usize) -> Result<Self> {
        let (mut dims, periods) = ([0; 2], [0; 2]);
        // SAFETY: two dimensions, and an array of two.
        unsafe { ffi::MPI_Dims_create(ranks, 2, dims.as_mut_ptr()) };
        ensure!(
            dims.iter().all(|&ranks| ranks as usize <= size),
            "--size {size} is smaller than the {} x {} ranks; give a larger one",
            dims[0],
            dims[1]
        );
        let mut comm = MaybeUninit::uninit();
        // SAFETY: as above; every rank calls, as `size` is the same; no reordering, so that rank 0 stays rank 0.
        let comm = Comm::adopt(unsafe {
            ffi::MPI_Cart_create(world, 2, dims.as_ptr(), periods.as_ptr(), 0, comm.as_mut_ptr());
            comm.assume_init()
        });
        let shift = |direction| {
            let (mut previous, mut next) = (0, 0);
            // SAFETY: a Cartesian communicator of two dimensions.
            unsafe { ffi::MPI_Cart_shift(comm.raw(), direction, 1, &raw mut previous, &raw mut next) };
            // SAFETY: a constant of the library.
            [previous, next].map(|rank| (rank != unsafe { ffi::RSMPI_PROC_NULL }).then_some(rank))
        };
        let ([up, down], [left, right]) = (shift(0), shift(1));
        Ok(Self { neighbours: [up, down, left, right], dims: dims.map(|ranks| ranks as usize), comm, size })
    }

    /// Points per side of the whole field.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The rank next to this one, if there is one.
    pub fn neighbour(&self, side: Side) -> Option<i32> {
        self.neighbours[side as usize]
    }

    /// The neighbour as MPI's calls take it.
    pub fn neighbour_or_null(&self, side: Side) -> i32 {
        // SAFETY: a constant of the library.
        self.neighbour(side).unwrap_or(unsafe { ffi::RSMPI_PROC_NULL })
    }

    /// The part of the field that `rank` has.
    pub fn block(&self, rank: i32) -> Block {
        let rank = rank as usize;
        let (top, rows) = part(self.size, self.dims[0], rank / self.dims[1]);
        let (left, columns) = part(self.size, self.dims[1], rank % self.dims[1]);
        Block { top, left, shape: Shape { rows, columns } }
    }

    /// This rank's part.
    pub fn mine(&self) -> Block {
        self.block(self.comm.rank)
    }
}

/// The part `index` of `total` points split over `parts`: its start and length. The first ones get the rest.
fn part(total: usize, parts: usize, index: usize) -> (usize, usize) {
    let (each, rest) = (total / parts, total % parts);
    (index * each + index.min(rest), each + usize::from(index < rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_everything_once() {
        for (total, parts) in [(10, 3), (4, 4), (3, 5), (512, 7)] {
            let mut next = 0;
            for index in 0..parts {
                let (start, length) = part(total, parts, index);
                assert_eq!(start, next);
                next += length;
            }
            assert_eq!(next, total);
        }
    }
}
