//! Halo by one-sided communication: each rank puts its edges into its neighbours' ghosts (MPI_Put). Post, start, complete and
//! wait synchronise neighbours only, and no epoch is open while a rank sweeps, so its stores never meet a put: this is right in
//! the separate memory model too.

use std::mem::MaybeUninit;

use anyhow::Result;
use mpi::ffi;

use super::Halo;
use super::edges::Edges;
use crate::cart::Cart;
use crate::comm::Comm;
use crate::field::{Field, Problem};
use crate::grid::{SIDES, Shape, Side};
use crate::window::{Kind, Window};

/// A part in a window that the neighbours write into.
pub struct Put {
    field: Field<Window>,
    edges: Edges,
    targets: Vec<Target>,
    /// The neighbours.
    group: ffi::MPI_Group,
}

/// A neighbour, whose part may have another shape.
struct Target {
    rank: i32,
    side: Side,
    shape: Shape,
    edges: Edges,
}

impl Put {
    /// See `super::start`.
    pub fn new(problem: Problem, cart: &Cart, node: &Comm) -> Result<Self> {
        let block = cart.mine();
        let window = Window::new(Kind::Private, &cart.comm, node, block.shape.len())?;
        let targets: Vec<_> = SIDES
            .into_iter()
            .filter_map(|side| {
                let rank = cart.neighbour(side)?;
                let shape = cart.block(rank).shape;
                Some(Target { rank, side, shape, edges: Edges::new(shape) })
            })
            .collect();
        let ranks: Vec<_> = targets.iter().map(|target| target.rank).collect();
        let (mut all, mut group) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        // SAFETY: `ranks` are distinct ranks of the communicator (its grid is not periodic); MPI writes the handles.
        let group = unsafe {
            ffi::MPI_Comm_group(cart.comm.raw(), all.as_mut_ptr());
            let mut all = all.assume_init();
            ffi::MPI_Group_incl(all, ranks.len() as i32, ranks.as_ptr(), group.as_mut_ptr());
            ffi::MPI_Group_free(&raw mut all);
            group.assume_init()
        };
        Ok(Self { field: Field::new(problem, block, window), edges: Edges::new(block.shape), targets, group })
    }

    fn exchange(&mut self) {
        let (shape, parity) = (self.field.block().shape, self.field.parity());
        let window = self.field.memory();
        let (raw, memory) = (window.raw(), window.memory());
        // SAFETY: every rank posts to and starts for exactly those that do so for it.
        unsafe {
            ffi::MPI_Win_post(self.group, 0, raw);
            ffi::MPI_Win_start(self.group, 0, raw);
        }
        for target in &self.targets {
            let ghosts = target.side.opposite();
            let (count, edge) = self.edges.datatype(target.side);
            let (their_count, theirs) = target.edges.datatype(ghosts);
            let place = parity * target.shape.len() + target.shape.ghost(ghosts);
            let from = parity * shape.len() + shape.edge(target.side);
            // SAFETY: our edge lies in our window and is not written before the epoch has ended; `place` lies in theirs, and
            // no other rank writes their ghosts of that side.
            unsafe {
                let from = memory.add(from).cast();
                ffi::MPI_Put(from, count, edge, target.rank, place as ffi::MPI_Aint, their_count, theirs, raw);
            }
        }
        // SAFETY: ends the epochs begun above.
        unsafe {
            ffi::MPI_Win_complete(raw);
            ffi::MPI_Win_wait(raw);
        }
    }
}

impl Halo for Put {
    fn step(&mut self) {
        self.exchange();
        self.field.sweep([None; SIDES.len()]);
    }

    fn now(&self) -> &[f64] {
        self.field.now()
    }
}

impl Drop for Put {
    fn drop(&mut self) {
        // SAFETY: made in `new`, freed only here, before MPI_Finalize.
        unsafe { ffi::MPI_Group_free(&raw mut self.group) };
    }
}
