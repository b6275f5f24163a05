//! Long data of MPI_Allgather and MPI_Alltoall with their variants. In the first each rank sends its block to one rank of every
//! other node, which receives it for its node; in the second each to each. Short blocks of the second go together: those of all
//! ranks of a node to one rank elsewhere are one message, and each of that node's ranks sends such messages to some.

use super::haul::{Block, Haul, Next, Site};
use super::messages::Piece;
use super::moving::received;
use super::verdict::is_enclosed;
use crate::collective::call::Trouble;
use crate::collective::cards::take;
use crate::collective::exchanging::Exchange;
use crate::layout::{View, copy};
use crate::tunables;

/// Partners of MPI_Alltoall to and from which data is under way at a time.
const WINDOW: u32 = 32;

/// Both.
pub fn exchange(site: &Site<'_>, haul: &mut Haul, exchange: &Exchange, round: u32) -> Next {
    if round == 0 {
        collect(site, haul, exchange);
    }
    if exchange.is_gathering() {
        tell(site, haul, exchange);
        return Next::Over;
    }
    if are_bundled(site) {
        return bundle(site, haul, exchange, round);
    }
    swap(site, haul, exchange, round)
}

/// Whether blocks go together: all are of one length, and short.
fn are_bundled(site: &Site<'_>) -> bool {
    let bytes = site.card(site.rank()).bytes;
    let same = (0..site.between.nodes.size()).all(|rank| site.card(rank).bytes == bytes);
    same && bytes > 0 && bytes as usize <= tunables::get().node_block
}

/// A message with the blocks of all ranks of this node to each of some ranks, and one from every other node.
fn bundle(site: &Site<'_>, haul: &mut Haul, exchange: &Exchange, round: u32) -> Next {
    let (between, nodes, me) = (site.between, &site.between.nodes, site.rank());
    let bytes = site.card(me).bytes as usize;
    if round > 0 {
        for Block { node, data, .. } in std::mem::take(&mut haul.results) {
            for (&rank, block) in nodes.members(node).iter().zip(data.chunks_exact(bytes)) {
                let from = View::bytes(block.as_ptr().cast_mut(), bytes);
                // SAFETY: what has arrived, and the program's buffer.
                haul.note(unsafe { take(rank, &from, &exchange.receive.block(rank)) });
            }
        }
        return Next::Over;
    }
    let memory = |node: u32| vec![0u8; nodes.members(node).len() * bytes].into_boxed_slice();
    // SAFETY: memory of ours that stays until the call is over; this node's ranks wait until this one is done.
    unsafe {
        for node in nodes.others() {
            let data = memory(node);
            let view = View::bytes(data.as_ptr().cast_mut(), data.len());
            let from = nodes.helper(node, nodes.slot(me));
            haul.messages.receive(between, from, site.messages_of(1), Piece::whole(view), true);
            haul.results.push(Block { job: 0, node, data });
        }
        for to in (0..nodes.size()).filter(|&to| !nodes.is_here(to) && nodes.helper(nodes.own(), nodes.slot(to)) == me)
        {
            let mut data = memory(nodes.own());
            for (&rank, block) in between.here().iter().zip(data.chunks_exact_mut(bytes)) {
                let result = take(rank, &site.block(rank, to), &View::bytes(block.as_mut_ptr(), bytes));
                haul.note(result);
            }
            let view = View::bytes(data.as_mut_ptr(), data.len());
            haul.messages.send(between, to, site.messages_of(1), Piece::whole(view));
            haul.parts.push(Block { job: 0, node: nodes.of(to), data });
        }
    }
    Next::Round
}

/// Whether a rank's data comes in a message to this node.
fn is_long(site: &Site<'_>, rank: u32) -> bool {
    !site.between.nodes.is_here(rank) && !is_enclosed(site.card(rank))
}

/// Copies what is on cards and from ranks of this node.
fn collect(site: &Site<'_>, haul: &mut Haul, exchange: &Exchange) {
    let (rank, size) = (site.rank(), site.between.nodes.size());
    let index = if exchange.is_gathering() { 0 } else { rank };
    for peer in (rank..size).chain(0..rank) {
        if !(is_long(site, peer) || (peer == rank && exchange.in_place)) {
            // SAFETY: the sender has a block per rank, or one, and waits until this rank is done.
            haul.note(unsafe { take(peer, &site.block(peer, index), &exchange.receive.block(peer)) });
        }
    }
}

/// Sends this rank's block to all nodes, and receives for this one.
fn tell(site: &Site<'_>, haul: &mut Haul, exchange: &Exchange) {
    let (between, nodes, me) = (site.between, &site.between.nodes, site.rank());
    let own = site.card(me);
    // SAFETY: the program's buffers, which stay until the call is over.
    unsafe {
        if !is_enclosed(own) && own.bytes > 0 {
            let piece = Piece::whole(exchange.sent().block(0));
            nodes.others().for_each(|node| {
                haul.messages.send(between, nodes.helper(node, nodes.slot(me)), site.messages_of(1), piece);
            });
        }
        for rank in (0..nodes.size()).filter(|&rank| is_long(site, rank) && site.card(rank).bytes > 0) {
            if nodes.helper(nodes.own(), nodes.slot(rank)) == me {
                let piece = Piece::whole(exchange.receive.block(rank));
                haul.messages.receive(between, rank, site.messages_of(1), piece, false);
            }
        }
    }
}

/// Copies what the others of this node have received.
pub fn share(site: &Site<'_>, exchange: &Exchange, call: u64) -> Result<(), Trouble> {
    let nodes = &site.between.nodes;
    let mut result = Ok(());
    for peer in (0..nodes.size()).filter(|&peer| is_long(site, peer) && site.card(peer).bytes > 0) {
        let helper = nodes.helper(nodes.own(), nodes.slot(peer));
        if helper == site.rank() {
            continue;
        }
        let (to, bytes) = (exchange.receive.block(peer), site.card(peer).bytes as usize);
        // SAFETY: it has arrived at this call, where it lends its buffer; the lengths fit.
        unsafe {
            let from = received(site, helper, call, peer);
            let room = to.len().min(from.len());
            copy(&from, &to, bytes.min(room));
            let fits = if bytes <= room { Ok(()) } else { Err(Trouble::Length { peer, bytes, room }) };
            result = result.and(fits);
        }
    }
    result
}

/// A block to and from each of some ranks.
fn swap(site: &Site<'_>, haul: &mut Haul, exchange: &Exchange, round: u32) -> Next {
    let (between, nodes, me, size) = (site.between, &site.between.nodes, site.rank(), site.between.nodes.size());
    let sends = !is_enclosed(site.card(me));
    for distance in (1 + round * WINDOW..size).take(WINDOW as usize) {
        let (to, from) = ((me + distance) % size, (me + size - distance) % size);
        // SAFETY: the program's buffers, which stay until the call is over, or a copy that does.
        unsafe {
            if is_long(site, from) {
                let piece = Piece::whole(exchange.receive.block(from));
                haul.messages.receive(between, from, site.messages_of(1), piece, false);
            }
            if sends && !nodes.is_here(to) {
                haul.messages.send(between, to, site.messages_of(1), Piece::whole(exchange.sent().block(to)));
            }
        }
    }
    if (round + 1) * WINDOW + 1 < size { Next::Round } else { Next::Over }
}
