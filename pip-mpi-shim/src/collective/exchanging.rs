//! MPI_Allgather and MPI_Alltoall with their variants (MPI-4.0 sections 6.7 and 6.8): every rank copies its blocks from the
//! buffers of all.

use super::between::Far;
use super::call::{Table, Task, Trouble};
use super::cards::{self, Kind, Title};
use super::circle::Whom;
use super::data::Side;
use super::meeting::Card;

/// What all ranks send to all.
#[derive(Debug)]
pub struct Exchange {
    pub kind: Kind,
    /// A block for all, or one per rank; None if that is what the receive buffer holds at first.
    pub send: Option<Side>,
    /// A block per rank.
    pub receive: Side,
    /// Whether the blocks to send are equally long and fit on a card together.
    pub short: bool,
    /// Whether all blocks to receive are of one length.
    pub equal: bool,
    /// Whether this rank's own block is in place already.
    pub in_place: bool,
    /// Somebody's buffer was read.
    pub lent: bool,
    /// What the receive buffer held, if that is to be sent.
    pub copied: Option<Side>,
}

impl Exchange {
    fn title(&self) -> Title {
        Title::of(self.kind)
    }

    /// Whether all receive the same.
    pub fn is_gathering(&self) -> bool {
        self.kind == Kind::Allgather
    }

    /// What is sent.
    pub fn sent(&self) -> &Side {
        self.send.as_ref().or(self.copied.as_ref()).unwrap_or(&self.receive)
    }
}

impl Task for Exchange {
    fn prepare(&mut self) {
        self.lent = false;
        if self.send.is_none() {
            // SAFETY: the program's buffer.
            self.copied = Some(unsafe { Side::copy_of(&self.receive) });
        }
    }

    fn fill(&self, card: &mut Card) {
        let sent = self.sent();
        let bytes = match self.kind {
            Kind::Allgather => sent.block(0).len(),
            _ if self.equal => self.receive.block(0).len(),
            _ => 0,
        };
        self.title().write(card, if self.short { sent.block(0).len() } else { bytes });
        if self.short {
            // SAFETY: the program's buffer, and it fits.
            unsafe { cards::enclose(card, (0..sent.count()).map(|i| sent.block(i))) };
        } else {
            cards::lend(card, Some(sent), None);
        }
    }

    fn awaiting(&self) -> Whom {
        Whom::All
    }

    fn needs(&self) -> Whom {
        Whom::All
    }

    fn work(&mut self, table: &Table<'_>) -> Result<(), Trouble> {
        let (rank, size) = (table.rank(), table.size());
        let index = if self.kind == Kind::Allgather { 0 } else { rank };
        let mut result = Ok(());
        // Each begins with another peer: not all read from one.
        for peer in (rank..size).chain(0..rank) {
            if peer == rank && self.in_place {
                continue;
            }
            let taken = self.title().card(table, peer).and_then(|card| {
                self.lent |= !cards::is_enclosed(card);
                // SAFETY: the sender has a block per rank, or one; it waits until this rank is done.
                unsafe { cards::take(peer, &cards::block(card, index), &self.receive.block(peer)) }
            });
            result = result.and(taken);
        }
        result
    }

    fn lenders(&self) -> Whom {
        if self.lent { Whom::All } else { Whom::Nobody }
    }

    fn far(&self) -> Far<'_> {
        Far::Exchange(self)
    }

    fn borrowers(&self) -> Whom {
        if self.short { Whom::Nobody } else { Whom::All }
    }
}
