//! Halo by messages: four MPI_Sendrecv, each sends one edge and receives the ghosts of the opposite one.

use anyhow::Result;
use mpi::ffi;

use super::Halo;
use super::edges::Edges;
use crate::cart::Cart;
use crate::field::{Field, Problem};
use crate::grid::SIDES;
use crate::memory;

/// A part in the rank's own memory.
pub struct Sendrecv<'a> {
    cart: &'a Cart,
    field: Field<Vec<f64>>,
    edges: Edges,
}

impl<'a> Sendrecv<'a> {
    /// See `super::start`.
    pub fn new(problem: Problem, cart: &'a Cart) -> Result<Self> {
        let block = cart.mine();
        let memory = cart.comm.agree(memory::reserve(2 * block.shape.len()))?;
        Ok(Self { cart, field: Field::new(problem, block, memory), edges: Edges::new(block.shape) })
    }

    fn exchange(&mut self) {
        let shape = self.field.block().shape;
        let start = self.field.parity() * shape.len();
        let memory = &mut self.field.memory()[start..][..shape.len()];
        let points = memory.as_mut_ptr();
        for side in SIDES {
            let (count, datatype) = self.edges.datatype(side);
            let (to, from) = (self.cart.neighbour_or_null(side), self.cart.neighbour_or_null(side.opposite()));
            let (edge, ghost, tag) = (shape.edge(side), shape.ghost(side.opposite()), side as i32);
            // SAFETY: an edge and the ghosts of the opposite side are disjoint rows or columns of `memory`, which is borrowed
            // exclusively; the neighbour's edge on this side is as long as ours.
            unsafe {
                ffi::MPI_Sendrecv(
                    points.add(edge).cast(),
                    count,
                    datatype,
                    to,
                    tag,
                    points.add(ghost).cast(),
                    count,
                    datatype,
                    from,
                    tag,
                    self.cart.comm.raw(),
                    ffi::RSMPI_STATUS_IGNORE,
                )
            };
        }
    }
}

impl Halo for Sendrecv<'_> {
    fn step(&mut self) {
        self.exchange();
        self.field.sweep([None; SIDES.len()]);
    }

    fn now(&self) -> &[f64] {
        self.field.now()
    }
}
