//! The 2-D process grid and the halo exchange: the MPI of this example.

use std::mem::MaybeUninit;

use mpi::ffi;

use crate::grid::Grid;

const ROWS: i32 = 0;
const COLUMNS: i32 = 1;

/// A rank's place in the process grid, and its neighbours.
pub struct Cart {
    comm: ffi::MPI_Comm,
    /// Rank in the process grid.
    pub rank: i32,
    /// Ranks along rows and columns.
    pub dims: [i32; 2],
    /// Neighbours (previous, next) along rows and columns; MPI_PROC_NULL at the border.
    neighbours: [(i32, i32); 2],
}

impl Cart {
    /// Arranges all ranks of `world` with MPI_Dims_create and MPI_Cart_create.
    pub fn new(world: ffi::MPI_Comm, size: i32) -> Self {
        let (mut dims, periods) = ([0; 2], [0; 2]);
        let mut comm = MaybeUninit::uninit();
        let mut rank = 0;
        // SAFETY: two dimensions, and arrays of two; every rank calls; no reordering, so that rank 0 stays rank 0.
        let comm = unsafe {
            ffi::MPI_Dims_create(size, 2, dims.as_mut_ptr());
            ffi::MPI_Cart_create(world, 2, dims.as_ptr(), periods.as_ptr(), 0, comm.as_mut_ptr());
            let comm = comm.assume_init();
            ffi::MPI_Comm_rank(comm, &raw mut rank);
            comm
        };
        let neighbours = [ROWS, COLUMNS].map(|direction| {
            let (mut previous, mut next) = (0, 0);
            // SAFETY: a Cartesian communicator of two dimensions.
            unsafe { ffi::MPI_Cart_shift(comm, direction, 1, &raw mut previous, &raw mut next) };
            (previous, next)
        });
        Self { comm, rank, dims, neighbours }
    }

    /// The place of `rank` in the process grid: MPI numbers row by row.
    pub fn place(&self, rank: i32) -> (usize, usize) {
        ((rank / self.dims[1]) as usize, (rank % self.dims[1]) as usize)
    }

    /// The communicator.
    pub fn comm(&self) -> ffi::MPI_Comm {
        self.comm
    }
}

impl Drop for Cart {
    fn drop(&mut self) {
        // SAFETY: created in `new`, freed only here, before MPI_Finalize: `main` drops it first.
        unsafe { ffi::MPI_Comm_free(&raw mut self.comm) };
    }
}

/// The datatypes of a grid's edges: a row is contiguous, a column is a vector of single points.
pub struct Halo {
    column: ffi::MPI_Datatype,
    point: ffi::MPI_Datatype,
}

impl Halo {
    /// Commits the datatype for columns of `grid` (MPI_Type_vector).
    pub fn new(grid: &Grid) -> Self {
        let (rows, _) = grid.shape();
        let mut column = MaybeUninit::uninit();
        // SAFETY: MPI writes the handle, which is then committed.
        unsafe {
            let point = ffi::RSMPI_DOUBLE;
            ffi::MPI_Type_vector(rows as i32, 1, grid.stride() as i32, point, column.as_mut_ptr());
            let mut column = column.assume_init();
            ffi::MPI_Type_commit(&raw mut column);
            Self { column, point }
        }
    }

    /// Sends the four edges to the neighbours and receives theirs into the ghosts, by four MPI_Sendrecv.
    pub fn exchange(&self, cart: &Cart, grid: &mut Grid) {
        let (rows, columns) = grid.shape();
        let [(up, down), (left, right)] = cart.neighbours;
        let row = (self.point, columns as i32);
        let column = (self.column, 1);
        let steps = [
            (grid.index(1, 1), up, grid.index(rows + 1, 1), down, row),
            (grid.index(rows, 1), down, grid.index(0, 1), up, row),
            (grid.index(1, 1), left, grid.index(1, columns + 1), right, column),
            (grid.index(1, columns), right, grid.index(1, 0), left, column),
        ];
        let memory = grid.memory();
        for (tag, (edge, to, ghost, from, (datatype, count))) in steps.into_iter().enumerate() {
            let mut status = MaybeUninit::<ffi::MPI_Status>::uninit();
            // SAFETY: edge and ghost are disjoint rows or columns of the grid's memory, which is borrowed exclusively.
            unsafe {
                ffi::MPI_Sendrecv(
                    memory.add(edge).cast(),
                    count,
                    datatype,
                    to,
                    tag as i32,
                    memory.add(ghost).cast(),
                    count,
                    datatype,
                    from,
                    tag as i32,
                    cart.comm,
                    status.as_mut_ptr(),
                )
            };
        }
    }
}

impl Drop for Halo {
    fn drop(&mut self) {
        // SAFETY: committed in `new`, freed only here.
        unsafe { ffi::MPI_Type_free(&raw mut self.column) };
    }
}
