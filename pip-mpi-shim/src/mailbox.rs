//! The mailboxes of this rank in one lane: a ring to each peer it has sent to, and one from each peer that has sent to it.

use crate::claims::Claims;
use crate::engine::Lane;
use crate::job::{Door, Job};
use crate::rendezvous::Rendezvous;
use crate::ring::{Full, Receiver, Sender};
use crate::tunables::Values;
use core::sync::atomic::Ordering;

/// The writing side towards one peer.
#[derive(Debug)]
pub struct Outbox {
    pub sender: Sender,
    /// Sends for which the peer is taken to be too busy to fetch soon.
    busy: u32,
    /// The last such number, and offers since.
    spell: u32,
    offers: u32,
}

impl Outbox {
    /// Whether the next send shall be copied through the mailbox, since the peer is too busy to fetch it.
    #[inline]
    pub fn takes_copy(&mut self) -> bool {
        let busy = self.busy > 0;
        self.busy -= u32::from(busy);
        self.offers += u32::from(!busy);
        busy
    }

    /// The peer has not fetched an offer in time: for a while it gets copies, and for longer if it was no better last time.
    pub fn note_late(&mut self) {
        const SPELL: u32 = 32;
        const LONGEST_SPELL: u32 = 1024;
        self.spell = if self.offers == 1 { (self.spell * 2).clamp(SPELL, LONGEST_SPELL) } else { SPELL };
        (self.busy, self.offers) = (self.spell, 0);
    }
}

/// All rings, by the peer's rank in MPI_COMM_WORLD.
#[derive(Debug)]
pub struct Mailboxes {
    lane: Lane,
    /// Where the peers reach us.
    door: &'static Door,
    out: Vec<Option<Box<Outbox>>>,
    into: Vec<Option<Receiver>>,
    /// Peers that have a ring to us, in the order they came.
    peers: Vec<u32>,
    connections: u32,
    /// Whether senders set marks: with many of them, looking into every ring takes too long.
    marked: bool,
}

impl Mailboxes {
    /// No rings yet, room for all ranks of the job.
    pub fn new(job: &'static Job, lane: Lane) -> Mailboxes {
        Mailboxes {
            lane,
            door: job.own().door(lane),
            out: (0..job.size()).map(|_| None).collect(),
            into: (0..job.size()).map(|_| None).collect(),
            peers: Vec::new(),
            connections: 0,
            marked: false,
        }
    }

    /// Whether there is no ring to rank `world` yet; to ranks in other address spaces there never is.
    #[inline]
    pub fn is_new(&self, world: u32) -> bool {
        self.out[world as usize].is_none()
    }

    /// The ring to rank `world`, opened at the first use.
    #[inline]
    pub fn outbox(&mut self, job: &Job, tunables: &Values, world: u32) -> &mut Outbox {
        let out = &mut self.out[world as usize];
        match out {
            Some(outbox) => outbox,
            None => out.insert(connect(job, self.lane, tunables, world)),
        }
    }

    /// Finds new peers if there are any.
    #[inline]
    pub fn accept(&mut self, job: &Job, tunables: &Values) {
        if self.door.connections.load(Ordering::Acquire) != self.connections {
            self.accept_new(job, tunables);
        }
    }

    #[cold]
    fn accept_new(&mut self, job: &Job, tunables: &Values) {
        self.connections = self.door.connections.load(Ordering::Acquire);
        for world in 0..job.size() {
            let ring = self.door.inbox(world).load(Ordering::Acquire);
            let known = &mut self.into[world as usize];
            if !ring.is_null() && known.is_none() {
                // SAFETY: the peer put the ring there before its first message; we are its only reader.
                *known = Some(unsafe { Receiver::new(ring) });
                self.peers.push(world);
            }
        }
        if !self.marked && self.peers.len() > tunables.scan_max {
            self.marked = true;
            job.own().bell.want_marks(self.lane, job.fences);
            // What was sent before the senders knew has no marks.
            self.peers.iter().for_each(|&world| self.door.marks.mark(world));
        }
    }

    /// The marks of the senders; None as long as they set none.
    #[inline]
    pub fn marks(&self) -> Option<&'static crate::marks::Marks> {
        self.marked.then_some(&self.door.marks)
    }

    /// Which offers this rank copies, and which of its own it wants back.
    #[inline]
    pub fn claims(&self) -> &'static Claims {
        &self.door.claims
    }

    /// A transfer from this rank's memory that a peer wants help with, or null.
    #[inline]
    pub fn assist(&self) -> *const Rendezvous {
        self.door.assist()
    }

    /// Forgets a transfer that is over, before its memory is used again.
    #[inline]
    pub fn stop_assisting(&self, transfer: *const Rendezvous) {
        self.door.stop_assisting(transfer);
    }

    /// Number of peers that have sent something.
    #[inline]
    pub fn peer_count(&self) -> usize {
        self.peers.len()
    }

    /// The i-th peer that has sent something.
    #[inline]
    pub fn peer(&self, i: usize) -> u32 {
        self.peers[i]
    }

    /// The ring from rank `world`, if there is one yet.
    #[inline]
    pub fn from(&mut self, world: u32) -> Option<&mut Receiver> {
        self.into[world as usize].as_mut()
    }

    /// Sends with `send`, linking further rings until there is room for `bytes`.
    pub fn force(&mut self, job: &Job, tunables: &Values, world: u32, bytes: usize, send: &mut dyn FnMut(&mut Sender) -> Result<(), Full>) {
        let sender = &mut self.outbox(job, tunables, world).sender;
        while send(sender).is_err() {
            sender.extend(bytes.next_multiple_of(64));
        }
    }
}

#[cold]
fn connect(job: &Job, lane: Lane, tunables: &Values, world: u32) -> Box<Outbox> {
    const LINES: usize = 64;
    let sender = Sender::new(LINES, tunables.ring_bytes, tunables.ring_bytes_max);
    let peer = job.block(world).door(lane);
    peer.inbox(job.rank).store(sender.ring().cast_mut(), Ordering::Release);
    peer.connections.fetch_add(1, Ordering::Release);
    Box::new(Outbox { sender, busy: 0, spell: 0, offers: 0 })
}
