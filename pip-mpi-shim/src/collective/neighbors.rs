//! Neighbourhood operations (MPI-4.0 section 8.6): a rank copies blocks from the buffers of those that have an edge to it.

use super::between::Far;
use super::call::{Table, Task, Trouble};
use super::cards::{Kind, Title, take};
use super::circle::{Circle, Whom};
use super::data::{Blocks, Side};
use super::meeting::Card;
use super::tasks::Buffer;
use crate::abi::{self, Comm};
use crate::layout::View;
use crate::real;
use core::ffi::c_int;
use std::sync::Arc;

/// The edges of a rank, in the order of its blocks; MPI_PROC_NULL where a Cartesian grid ends.
#[derive(Debug, Default)]
pub struct Edges {
    sources: Vec<c_int>,
    destinations: Vec<c_int>,
    /// A grid, where what leaves in one direction arrives from the other.
    is_grid: bool,
}

// What MPI_Topo_test of MPICH says.
const GRAPH: c_int = 1;
const CART: c_int = 2;
const DIST_GRAPH: c_int = 3;

impl Edges {
    /// The edges of a communicator with a topology, as the MPI library tells; None if it has none.
    pub fn of(comm: Comm, rank: u32) -> Option<Edges> {
        let mut topology = 0;
        // SAFETY: a communicator of the program; the result goes to a local.
        unsafe { real::Topo_test(comm, &mut topology) };
        match topology {
            GRAPH => graph(comm, rank as c_int),
            CART => cart(comm),
            DIST_GRAPH => dist_graph(comm),
            _ => None,
        }
    }
}

fn graph(comm: Comm, rank: c_int) -> Option<Edges> {
    let mut count = 0;
    // SAFETY: results go to locals of the length said.
    unsafe {
        real::Graph_neighbors_count(comm, rank, &mut count);
        let mut neighbors = vec![0; count as usize];
        let code = real::Graph_neighbors(comm, rank, count, neighbors.as_mut_ptr());
        (code == abi::SUCCESS).then(|| Edges { sources: neighbors.clone(), destinations: neighbors, is_grid: false })
    }
}

fn cart(comm: Comm) -> Option<Edges> {
    let (mut dimensions, mut edges) = (0, Vec::new());
    // SAFETY: results go to locals.
    unsafe {
        real::Cartdim_get(comm, &mut dimensions);
        for dimension in 0..dimensions {
            let (mut before, mut behind) = (0, 0);
            if real::Cart_shift(comm, dimension, 1, &mut before, &mut behind) != abi::SUCCESS {
                return None;
            }
            edges.extend([before, behind]);
        }
    }
    Some(Edges { sources: edges.clone(), destinations: edges, is_grid: true })
}

fn dist_graph(comm: Comm) -> Option<Edges> {
    let (mut into, mut out, mut weighted) = (0, 0, 0);
    // SAFETY: results go to locals of the lengths said.
    unsafe {
        real::Dist_graph_neighbors_count(comm, &mut into, &mut out, &mut weighted);
        let (mut sources, mut destinations) = (vec![0; into as usize], vec![0; out as usize]);
        let mut weights = vec![0; into.max(out) as usize * 2];
        let (first, second) = weights.split_at_mut(into.max(out) as usize);
        let code = real::Dist_graph_neighbors(
            comm,
            into,
            sources.as_mut_ptr(),
            first.as_mut_ptr(),
            out,
            destinations.as_mut_ptr(),
            second.as_mut_ptr(),
        );
        (code == abi::SUCCESS).then_some(Edges { sources, destinations, is_grid: false })
    }
}

/// MPI_Neighbor_allgather, MPI_Neighbor_alltoall and their variants.
#[derive(Debug)]
pub struct Neighborhood {
    edges: Arc<Edges>,
    /// One block for all, or one per edge.
    send: Side,
    each: bool,
    /// Several edges of a graph between two ranks pair the first out with the last in, not with the first.
    crosswise: bool,
    /// One block per edge.
    pub receive: Side,
}

/// What a card says of it.
#[derive(Clone, Copy)]
#[repr(C)]
struct Offered {
    blocks: Blocks,
    destinations: *const c_int,
    count: usize,
}

/// The blocks of a call; None leaves it to the library. `each`: an own block goes to each neighbour.
pub fn exchange(circle: &Circle, comm: Comm, send: Buffer, receive: Buffer, each: bool) -> Option<Neighborhood> {
    let edges = circle.edges(comm)?;
    let equal = send.is_equal();
    let blocks = |buffer: Buffer, count: usize| if count == 0 { Some(Side::nothing()) } else { buffer.all(count as u32) };
    let receive = blocks(receive, edges.sources.len())?;
    let send = match edges.destinations.len() {
        count if each => blocks(send, count)?,
        0 => Side::nothing(),
        _ => send.one()?,
    };
    // MPICH's way in MPI_Neighbor_alltoall, but not in its variants.
    Some(Neighborhood { edges, send, each, crosswise: equal, receive })
}

impl Neighborhood {
    fn title(&self) -> Title {
        Title { kind: Kind::Neighbors, root: 0, what: u32::from(self.each) }
    }

    /// Which of the edges that lead to the `destinations` of a source is this rank's edge `index` from it.
    fn partner(&self, destinations: &[c_int], rank: c_int, index: usize) -> Option<usize> {
        if self.edges.is_grid {
            // What leaves in one direction arrives from the other, also where the grid is one or two ranks wide.
            return destinations.get(index ^ 1).filter(|&&to| to == rank).map(|_| index ^ 1);
        }
        let skipped = self.place(index);
        destinations.iter().enumerate().filter(|&(_, &to)| to == rank).nth(skipped).map(|(at, _)| at)
    }

    /// Which of the edges from its source edge `index` is, in the order in which the source has them; in a grid the source's
    /// number for it.
    pub fn place(&self, index: usize) -> usize {
        if self.edges.is_grid {
            return index ^ 1;
        }
        let sources = &self.edges.sources;
        let others = if self.crosswise { &sources[index + 1..] } else { &sources[..index] };
        others.iter().filter(|&&other| other == sources[index]).count()
    }

    /// The edges that lead to this rank, and from which ranks.
    pub fn sources(&self) -> impl Iterator<Item = (usize, u32)> {
        ranks(&self.edges.sources)
    }

    /// The edges that lead from it, and to which.
    pub fn destinations(&self) -> impl Iterator<Item = (usize, u32)> {
        ranks(&self.edges.destinations)
    }

    /// What leaves by edge `index`.
    pub fn outgoing(&self, index: usize) -> View {
        self.send.block(if self.each { index as u32 } else { 0 })
    }

    /// The block that comes in by edge `index` from a rank of this node.
    pub fn incoming(&self, table: &Table<'_>, index: usize) -> Result<(), Trouble> {
        let source = self.edges.sources[index];
        let peer = source as u32;
        let card = self.title().card(table, peer)?;
        // SAFETY: `fill` wrote it, and its owner waits until this rank is done.
        let (offered, destinations) = unsafe {
            let offered = card.body.0.as_ptr().cast::<Offered>().read();
            (offered, core::slice::from_raw_parts(offered.destinations, offered.count))
        };
        let at = self.partner(destinations, table.rank() as c_int, index).ok_or(Trouble::Differs { peer })?;
        // SAFETY: a block per edge, or one.
        let view = unsafe { offered.blocks.block(if self.each { at as u32 } else { 0 }) };
        let to = self.receive.block(index as u32);
        // SAFETY: the sender's buffer, and the program's.
        unsafe { take(peer, &view, &to) }
    }
}

/// Edges that do not end at MPI_PROC_NULL.
fn ranks(edges: &[c_int]) -> impl Iterator<Item = (usize, u32)> {
    edges.iter().enumerate().filter_map(|(index, &rank)| Some((index, u32::try_from(rank).ok()?)))
}

impl Task for Neighborhood {
    fn fill(&self, card: &mut Card) {
        self.title().write(card, 0);
        let destinations = &self.edges.destinations;
        let offered = Offered {
            blocks: self.send.blocks(),
            // An empty list has an address, too.
            destinations: destinations.as_ptr(),
            count: destinations.len(),
        };
        // SAFETY: the body is larger, and aligned for it.
        unsafe { card.body.0.as_mut_ptr().cast::<Offered>().write(offered) };
    }

    fn awaiting(&self) -> Whom {
        Whom::All
    }

    fn needs(&self) -> Whom {
        Whom::All
    }

    fn work(&mut self, table: &Table<'_>) -> Result<(), Trouble> {
        let mut result = Ok(());
        for (index, _) in self.sources() {
            result = result.and(self.incoming(table, index));
        }
        result
    }

    fn lenders(&self) -> Whom {
        Whom::All
    }

    fn far(&self) -> Far<'_> {
        Far::Neighbors(self)
    }

    fn borrowers(&self) -> Whom {
        Whom::All
    }
}
