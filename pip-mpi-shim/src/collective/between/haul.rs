//! The second half of a call with long data, in rounds: in each, this rank works and posts messages, and the next begins when
//! these are over.

use super::messages::{Messages, Step};
use super::{Between, exchanging, moving, neighbors, prefix, reducing};
use crate::collective::call::Trouble;
use crate::collective::cards::{self, Lent};
use crate::collective::circle::Circle;
use crate::collective::exchanging::Exchange;
use crate::collective::meeting::Card;
use crate::collective::moving::{Bcast, Gather, Scatter};
use crate::collective::neighbors::Neighborhood;
use crate::collective::reducing::{Reduction, Shape};
use crate::layout::View;

/// An operation that can have long data.
pub enum Far<'a> {
    /// None.
    Nothing,
    Bcast(&'a Bcast),
    Gather(&'a Gather),
    Scatter(&'a Scatter),
    Exchange(&'a Exchange),
    Reduction(&'a Reduction),
    Neighbors(&'a Neighborhood),
}

/// What a round of it sees.
pub struct Site<'a> {
    pub circle: &'a Circle,
    pub between: &'a Between,
    /// The calls at which this node's ranks have arrived, and whose table holds all cards.
    pub first: u64,
    pub second: u64,
}

/// What a round leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Round,
    /// This rank's part is done, but for what its neighbours have received for it.
    Over,
}

/// Results in memory of ours.
#[derive(Debug)]
pub struct Block {
    /// The piece of work that they are of.
    pub job: usize,
    /// The node that they come from.
    pub node: u32,
    pub data: Box<[u8]>,
}

/// What is under way.
#[derive(Debug, Default)]
pub struct Haul {
    pub messages: Messages,
    round: u32,
    /// The last round is under way.
    last: bool,
    trouble: Option<Trouble>,
    /// Results of the ranks of single nodes, and of all ranks.
    pub parts: Vec<Block>,
    pub results: Vec<Block>,
}

impl Haul {
    /// Goes on; true when this rank's part is over. What went wrong does not end it: other ranks count on it.
    pub fn step(&mut self, site: &Site<'_>, far: &Far<'_>) -> bool {
        loop {
            if !self.messages.are_over(site.between) {
                return false;
            }
            if self.last {
                return true;
            }
            let round = self.round;
            self.round += 1;
            let next = match far {
                Far::Nothing => Next::Over,
                Far::Bcast(bcast) => moving::bcast(site, self, bcast, round),
                Far::Gather(gather) => moving::gather(site, self, gather, round),
                Far::Scatter(scatter) => moving::scatter(site, self, scatter, round),
                Far::Exchange(exchange) => exchanging::exchange(site, self, exchange, round),
                Far::Neighbors(neighborhood) => neighbors::exchange(site, self, neighborhood),
                Far::Reduction(reduction) => match reduction.shape {
                    Shape::Prefix | Shape::PrefixBefore => prefix::scan(site, self, reduction, round),
                    _ => reducing::reduce(site, self, reduction, round),
                },
            };
            self.last = next == Next::Over;
        }
    }

    /// Remembers what went wrong first.
    pub fn note(&mut self, result: Result<(), Trouble>) {
        self.trouble = self.trouble.or(result.err());
    }

    /// What went wrong.
    pub fn trouble(&self) -> Option<Trouble> {
        self.trouble.or(self.messages.trouble())
    }
}

impl<'a> Site<'a> {
    /// The card of a rank; buffers are known of those on this node only.
    pub fn card(&self, rank: u32) -> &'a Card {
        // SAFETY: the table is complete; this rank is not done with the call.
        unsafe { self.circle.told(rank, self.second) }
    }

    /// What a rank of this node has lent.
    pub fn lent(&self, rank: u32) -> Lent {
        cards::lent(self.card(rank))
    }

    /// Block `index` of the data of a rank whose card has it, or that is on this node.
    ///
    /// # Safety
    /// There are more than `index` blocks.
    pub unsafe fn block(&self, rank: u32, index: u32) -> View {
        // SAFETY: the caller's promise.
        unsafe { cards::block(self.card(rank), index) }
    }

    /// This rank.
    pub fn rank(&self) -> u32 {
        self.between.rank
    }

    /// Step `number` of this call; 0 is taken.
    pub fn messages_of(&self, number: u32) -> Step {
        debug_assert!(number > 0);
        Step::new(self.first, number)
    }
}
