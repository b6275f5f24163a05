//! Long data of a broadcast, a gather and a scatter. The ranks of the root's node send or receive for the root, from and into its
//! buffer: each a slice of a broadcast, or the blocks of some ranks.

use super::haul::{Haul, Next, Site};
use super::messages::Piece;
use super::nodes::cut;
use super::verdict::is_enclosed;
use crate::collective::call::Trouble;
use crate::collective::cards::{self, take};
use crate::collective::moving::{Bcast, Gather, Scatter};
use crate::layout::{View, copy_part};
use crate::tunables;

/// How a broadcast is cut: into columns, one for each rank of a node, and each of these among the nodes that relay it.
struct Cut {
    bytes: usize,
    columns: u32,
    /// Nodes that get a slice of a column from the root's and pass it on; 1 if the root's sends to all.
    relays: u32,
}

impl Cut {
    fn of(site: &Site<'_>, bytes: usize) -> Cut {
        let (nodes, settings) = (&site.between.nodes, tunables::get());
        let columns = nodes.columns(bytes, settings.node_slice);
        let others = nodes.count() - 1;
        let relays = if bytes / others as usize >= settings.node_split { others } else { 1 };
        Cut { bytes, columns, relays }
    }

    /// From which byte on, and how many.
    fn slice(&self, column: u32, relay: u32) -> (usize, usize) {
        let (from, to) = cut(self.bytes, self.columns, column);
        let (first, end) = cut(to - from, self.relays, relay);
        (from + first, end - first)
    }

    /// All slices.
    fn slices(&self) -> impl Iterator<Item = (u32, u32)> {
        let relays = self.relays;
        (0..self.columns).flat_map(move |column| (0..relays).map(move |relay| (column, relay)))
    }

    /// The node that relays a slice, if one does.
    fn relay(&self, site: &Site<'_>, root: u32, relay: u32) -> Option<u32> {
        let nodes = &site.between.nodes;
        let mut others = (0..nodes.count()).filter(|&node| node != nodes.of(root));
        if self.relays > 1 { others.nth(relay as usize) } else { None }
    }
}

/// MPI_Bcast: first the root's node sends, then relays do.
pub fn bcast(site: &Site<'_>, haul: &mut Haul, bcast: &Bcast, round: u32) -> Next {
    let (between, nodes, own) = (site.between, &site.between.nodes, bcast.data.block(0));
    let (root, me, here) = (bcast.root, site.rank(), nodes.own());
    let cut = Cut::of(site, own.len());
    let at_root = nodes.is_here(root);
    if at_root && round == 0 && me != root {
        // SAFETY: the root's buffer, which it lends, and the program's.
        haul.note(unsafe { take(root, &site.block(root, 0), &own) });
    }
    // SAFETY: the root lends one block.
    let source = if at_root { unsafe { site.block(root, 0) } } else { own };
    for (column, relay) in cut.slices().filter(|&(column, _)| nodes.helper(here, column) == me) {
        let ((from, len), through) = (cut.slice(column, relay), cut.relay(site, root, relay));
        let piece = Piece { view: source, from, len };
        let is_next = |node: &u32| through.is_none_or(|through| through == *node);
        // SAFETY: the root waits until this rank is done, and the program's buffer stays.
        unsafe {
            match (round, at_root) {
                (0, true) => nodes.others().filter(is_next).for_each(|node| {
                    haul.messages.send(between, nodes.helper(node, column), site.messages_of(1), piece);
                }),
                (0, false) if is_next(&here) => {
                    haul.messages.receive(
                        between,
                        nodes.helper(nodes.of(root), column),
                        site.messages_of(1),
                        piece,
                        true,
                    );
                }
                (1, false) if through == Some(here) => {
                    nodes.others().filter(|&node| node != nodes.of(root)).for_each(|node| {
                        haul.messages.send(between, nodes.helper(node, column), site.messages_of(2), piece);
                    });
                }
                (1, false) => {
                    if let Some(through) = through {
                        haul.messages.receive(between, nodes.helper(through, column), site.messages_of(2), piece, true);
                    }
                }
                _ => {}
            }
        }
    }
    if round == 0 && !at_root { Next::Round } else { Next::Over }
}

/// Copies what the others of this node have received.
pub fn share(site: &Site<'_>, bcast: &Bcast, call: u64) -> Result<(), Trouble> {
    let (nodes, own) = (&site.between.nodes, bcast.data.block(0));
    let cut = Cut::of(site, own.len());
    for (column, relay) in cut.slices() {
        let helper = nodes.helper(nodes.own(), column);
        if helper != site.rank() {
            let (from, len) = cut.slice(column, relay);
            // SAFETY: it has arrived at this call, where it lends its buffer, of the same length.
            unsafe {
                let view = received(site, helper, call, 0);
                copy_part(&view, &own, from, len);
            }
        }
    }
    Ok(())
}

/// Block `index` of where rank `rank` of this node has received.
///
/// # Safety
/// It has arrived at `call`, where it lends so many blocks.
pub unsafe fn received(site: &Site<'_>, rank: u32, call: u64, index: u32) -> View {
    // SAFETY: the caller's promise.
    unsafe { cards::lent(site.circle.card(site.between.nodes.slot(rank), call)).output.block(index) }
}

/// MPI_Gather and MPI_Gatherv: who sends has a rank of the root's node to receive it for the root.
pub fn gather(site: &Site<'_>, haul: &mut Haul, gather: &Gather, _round: u32) -> Next {
    let (between, nodes, root, me) = (site.between, &site.between.nodes, gather.root, site.rank());
    let helper = |rank: u32| nodes.helper(nodes.of(root), nodes.slot(rank));
    let is_long = |rank: u32| rank != root && !is_enclosed(site.card(rank)) && site.card(rank).bytes > 0;
    if let Some(all) = &gather.all {
        for rank in 0..nodes.size() {
            // SAFETY: the program's buffers, and cards with data.
            haul.note(unsafe {
                match &gather.own {
                    Some(own) if rank == root => take(rank, &own.block(0), &all.block(rank)),
                    None if rank == root => Ok(()),
                    _ if is_long(rank) => {
                        let (bytes, room) = (site.card(rank).bytes as usize, all.block(rank).len());
                        if bytes <= room { Ok(()) } else { Err(Trouble::Length { peer: rank, bytes, room }) }
                    }
                    _ => take(rank, &site.block(rank, 0), &all.block(rank)),
                }
            });
        }
    }
    // SAFETY: the root lends a block per rank and waits until this rank is done; the program's buffer stays.
    unsafe {
        if let Some(own) = gather.own.as_ref().filter(|_| is_long(me)) {
            if nodes.is_here(root) {
                let _ = take(me, &own.block(0), &site.lent(root).output.block(me)); // which the root has noticed
            } else {
                haul.messages.send(between, helper(me), site.messages_of(1), Piece::whole(own.block(0)));
            }
        }
        if nodes.is_here(root) {
            for rank in (0..nodes.size()).filter(|&rank| !nodes.is_here(rank) && is_long(rank) && helper(rank) == me) {
                let piece = Piece::whole(site.lent(root).output.block(rank));
                haul.messages.receive(between, rank, site.messages_of(1), piece, false);
            }
        }
    }
    Next::Over
}

/// MPI_Scatter and MPI_Scatterv: the other way round.
pub fn scatter(site: &Site<'_>, haul: &mut Haul, scatter: &Scatter, _round: u32) -> Next {
    let (between, nodes, root, me) = (site.between, &site.between.nodes, scatter.root, site.rank());
    let helper = |rank: u32| nodes.helper(nodes.of(root), nodes.slot(rank));
    // SAFETY: the root lends a block per rank and waits until this rank is done; the program's buffer stays.
    unsafe {
        if nodes.is_here(root) {
            for rank in (0..nodes.size()).filter(|&rank| !nodes.is_here(rank) && helper(rank) == me) {
                let piece = Piece::whole(site.block(root, rank));
                haul.messages.send(between, rank, site.messages_of(1), piece);
            }
            if let Some(own) = &scatter.own {
                haul.note(take(root, &site.block(root, me), &own.block(0)));
            }
        } else if let Some(own) = &scatter.own {
            haul.messages.receive(between, helper(me), site.messages_of(1), Piece::whole(own.block(0)), false);
        }
    }
    Next::Over
}
