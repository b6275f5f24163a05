//! One collective call of one rank of a communicator with ranks in several address spaces. As within a space it never blocks.

use super::haul::{Far, Haul, Site};
use super::telling::Telling;
use super::verdict::{Verdict, verdict};
use super::{Between, exchanging, moving};
use crate::collective::call::{Table, Task, Trouble};
use crate::collective::cards;
use crate::collective::circle::{Circle, Whom};

/// How far it is.
#[derive(Debug, Default)]
enum Station {
    /// This rank's seat is still in use.
    #[default]
    Waiting,
    /// The first rank of a node waits for the others.
    Gathering,
    /// It exchanges cards with those of other nodes.
    Telling(Telling),
    /// All cards are known; it shows them to the others.
    Told(Telling),
    /// The others wait for them.
    Listening,
    /// Long data is under way.
    Hauling(Haul),
    /// This node's ranks wait until all have received what they receive for each other.
    Sharing,
    Copying,
    Leaving,
    /// This rank's buffers may still be in use.
    Lending,
    Over,
}

/// A call under way.
#[derive(Debug, Default)]
pub struct Passage {
    station: Station,
    seen: u32,
    /// This rank's buffers were lent.
    lent: bool,
    /// This rank has arrived at the third call.
    shared: bool,
}

/// The seat of the first rank of a node.
const FIRST: u32 = 0;

impl Passage {
    /// Calls at the meeting, however far it gets: ranks that disagree must agree on this.
    pub const CALLS: u64 = 3;

    /// Goes as far as possible; true when the call is over.
    pub fn step<T: Task + ?Sized>(
        &mut self,
        circle: &Circle,
        between: &Between,
        first: u64,
        task: &mut T,
        trouble: &mut Option<Trouble>,
    ) -> bool {
        let (second, third) = (first + 1, first + 2);
        loop {
            match &mut self.station {
                Station::Waiting => {
                    if !circle.may_arrive(first) {
                        return false;
                    }
                    task.prepare();
                    circle.arrive(first, Whom::Nobody, Whom::One(FIRST), |card| task.fill(card));
                    self.station = if circle.seat == FIRST { Station::Gathering } else { Station::Listening };
                }
                Station::Gathering => {
                    if !circle.have_arrived(first, Whom::All, &mut self.seen) {
                        return false;
                    }
                    self.station = Station::Telling(Telling::new(circle, first));
                }
                Station::Telling(telling) => {
                    if !telling.step(between, first) {
                        return false;
                    }
                    self.station = Station::Told(std::mem::take(telling));
                }
                Station::Told(telling) => {
                    if !circle.may_arrive(second) {
                        return false;
                    }
                    *trouble = std::mem::take(telling).conclude(circle, between, first, second);
                    circle.arrive(second, Whom::All, Whom::Nobody, |_| ());
                    self.station = Passage::choose(circle, second, task, trouble);
                }
                Station::Listening => {
                    if !circle.have_arrived(second, Whom::One(FIRST), &mut self.seen) {
                        return false;
                    }
                    self.station = Passage::choose(circle, second, task, trouble);
                }
                Station::Hauling(haul) => {
                    self.lent = true;
                    let far = task.far();
                    if !haul.step(&Site { circle, between, first, second }, &far) {
                        return false;
                    }
                    *trouble = trouble.or(haul.trouble());
                    self.station = if shares(circle, between, &far) { Station::Sharing } else { Station::Leaving };
                }
                Station::Sharing => {
                    if !circle.may_arrive(third) {
                        return false;
                    }
                    let received = match task.far() {
                        Far::Bcast(bcast) => Some(&bcast.data),
                        Far::Exchange(exchange) => Some(&exchange.receive),
                        _ => None,
                    };
                    circle.arrive(third, Whom::Nobody, Whom::All, |card| cards::lend(card, None, received));
                    (self.station, self.seen, self.shared) = (Station::Copying, 0, true);
                }
                Station::Copying => {
                    if !circle.have_arrived(third, Whom::All, &mut self.seen) {
                        return false;
                    }
                    let site = Site { circle, between, first, second };
                    let copied = match task.far() {
                        Far::Bcast(bcast) => moving::share(&site, bcast, third),
                        Far::Exchange(exchange) => exchanging::share(&site, exchange, third),
                        _ => Ok(()),
                    };
                    *trouble = trouble.or(copied.err());
                    self.station = Station::Leaving;
                }
                Station::Leaving => {
                    if !self.leave(circle, first) {
                        return false;
                    }
                    (self.station, self.seen) = (Station::Lending, 0);
                }
                Station::Lending => {
                    // The last call to be left is the last that is in use.
                    if self.lent && !circle.are_done(third, Whom::All, &mut self.seen) {
                        return false;
                    }
                    task.conclude();
                    self.station = Station::Over;
                }
                Station::Over => return true,
            }
        }
    }

    /// How it goes on once all cards are known.
    fn choose<T: Task + ?Sized>(circle: &Circle, call: u64, task: &mut T, trouble: &mut Option<Trouble>) -> Station {
        // SAFETY: the table is complete, and this rank is not done with the call.
        match verdict(circle.rank, circle.size, |rank| unsafe { circle.told(rank, call) }) {
            Verdict::Wrong(problem) => *trouble = trouble.or(Some(problem)),
            Verdict::Short => *trouble = trouble.or(task.work(&Table::of_all(circle, call)).err()),
            Verdict::Long => return Station::Hauling(Haul::default()),
        }
        Station::Leaving
    }

    /// Leaves all calls, through those at which this rank had nothing to do.
    fn leave(&mut self, circle: &Circle, first: u64) -> bool {
        let (second, third) = (first + 1, first + 2);
        let skip = |call: u64| circle.arrive(call, Whom::Nobody, Whom::Nobody, |_| ());
        if !circle.may_arrive(second) || !(self.shared || circle.may_arrive(third)) {
            return false;
        }
        if circle.seat != FIRST {
            skip(second);
        }
        if !self.shared {
            skip(third);
        }
        circle.done(first, Whom::Nobody);
        circle.done(second, Whom::Nobody);
        circle.done(third, if self.lent { Whom::All } else { Whom::Nobody });
        true
    }
}

/// Whether the ranks of this node have received something for each other.
fn shares(circle: &Circle, between: &Between, far: &Far<'_>) -> bool {
    let needed = match far {
        Far::Bcast(bcast) => !between.nodes.is_here(bcast.root),
        Far::Exchange(exchange) => exchange.is_gathering(),
        _ => false,
    };
    needed && circle.seats > 1
}
