//! One collective call of one rank, from its arrival to the moment when its buffers are its own again. It never blocks: it is
//! asked again and again how far it can go.

use super::between::{Far, Passage};
use super::circle::{Circle, Whom};
use super::meeting::Card;
use crate::abi;
use crate::waiting::Gate;
use core::ffi::c_int;

/// What is wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Rank `peer` is in another operation, or names another root, reduction or type.
    Differs { peer: u32 },
    /// Rank `peer` gave so many bytes for `room` bytes.
    Length { peer: u32, bytes: usize, room: usize },
    /// Rank `peer` gave more than the `room` bytes there are for it.
    Longer { peer: u32, room: usize },
    /// The MPI library's code for a reduction that failed.
    Library(c_int),
    /// A count is negative, which the MPI library does not notice here.
    Count,
}

impl Trouble {
    /// The error class.
    pub fn class(&self) -> c_int {
        match self {
            Trouble::Length { bytes, room, .. } if bytes > room => abi::ERR_TRUNCATE,
            Trouble::Longer { .. } => abi::ERR_TRUNCATE,
            Trouble::Differs { .. } | Trouble::Length { .. } => abi::ERR_OTHER,
            Trouble::Library(code) => abi::error_class(*code),
            Trouble::Count => abi::ERR_COUNT,
        }
    }
}

/// What a kind of operation does at the stations of a call.
pub trait Task: Send {
    /// What is wrong with this rank's arguments, so that it does not call at all.
    fn refused(&self) -> Option<Trouble> {
        None
    }
    /// Before a call in the background: what the program may free meanwhile is kept.
    fn keep(&mut self) {}
    /// The first thing to do; a persistent operation does all of this again and again.
    fn prepare(&mut self) {}
    /// What this rank says of its call.
    fn fill(&self, card: &mut Card);
    /// Who needs this rank's card before all have arrived.
    fn heard(&self) -> Whom {
        Whom::Nobody
    }
    /// Who waits until all have arrived.
    fn awaiting(&self) -> Whom;
    /// Whose cards this rank needs for its work.
    fn needs(&self) -> Whom;
    /// Moves and combines data. What is wrong ends the work, but not the call.
    fn work(&mut self, table: &Table<'_>) -> Result<(), Trouble>;
    /// Who waits until all are done.
    fn lenders(&self) -> Whom;
    /// Who must be done before this rank's buffers are its own again.
    fn borrowers(&self) -> Whom;
    /// What it is between address spaces; see [`super::between`].
    fn far(&self) -> Far<'_> {
        Far::Nothing
    }
    /// The last thing to do, when they are.
    fn conclude(&mut self) {}
}

/// The cards of a call whose needed ones are there.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    circle: &'a Circle,
    /// Where the card of rank 0 is, and how many bytes from one to the next.
    cards: (*const Card, usize),
    /// Whose cards may be looked at.
    there: Whom,
}

impl<'a> Table<'a> {
    /// The cards of all ranks of a communicator with ranks in several address spaces, in the table of `call`.
    pub fn of_all(circle: &'a Circle, call: u64) -> Table<'a> {
        Table { circle, cards: circle.told_cards(call), there: Whom::All }
    }

    /// This rank.
    pub fn rank(&self) -> u32 {
        self.circle.rank
    }

    /// Ranks of the communicator.
    pub fn size(&self) -> u32 {
        self.circle.size
    }

    /// Bytes of a reduction that are worth a rank's while.
    pub fn slice_min(&self) -> usize {
        self.circle.slice_min
    }

    /// Whether ranks count each other, so that looking at all cards is best avoided.
    pub fn is_gated(&self) -> bool {
        self.circle.gated
    }

    /// The card of a rank that was needed.
    #[inline]
    pub fn card(&self, rank: u32) -> &'a Card {
        debug_assert!(self.there == Whom::All || self.there == Whom::One(rank) || rank == self.circle.rank);
        let (first, distance) = self.cards;
        // SAFETY: the call waited for those in `there`, and works now; there is a card for each rank.
        unsafe { &*first.byte_add(rank as usize * distance) }
    }
}

/// How far a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Station {
    /// This rank's seat is still in use.
    Waiting,
    Arrived,
    Done,
    Over,
}

/// A call under way.
#[derive(Debug)]
pub struct Call {
    number: u64,
    station: Station,
    seen: u32,
    /// What went wrong.
    pub trouble: Option<Trouble>,
    /// How far it is, if the communicator has ranks in several address spaces.
    passage: Option<Box<Passage>>,
}

impl Call {
    /// The next call of a circle.
    #[inline]
    pub fn begin(circle: &Circle) -> Call {
        Call { number: circle.draw(circle.calls), station: Station::Waiting, seen: 0, trouble: None, passage: None }
    }

    /// Where this rank could sleep until it can go on; None if it does not wait for all.
    #[inline]
    pub fn gate<'a, T: Task + ?Sized>(&self, circle: &'a Circle, task: &T) -> Option<Gate<'a>> {
        match self.station {
            Station::Arrived if task.needs() == Whom::All => circle.gate(self.number, false),
            Station::Done if task.borrowers() == Whom::All => circle.gate(self.number, true),
            _ => None,
        }
    }

    /// Goes as far as possible; true when the call is over.
    #[inline(never)] // once per kind of operation, not per MPI function
    pub fn step<T: Task + ?Sized>(&mut self, circle: &Circle, task: &mut T) -> bool {
        let call = self.number;
        if let Some(between) = &circle.between {
            return self.passage.get_or_insert_default().step(circle, between, call, task, &mut self.trouble);
        }
        if self.station == Station::Waiting {
            if !circle.may_arrive(call) {
                return false;
            }
            task.prepare();
            circle.arrive(call, task.heard(), task.awaiting(), |card| task.fill(card));
            self.station = Station::Arrived;
        }
        if self.station == Station::Arrived {
            if !circle.have_arrived(call, task.needs(), &mut self.seen) {
                return false;
            }
            self.trouble = task.work(&Table { circle, cards: circle.cards(call), there: task.needs() }).err();
            circle.done(call, task.lenders());
            (self.station, self.seen) = (Station::Done, 0);
        }
        if self.station == Station::Done {
            if !circle.are_done(call, task.borrowers(), &mut self.seen) {
                return false;
            }
            task.conclude();
            self.station = Station::Over;
        }
        true
    }
}
