//! Neighbourhood operations: a block by each edge, by loads from ranks of this node, in a message from those of others.

use super::haul::{Haul, Next, Site};
use super::messages::Piece;
use crate::collective::call::Table;
use crate::collective::neighbors::Neighborhood;

/// All of them. Messages from one rank to another arrive in the order in which that has its edges.
pub fn exchange(site: &Site<'_>, haul: &mut Haul, neighborhood: &Neighborhood) -> Next {
    let (between, nodes) = (site.between, &site.between.nodes);
    let table = Table::of_all(site.circle, site.second);
    let mut away = Vec::new();
    for (index, source) in neighborhood.sources() {
        if nodes.is_here(source) {
            haul.note(neighborhood.incoming(&table, index));
        } else {
            away.push((source, neighborhood.place(index), index));
        }
    }
    away.sort_unstable();
    // SAFETY: the program's buffers, which stay until the call is over.
    unsafe {
        for (source, _, index) in away {
            let piece = Piece::whole(neighborhood.receive.block(index as u32));
            haul.messages.receive(between, source, site.messages_of(1), piece, false);
        }
        for (index, destination) in neighborhood.destinations().filter(|&(_, rank)| !nodes.is_here(rank)) {
            let piece = Piece::whole(neighborhood.outgoing(index));
            haul.messages.send(between, destination, site.messages_of(1), piece);
        }
    }
    Next::Over
}
