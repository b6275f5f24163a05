//! The first ranks of all nodes tell each other the cards of their nodes, in as many steps as the number of nodes has binary
//! digits: in each, a node knows twice as many as before.

use super::messages::{Messages, Piece, Step};
use super::{Between, records};
use crate::collective::call::Trouble;
use crate::collective::circle::Circle;
use crate::collective::meeting::Card;
use crate::layout::View;

/// How far it is.
#[derive(Debug, Default)]
pub struct Telling {
    /// Records of this rank's node and of those behind it that are known.
    known: Vec<u8>,
    nodes: u32,
    /// What is about to arrive: so many cards, with room for the longest.
    arriving: Box<[u8]>,
    cards: usize,
    messages: Messages,
}

/// The number of the step in all messages.
const STEP: u32 = 0;

impl Telling {
    /// Begins with the cards of this rank's node, all of whose ranks have arrived at `call`.
    pub fn new(circle: &Circle, call: u64) -> Telling {
        let mut known = Vec::new();
        for seat in 0..circle.seats {
            // SAFETY: it has arrived, and this rank is not done with the call.
            records::encode(unsafe { circle.card(seat, call) }, &mut known);
        }
        Telling { known, nodes: 1, arriving: Box::default(), cards: 0, messages: Messages::default() }
    }

    /// Goes on; true when all cards are known.
    pub fn step(&mut self, between: &Between, call: u64) -> bool {
        let (nodes, own) = (&between.nodes, between.nodes.own());
        loop {
            if !self.messages.are_over(between) {
                return false;
            }
            if !self.arriving.is_empty() {
                let arrived = std::mem::take(&mut self.arriving);
                self.known.extend(&arrived[..records::length(&arrived, self.cards)]);
            }
            if self.nodes >= nodes.count() {
                return true;
            }
            // The nodes that are told now: as many as are known, or as are missing.
            let count = self.nodes.min(nodes.count() - self.nodes);
            let node = |distance: u32| (own + distance) % nodes.count();
            let (from, to) = (node(self.nodes), node(nodes.count() - self.nodes));
            let cards = |first: u32| (first..first + count).map(|distance| nodes.members(node(distance)).len()).sum();
            let told = records::length(&self.known, cards(0));
            self.cards = cards(self.nodes);
            self.arriving = vec![0; records::most(self.cards, between.room())].into_boxed_slice();
            let step = Step::new(call, STEP);
            // SAFETY: memory of this rank's, which stays as it is until the messages are over.
            unsafe {
                let arriving = View::bytes(self.arriving.as_mut_ptr(), self.arriving.len());
                self.messages.receive(between, nodes.helper(from, 0), step, Piece::whole(arriving), false);
                let told = View::bytes(self.known.as_ptr().cast_mut(), told);
                self.messages.send(between, nodes.helper(to, 0), step, Piece::whole(told));
            }
            self.nodes += count;
        }
    }

    /// Writes all cards into the table of call `call`: in full those of this rank's node, which has arrived at `first`.
    pub fn conclude(self, circle: &Circle, between: &Between, first: u64, call: u64) -> Option<Trouble> {
        let (nodes, own) = (&between.nodes, between.nodes.own());
        let mut left = &self.known[..];
        let mut lost = None;
        for distance in 0..nodes.count() {
            for &rank in nodes.members((own + distance) % nodes.count()) {
                // SAFETY: the first rank of a node alone writes its tables; cards as in `new`.
                unsafe {
                    circle.tell(rank, call, |card| {
                        match records::decode(left, card) {
                            Some(rest) => left = rest,
                            None => (lost, *card) = (Some(Trouble::Differs { peer: rank }), Card::BLANK),
                        }
                        if distance == 0 {
                            *card = *circle.card(nodes.slot(rank), first);
                        }
                    });
                }
            }
        }
        self.messages.trouble().or(lost)
    }
}
