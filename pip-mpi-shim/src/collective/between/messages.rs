//! Messages of collective operations to ranks of other nodes, in a context of their own, so that no receive of the program sees
//! them. Those from one rank to another that belong to one step of one call keep their order.

use super::Between;
use crate::abi;
use crate::collective::call::Trouble;
use crate::engine;
use crate::layout::{View, copy_part};
use crate::request::{Index, Mode};
use crate::{receive, send};

/// Messages under way.
#[derive(Debug, Default)]
pub struct Messages {
    flights: Vec<Flight>,
    trouble: Option<Trouble>,
}

#[derive(Debug)]
struct Flight {
    index: Index,
    receives: Option<Expected>,
    /// What is sent or received, if it is not in place.
    data: Option<Box<[u8]>>,
}

/// What becomes of a message that is received.
#[derive(Debug)]
struct Expected {
    peer: u32,
    /// Where it goes, from which byte on, if it is not there already.
    target: Option<(View, usize)>,
    room: usize,
    /// Whether fewer bytes are an error.
    exact: bool,
}

// SAFETY: views of memory that stays until the call is over, valid in every thread.
unsafe impl Send for Messages {}

/// Some bytes of a rank's data.
#[derive(Debug, Clone, Copy)]
pub struct Piece {
    pub view: View,
    pub from: usize,
    pub len: usize,
}

impl Piece {
    /// All of it.
    pub fn whole(view: View) -> Piece {
        Piece { view, from: 0, len: view.len() }
    }

    /// The same as a view, if it is one.
    fn view(&self) -> Option<View> {
        match self.view.contiguous() {
            Some(base) => Some(View::bytes(base.wrapping_add(self.from), self.len)),
            None => (self.from == 0 && self.len == self.view.len()).then_some(self.view),
        }
    }
}

/// Which step of which call a message belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    call: u64,
    number: u32,
}

impl Step {
    /// Step `number`, below 4, of a call.
    pub fn new(call: u64, number: u32) -> Step {
        debug_assert!(number < 4);
        Step { call, number }
    }

    fn tag(self) -> i32 {
        (self.call as u32).wrapping_mul(4).wrapping_add(self.number) as i32
    }
}

impl Messages {
    /// Sends a piece to rank `peer`. The data stays as it is until all messages are over.
    ///
    /// # Safety
    /// It can be read until then.
    pub unsafe fn send(&mut self, between: &Between, peer: u32, step: Step, piece: Piece) {
        let mut data = None;
        let view = piece.view().unwrap_or_else(|| {
            let row = data.insert(vec![0u8; piece.len].into_boxed_slice());
            // Such that the first byte of the piece is the first of the row.
            let to = View::bytes(row.as_mut_ptr().wrapping_sub(piece.from), piece.from + piece.len);
            // SAFETY: the caller's promise, and memory of our own of that length.
            unsafe { copy_part(&piece.view, &to, piece.from, piece.len) };
            View::bytes(row.as_mut_ptr(), piece.len)
        });
        let operation = between.operation(peer, step.tag(), view);
        let started = engine::with(between.lane, |engine| send::start(engine, Mode::Standard, operation, false).ok());
        if let Some(index) = started.flatten() {
            self.flights.push(Flight { index, receives: None, data });
        }
    }

    /// Receives a piece from rank `peer`; fewer bytes are an error if it must be `exact`.
    ///
    /// # Safety
    /// The memory may be written until all messages are over.
    pub unsafe fn receive(&mut self, between: &Between, peer: u32, step: Step, piece: Piece, exact: bool) {
        let mut data = None;
        let view = piece.view().unwrap_or_else(|| {
            let row = data.insert(vec![0u8; piece.len].into_boxed_slice());
            View::bytes(row.as_mut_ptr(), piece.len)
        });
        let target = data.is_some().then_some((piece.view, piece.from));
        let operation = between.operation(peer, step.tag(), view);
        let posted = engine::with(between.lane, |engine| receive::post(engine, operation));
        if let Some(index) = posted {
            let receives = Some(Expected { peer, target, room: piece.len, exact });
            self.flights.push(Flight { index, receives, data });
        }
    }

    /// Whether all messages are over.
    pub fn are_over(&mut self, between: &Between) -> bool {
        if self.flights.is_empty() {
            return true;
        }
        engine::with(between.lane, |engine| {
            engine.progress();
            let trouble = &mut self.trouble;
            self.flights.retain_mut(|flight| {
                if !engine.is_complete(flight.index) {
                    return true;
                }
                let outcome = engine.requests.get(flight.index).map(|slot| slot.outcome);
                engine.release(flight.index);
                if let (Some(expected), Some(outcome)) = (&flight.receives, outcome) {
                    let problem = expected.take(outcome.bytes, outcome.error, flight.data.as_deref());
                    *trouble = trouble.or(problem);
                }
                false
            });
        });
        self.flights.is_empty()
    }

    /// What went wrong with them.
    pub fn trouble(&self) -> Option<Trouble> {
        self.trouble
    }
}

impl Expected {
    /// Puts what has arrived in place.
    fn take(&self, bytes: usize, error: i32, data: Option<&[u8]>) -> Option<Trouble> {
        let &Expected { peer, room, .. } = self;
        if let (Some((target, from)), Some(data)) = (self.target, data) {
            // Such that the first byte is the one of that number.
            let source = View::bytes(data.as_ptr().cast_mut().wrapping_sub(from), from + bytes);
            // SAFETY: so many bytes have arrived, and the target has room for them.
            unsafe { copy_part(&source, &target, from, bytes) };
        }
        match () {
            () if error != abi::SUCCESS => Some(Trouble::Longer { peer, room }),
            () if self.exact && bytes != room => Some(Trouble::Length { peer, bytes, room }),
            () => None,
        }
    }
}
