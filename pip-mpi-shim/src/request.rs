//! Requests of the shim: handles MPICH never produces, slots with a stable address, and what a slot holds.

use crate::abi::{self, Comm, Outcome};
use crate::collective::{About, Again};
use crate::engine::{LANES, Lane};
use crate::layout::{Layout, View};
use crate::matching::Pattern;
use crate::offnode::Away;
use crate::rendezvous::{Landing, Rendezvous};
use std::sync::Arc;

/// Handles of requests made here lie in this range: kind 0, object "request", a non-zero index.
const FIRST: abi::Request = abi::REQUEST_NULL + LANES as abi::Request;
const LAST: abi::Request = FIRST + LANES as i32 * SLOTS - 1;
const _: () = assert!(LAST <= 0x2fff_ffff);

/// Index of a slot.
pub type Index = u32;

/// A slot of a lane: what the integers that programs hold mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handle {
    pub lane: Lane,
    pub index: Index,
}

/// Slots of one lane that handles can name. A power of two: every call on a request divides by it.
const SLOTS: i32 = 1 << 22;

impl Handle {
    /// What a request or message handle of a program stands for, if it is the shim's.
    #[inline]
    pub fn of(request: abi::Request) -> Option<Handle> {
        if !(FIRST..=LAST).contains(&request) {
            return None;
        }
        let number = (request - FIRST) as u32;
        Some(Handle { lane: number / SLOTS as u32, index: number % SLOTS as u32 })
    }

    /// The handle that the program gets.
    #[inline]
    pub fn request(self) -> abi::Request {
        FIRST + self.lane as i32 * SLOTS + self.index as i32
    }
}

/// Send modes (MPI-4.0 section 3.4). Ready sends are standard sends: a receive is there by definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Standard,
    Synchronous,
    Buffered,
}

/// What a message operation was called with, checked.
#[derive(Debug, Clone)]
pub struct Operation {
    pub comm: Comm,
    pub context: u32,
    pub lane: Lane,
    /// This rank's number in the communicator.
    pub own_rank: u32,
    /// Rank in the communicator; for receives None is MPI_ANY_SOURCE.
    pub peer: Option<u32>,
    /// The peer's rank in MPI_COMM_WORLD (sends only).
    pub peer_world: u32,
    /// None is MPI_ANY_TAG.
    pub tag: Option<i32>,
    pub view: View,
    /// Keeps the runs that `view` points to.
    pub layout: Option<Arc<Layout>>,
}

impl Operation {
    /// What a receive matches.
    pub fn pattern(&self) -> Pattern {
        Pattern { source: self.peer, tag: self.tag }
    }
}

/// What a slot does.
#[derive(Debug)]
pub enum Kind {
    /// Nothing: the slot is free.
    Free,
    /// A send in flight as an offer, or complete.
    Send,
    /// A receive, posted or complete.
    Receive,
    /// MPI_Isendrecv: complete when both slots are; the receive gives the status.
    Both(Index, Index),
    /// A message taken by a matched probe.
    Message(Matched),
    /// A persistent operation with MPI_PROC_NULL.
    Nothing,
    /// A collective operation.
    Collective(About),
}

/// A message that a matched probe took out of the queue.
#[derive(Debug)]
pub struct Matched {
    pub source: u32,
    pub tag: i32,
    pub message: Unexpected,
}

/// A message that arrived before its receive.
#[derive(Debug)]
pub enum Unexpected {
    /// Its bytes.
    Eager(Box<[u8]>),
    /// The sender's offer and the sender's rank in MPI_COMM_WORLD.
    Offer(*const Rendezvous, u32),
    /// The same, taken: it cannot be cancelled any more.
    Taken(*const Rendezvous, u32),
    /// Announced from another address space; its data are there.
    Away(Away),
}

// SAFETY: offers live in the shared address space and are used through atomics.
unsafe impl Send for Unexpected {}
// SAFETY: as above.
unsafe impl Send for Request {}

impl Unexpected {
    /// Bytes of the message.
    pub fn len(&self) -> usize {
        match self {
            Unexpected::Eager(bytes) => bytes.len(),
            // SAFETY: an offer stays in place until it is complete.
            Unexpected::Offer(offer, _) | Unexpected::Taken(offer, _) => unsafe { (**offer).len() },
            Unexpected::Away(away) => away.bytes,
        }
    }
}

/// How to start a persistent request again.
#[derive(Debug, Clone)]
pub enum Persistent {
    Send(Mode),
    Receive,
    /// MPI_PROC_NULL as the peer.
    Nothing,
    Collective(Arc<Again>),
}

/// One request.
#[derive(Debug)]
pub struct Request {
    pub kind: Kind,
    pub operation: Option<Operation>,
    /// Complete, with its outcome; sends as offers ask `offer` instead.
    pub complete: bool,
    pub outcome: Outcome,
    /// The offer of a send; its address is known to the receiver.
    pub offer: Option<Box<Rendezvous>>,
    /// Of a receive whose sender copies along: complete once the landing says so.
    pub landing: Landing,
    pub lands: bool,
    /// Of a receive whose sender was asked to copy the second half: its offer, to be concluded.
    pub halved: Option<*const Rendezvous>,
    /// The data of a send-and-replace.
    pub data: Option<Box<[u8]>>,
    pub persistent: Option<Persistent>,
    /// Persistent: started and not yet completed.
    pub active: bool,
    /// A send in standard mode.
    pub standard: bool,
    /// When the send was started, in cycles of the time-stamp counter.
    pub started: u64,
}

impl Request {
    /// Whether the operation is complete.
    #[inline]
    pub fn is_complete(&self) -> bool {
        self.complete || (self.lands && self.landing.has_landed()) || self.offer.as_ref().is_some_and(|offer| offer.is_complete())
    }

    /// Whether it is a send that must not wait for its receiver: standard mode, and no longer than `eager_max`.
    #[inline]
    pub fn may_move(&self, eager_max: usize) -> bool {
        self.standard && self.offer.as_ref().is_some_and(|offer| offer.len() <= eager_max)
    }

    /// Whether the receiver had its time to fetch the data. Some 40 us: twice what a recall costs, or else a sender held up
    /// by the recall of its peer would recall in its turn, and so on.
    #[inline]
    pub fn is_overdue(&self) -> bool {
        const CYCLES: u64 = 100_000;
        now().wrapping_sub(self.started) > CYCLES
    }

    fn free() -> Box<Request> {
        Box::new(Request {
            kind: Kind::Free,
            operation: None,
            complete: false,
            outcome: Outcome::EMPTY,
            offer: None,
            landing: Landing::default(),
            lands: false,
            halved: None,
            data: None,
            persistent: None,
            active: false,
            standard: false,
            started: 0,
        })
    }
}

/// The time-stamp counter.
#[inline]
pub fn now() -> u64 {
    // SAFETY: every x86-64 processor has it, and Linux lets programs read it.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// An offer whose request is no longer the program's concern; it stays where it is until it is complete.
#[derive(Debug)]
pub struct Parked {
    pub offer: Box<Rendezvous>,
    /// What it offers, if that is not the program's memory.
    pub data: Option<Box<[u8]>>,
    /// Whether the data counts against the attached buffer.
    pub buffered: bool,
    /// Keeps the runs that the offer points to; nobody reads it.
    #[allow(dead_code)]
    pub layout: Option<Arc<Layout>>,
}

/// What a completed receive tells.
#[derive(Debug)]
pub struct Received {
    pub outcome: Outcome,
    pub comm: Comm,
    /// Bytes that it had room for.
    pub room: usize,
}

/// All requests of a rank. Slots keep their address.
#[derive(Debug, Default)]
pub struct Slab {
    // A sender may still report to a slot's landing while the table grows: the Box keeps it in place.
    #[allow(clippy::vec_box)]
    slots: Vec<Box<Request>>,
    free: Vec<Index>,
}

impl Slab {
    /// A slot for `kind`. Inlined: an operation that was just put together would be moved in other pieces, which stalls.
    #[inline(always)]
    pub fn insert(&mut self, kind: Kind, operation: Option<Operation>) -> Index {
        let index = match self.free.pop() {
            Some(index) => index,
            None => self.grow(),
        };
        let slot = &mut self.slots[index as usize];
        (slot.kind, slot.operation, slot.complete, slot.outcome) = (kind, operation, false, Outcome::EMPTY);
        (slot.active, slot.lands, slot.halved) = (true, false, None);
        index
    }

    #[cold]
    fn grow(&mut self) -> Index {
        assert!(self.slots.len() < SLOTS as usize, "pip-mpi: more than {SLOTS} requests at a time");
        self.slots.push(Request::free());
        self.slots.len() as Index - 1
    }

    /// The slot of a handle's index, if it is in use.
    #[inline]
    pub fn get(&mut self, index: Index) -> Option<&mut Request> {
        self.slots.get_mut(index as usize).map(|slot| &mut **slot).filter(|slot| !matches!(slot.kind, Kind::Free))
    }

    /// Changes the slot of a handle's index, if it is in use.
    #[inline]
    pub fn update(&mut self, index: Index, change: impl FnOnce(&mut Request)) {
        if let Some(slot) = self.get(index) {
            change(slot);
        }
    }

    /// Gives a slot back.
    #[inline]
    pub fn remove(&mut self, index: Index) {
        let slot = &mut self.slots[index as usize];
        slot.kind = Kind::Free;
        (slot.operation, slot.offer, slot.persistent, slot.data) = (None, None, None, None);
        self.free.push(index);
    }

    /// The outcome of a receive that is complete, whose slot is free then; None if there is more to it, or if it is not.
    #[inline(always)]
    pub fn take_received(&mut self, index: Index) -> Option<Received> {
        let slot = &mut **self.slots.get_mut(index as usize)?;
        let more = slot.halved.is_some() || slot.persistent.is_some() || slot.outcome.error != abi::SUCCESS;
        if !matches!(slot.kind, Kind::Receive) || !slot.complete || more {
            return None;
        }
        // It stays in the slot: to move it costs more than all the rest.
        let operation = slot.operation.as_ref().filter(|operation| operation.layout.is_none())?;
        let received = Received { outcome: slot.outcome, comm: operation.comm, room: operation.view.len() };
        slot.kind = Kind::Free;
        self.free.push(index);
        Some(received)
    }

    /// Separates a slot from its offer, if it has one: the slot goes on without.
    pub fn part(&mut self, index: Index) -> Option<Parked> {
        let slot = self.get(index)?;
        let layout = slot.operation.as_ref().and_then(|operation| operation.layout.clone());
        Some(Parked { offer: slot.offer.take()?, data: slot.data.take(), buffered: false, layout })
    }

    /// Slots in use.
    #[inline]
    pub fn live(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_and_slots_correspond() {
        assert_eq!(Handle::of(abi::REQUEST_NULL), None);
        assert_eq!(Handle::of(abi::REQUEST_COMPLETE_SEND), None);
        assert_eq!(Handle::of(0xac00_0000_u32 as i32), None);
        assert_eq!(Handle::of(LAST).map(|handle| handle.lane), Some(LANES as u32 - 1));
        let mut slab = Slab::default();
        let (a, b) = (slab.insert(Kind::Send, None), slab.insert(Kind::Receive, None));
        let handle = Handle { lane: 3, index: b };
        assert_eq!(Handle::of(handle.request()), Some(handle));
        let address = std::ptr::from_ref(slab.get(a).unwrap());
        (0..1000).for_each(|_| _ = slab.insert(Kind::Send, None));
        assert_eq!(address, std::ptr::from_ref(slab.get(a).unwrap()));
        slab.remove(a);
        assert!(slab.get(a).is_none());
        assert_eq!(slab.insert(Kind::Receive, None), a, "slots are used again");
    }
}
