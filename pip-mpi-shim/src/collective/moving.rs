//! Operations that move data: barrier, broadcast, gather and scatter (MPI-4.0 sections 6.3 to 6.6). Who receives copies from
//! the sender's buffer, except that senders put long blocks into the buffer of a gather's root themselves, side by side.

use super::between::Far;
use super::call::{Table, Task, Trouble};
use super::cards::{self, Kind, Title};
use super::circle::Whom;
use super::data::Side;
use super::meeting::Card;

/// MPI_Barrier.
#[derive(Debug)]
pub struct Barrier;

impl Task for Barrier {
    fn fill(&self, card: &mut Card) {
        Title::of(Kind::Barrier).write(card, 0);
    }

    fn awaiting(&self) -> Whom {
        Whom::All
    }

    fn needs(&self) -> Whom {
        Whom::All
    }

    fn work(&mut self, table: &Table<'_>) -> Result<(), Trouble> {
        // By the gate it would cost each rank a look at every seat.
        if table.is_gated() {
            return Ok(());
        }
        (0..table.size()).try_for_each(|peer| Title::of(Kind::Barrier).card(table, peer).map(|_| ()))
    }

    fn lenders(&self) -> Whom {
        Whom::Nobody
    }

    fn borrowers(&self) -> Whom {
        Whom::Nobody
    }
}

/// MPI_Bcast.
#[derive(Debug)]
pub struct Bcast {
    pub root: u32,
    pub is_root: bool,
    pub data: Side,
    /// The most bytes that are put on a card; below as well.
    pub room: usize,
}

impl Bcast {
    fn title(&self) -> Title {
        Title::rooted(Kind::Bcast, self.root)
    }

    fn is_short(&self) -> bool {
        self.data.block(0).len() <= self.room
    }
}

impl Task for Bcast {
    #[inline]
    fn fill(&self, card: &mut Card) {
        let view = self.data.block(0);
        self.title().write(card, view.len());
        match (self.is_root, self.is_short()) {
            // SAFETY: the program's buffer, and it fits.
            (true, true) => unsafe { cards::enclose(card, [view].into_iter()) },
            (true, false) => cards::lend(card, Some(&self.data), None),
            (false, _) => {}
        }
    }

    fn heard(&self) -> Whom {
        if self.is_root { Whom::All } else { Whom::Nobody }
    }

    fn awaiting(&self) -> Whom {
        Whom::Nobody
    }

    fn needs(&self) -> Whom {
        if self.is_root { Whom::Nobody } else { Whom::One(self.root) }
    }

    fn work(&mut self, table: &Table<'_>) -> Result<(), Trouble> {
        if self.is_root {
            return Ok(());
        }
        let card = self.title().card(table, self.root)?;
        let to = self.data.block(0);
        // SAFETY: one block, and the program's buffer.
        unsafe {
            let from = cards::block(card, 0);
            cards::take(self.root, &from, &to)?;
            let (bytes, room) = (from.len(), to.len());
            if bytes == room { Ok(()) } else { Err(Trouble::Length { peer: self.root, bytes, room }) }
        }
    }

    fn lenders(&self) -> Whom {
        if self.is_root { Whom::Nobody } else { Whom::One(self.root) }
    }

    fn far(&self) -> Far<'_> {
        Far::Bcast(self)
    }

    fn borrowers(&self) -> Whom {
        if self.is_root && !self.is_short() { Whom::All } else { Whom::Nobody }
    }
}

/// MPI_Gather and MPI_Gatherv.
#[derive(Debug)]
pub struct Gather {
    pub root: u32,
    /// This rank's block; None where it is in place.
    pub own: Option<Side>,
    /// At the root: a block per rank.
    pub all: Option<Side>,
    /// At the root: a block is on its way from its sender's hands.
    pub borrowed: bool,
    pub room: usize,
}

impl Gather {
    fn title(&self) -> Title {
        Title::rooted(Kind::Gather, self.root)
    }

    fn is_short(&self) -> bool {
        self.own.as_ref().is_some_and(|own| own.block(0).len() <= self.room)
    }

    /// The root takes what is on cards.
    fn collect(&mut self, table: &Table<'_>) -> Result<(), Trouble> {
        let Some(all) = &self.all else { return Ok(()) };
        let mut result = Ok(());
        for peer in 0..table.size() {
            let to = all.block(peer);
            if peer == table.rank() {
                if let Some(own) = &self.own {
                    // SAFETY: the program's buffers.
                    result = result.and(unsafe { cards::take(peer, &own.block(0), &to) });
                }
                continue;
            }
            let taken = self.title().card(table, peer).and_then(|card| {
                if cards::is_enclosed(card) {
                    // SAFETY: one block, and the program's buffer.
                    return unsafe { cards::take(peer, &cards::block(card, 0), &to) };
                }
                self.borrowed = true;
                let (bytes, room) = (card.bytes as usize, to.len());
                if bytes <= room { Ok(()) } else { Err(Trouble::Length { peer, bytes, room }) }
            });
            result = result.and(taken);
        }
        result
    }
}

impl Task for Gather {
    fn prepare(&mut self) {
        self.borrowed = false;
    }

    fn fill(&self, card: &mut Card) {
        if self.all.is_some() {
            self.title().write(card, 0);
            return cards::lend(card, None, self.all.as_ref());
        }
        let Some(own) = &self.own else { return };
        let view = own.block(0);
        self.title().write(card, view.len());
        if self.is_short() {
            // SAFETY: the program's buffer, and it fits.
            unsafe { cards::enclose(card, [view].into_iter()) };
        }
    }

    fn heard(&self) -> Whom {
        if self.all.is_some() { Whom::All } else { Whom::Nobody }
    }

    fn awaiting(&self) -> Whom {
        Whom::One(self.root)
    }

    fn needs(&self) -> Whom {
        match &self.all {
            Some(_) => Whom::All,
            None if self.is_short() => Whom::Nobody,
            None => Whom::One(self.root),
        }
    }

    fn work(&mut self, table: &Table<'_>) -> Result<(), Trouble> {
        if self.all.is_some() {
            return self.collect(table);
        }
        let Some(own) = self.own.as_ref().filter(|_| !self.is_short()) else { return Ok(()) };
        let card = self.title().card(table, self.root)?;
        if cards::is_enclosed(card) {
            return Err(Trouble::Differs { peer: self.root }); // it names itself a sender
        }
        // SAFETY: the root lends a block per rank and waits until this rank is done.
        unsafe { cards::take(table.rank(), &own.block(0), &cards::lent(card).output.block(table.rank())) }
    }

    fn lenders(&self) -> Whom {
        Whom::One(self.root)
    }

    fn far(&self) -> Far<'_> {
        Far::Gather(self)
    }

    fn borrowers(&self) -> Whom {
        if self.borrowed { Whom::All } else { Whom::Nobody }
    }
}

/// MPI_Scatter and MPI_Scatterv.
#[derive(Debug)]
pub struct Scatter {
    pub root: u32,
    /// This rank's block; None where it is in place.
    pub own: Option<Side>,
    /// At the root: a block per rank; and whether they are equally long and fit on a card together.
    pub all: Option<Side>,
    pub short: bool,
}

impl Scatter {
    fn title(&self) -> Title {
        Title::rooted(Kind::Scatter, self.root)
    }
}

impl Task for Scatter {
    fn fill(&self, card: &mut Card) {
        let bytes = self.all.as_ref().filter(|_| self.short).map_or(0, |all| all.block(0).len());
        self.title().write(card, bytes);
        match &self.all {
            // SAFETY: the program's buffer, and it fits.
            Some(all) if self.short => unsafe { cards::enclose(card, (0..all.count()).map(|i| all.block(i))) },
            Some(all) => cards::lend(card, Some(all), None),
            None => card.inline = 2,
        }
    }

    fn heard(&self) -> Whom {
        if self.all.is_some() { Whom::All } else { Whom::Nobody }
    }

    fn awaiting(&self) -> Whom {
        Whom::Nobody
    }

    fn needs(&self) -> Whom {
        if self.all.is_some() { Whom::Nobody } else { Whom::One(self.root) }
    }

    fn work(&mut self, table: &Table<'_>) -> Result<(), Trouble> {
        let (rank, Some(own)) = (table.rank(), &self.own) else { return Ok(()) };
        let from = match &self.all {
            Some(all) => all.block(rank),
            None => {
                let card = self.title().card(table, self.root)?;
                if card.inline == 2 {
                    return Err(Trouble::Differs { peer: self.root }); // it waits for a root itself
                }
                // SAFETY: a block per rank.
                unsafe { cards::block(card, rank) }
            }
        };
        // SAFETY: the root's buffer, which waits, and the program's.
        unsafe { cards::take(self.root, &from, &own.block(0)) }
    }

    fn lenders(&self) -> Whom {
        Whom::One(self.root)
    }

    fn far(&self) -> Far<'_> {
        Far::Scatter(self)
    }

    fn borrowers(&self) -> Whom {
        if self.all.is_some() && !self.short { Whom::All } else { Whom::Nobody }
    }
}
