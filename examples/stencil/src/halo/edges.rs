//! The datatypes of a rectangle's edges: a row is contiguous, a column is a vector of single points.

use std::mem::MaybeUninit;

use mpi::ffi;

use crate::grid::{Shape, Side};

/// The edges, and the ghosts beyond them, of one shape.
pub struct Edges {
    shape: Shape,
    column: ffi::MPI_Datatype,
}

impl Edges {
    /// Commits the datatype of a column (MPI_Type_vector).
    pub fn new(shape: Shape) -> Self {
        let mut column = MaybeUninit::uninit();
        // SAFETY: MPI writes the handle, which is then committed; rows and columns fit an int (`options`).
        let column = unsafe {
            let (rows, stride) = (shape.rows as i32, shape.stride() as i32);
            ffi::MPI_Type_vector(rows, 1, stride, ffi::RSMPI_DOUBLE, column.as_mut_ptr());
            let mut column = column.assume_init();
            ffi::MPI_Type_commit(&raw mut column);
            column
        };
        Self { shape, column }
    }

    /// What an edge, or the ghosts beside it, is to MPI: count and datatype.
    pub fn datatype(&self, side: Side) -> (i32, ffi::MPI_Datatype) {
        if side.is_column() {
            (1, self.column)
        } else {
            // SAFETY: a constant of the library.
            (self.shape.columns as i32, unsafe { ffi::RSMPI_DOUBLE })
        }
    }
}

impl Drop for Edges {
    fn drop(&mut self) {
        // SAFETY: committed in `new`, freed only here, before MPI_Finalize: a variant ends before `run` does.
        unsafe { ffi::MPI_Type_free(&raw mut self.column) };
    }
}
