//! The field at the resolution of a picture, gathered from all ranks: each cell is the mean of the points that it covers.

use crate::comm::Comm;
use crate::grid::Block;

/// Cells per side at most.
pub const CELLS: usize = 576;

/// A square of cells, row by row.
pub struct Picture {
    /// Cells per side.
    pub side: usize,
    /// The means.
    pub cells: Vec<f64>,
}

impl Picture {
    /// Gathers the parts of a field of `size` x `size` points on rank 0; all ranks call. `points` are those of `block`.
    pub fn gather(comm: &Comm, block: Block, size: usize, points: &[f64]) -> Option<Self> {
        let side = size.min(CELLS);
        let mut cells = vec![0.0; side * side];
        let cell = |point: usize| point * side / size;
        for row in 0..block.shape.rows {
            let line = &mut cells[cell(block.top + row) * side..][..side];
            for (column, point) in (block.left..).zip(block.shape.row(points, row)) {
                line[cell(column)] += point;
            }
        }
        comm.sum_to_root(&mut cells);
        // Cells differ by one in how many rows and columns they cover.
        let covered = |index: usize| ((index + 1) * size).div_ceil(side) - (index * size).div_ceil(side);
        for (index, value) in cells.iter_mut().enumerate() {
            *value /= (covered(index / side) * covered(index % side)) as f64;
        }
        (comm.rank == 0).then_some(Self { side, cells })
    }

    /// From the smallest value to the largest one, or to a degree more if they are the same.
    pub fn range(&self) -> (f64, f64) {
        let low = self.cells.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self.cells.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (low, if high > low { high } else { low + 1.0 })
    }
}
