//! Halo by loads: the parts lie in one shared window, and a sweep reads its neighbours' points where they are. Nothing is copied;
//! neighbours tell each other by empty messages that they have finished a sweep, between two MPI_Win_sync.

use anyhow::Result;
use mpi::ffi;

use super::Halo;
use crate::cart::Cart;
use crate::comm::Comm;
use crate::field::{Field, Problem};
use crate::grid::{Beyond, SIDES, Shape, Side};
use crate::window::{Kind, Window};

/// A part in memory that all ranks can read.
pub struct Shared<'a> {
    cart: &'a Cart,
    field: Field<Window>,
    /// By `Side`.
    neighbours: [Option<Neighbour>; SIDES.len()],
}

/// Another rank's part, which stays mapped as long as the window does.
struct Neighbour {
    memory: *const f64,
    shape: Shape,
}

impl<'a> Shared<'a> {
    /// See `super::start`; all ranks must be on `node`.
    pub fn new(problem: Problem, cart: &'a Cart, node: &'a Comm) -> Result<Self> {
        let block = cart.mine();
        // In the order of their ranks in `cart`, so they have the same here.
        let window = Window::new(Kind::Shared, node, node, block.shape.len())?;
        let neighbours = SIDES.map(|side| {
            let rank = cart.neighbour(side)?;
            Some(Neighbour { memory: window.memory_of(rank), shape: cart.block(rank).shape })
        });
        // SAFETY: a valid window; Drop ends this epoch, which MPI_Win_sync requires.
        unsafe { ffi::MPI_Win_lock_all(ffi::MPI_MODE_NOCHECK as i32, window.raw()) };
        Ok(Self { cart, field: Field::new(problem, block, window), neighbours })
    }

    /// Waits until the neighbours have finished as many sweeps as this rank. What they have written can then be read, and what
    /// they have read can be overwritten: they read the other array next.
    fn meet(&mut self) {
        let window = self.field.memory().raw();
        let comm = self.cart.comm.raw();
        // SAFETY: a constant of the library, replaced below where there is a neighbour.
        let mut requests = [unsafe { ffi::RSMPI_REQUEST_NULL }; 2 * SIDES.len()];
        // SAFETY: a valid window, within the epoch of `new`; empty messages need no buffer; the requests are waited for here.
        unsafe {
            ffi::MPI_Win_sync(window);
            for (pair, side) in requests.chunks_exact_mut(2).zip(SIDES) {
                let Some(rank) = self.cart.neighbour(side) else { continue };
                let (tag, theirs, byte) = (side as i32, side.opposite() as i32, ffi::RSMPI_UINT8_T);
                ffi::MPI_Irecv(std::ptr::null_mut(), 0, byte, rank, theirs, comm, &raw mut pair[0]);
                ffi::MPI_Isend(std::ptr::null(), 0, byte, rank, tag, comm, &raw mut pair[1]);
            }
            ffi::MPI_Waitall(requests.len() as i32, requests.as_mut_ptr(), ffi::RSMPI_STATUSES_IGNORE);
            ffi::MPI_Win_sync(window);
        }
    }
}

impl Neighbour {
    /// Its row or column that lies beyond our `side`.
    fn edge(&self, side: Side, parity: usize) -> Beyond<'_> {
        let length = self.shape.len();
        // SAFETY: `parity` selects one of the two arrays of the neighbour's part. Between `meet` and the end of our sweep nobody
        // writes the array that all read; the neighbour does not go on to overwrite it before it has met us again.
        let points = unsafe { std::slice::from_raw_parts(self.memory.add(parity * length), length) };
        let stride = if side.is_column() { self.shape.stride() } else { 1 };
        Beyond { points: &points[self.shape.edge(side.opposite())..], stride }
    }
}

impl Halo for Shared<'_> {
    fn step(&mut self) {
        self.meet();
        let parity = self.field.parity();
        let beyond = SIDES.map(|side| Some(self.neighbours[side as usize].as_ref()?.edge(side, parity)));
        self.field.sweep(beyond);
    }

    fn now(&self) -> &[f64] {
        self.field.now()
    }
}

impl Drop for Shared<'_> {
    fn drop(&mut self) {
        // SAFETY: ends the epoch of `new`; the window, freed afterwards, waits for all ranks before memory goes.
        unsafe { ffi::MPI_Win_unlock_all(self.field.memory().raw()) };
    }
}
