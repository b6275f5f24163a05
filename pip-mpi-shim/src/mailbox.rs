//! The mailboxes of this rank: a ring to each peer it has sent to, and one from each peer that has sent to it.

use crate::job::Job;
use crate::ring::{Full, Receiver, Sender};
use crate::tunables::Values;
use core::sync::atomic::Ordering;

/// The writing side towards one peer.
#[derive(Debug)]
pub struct Outbox {
    pub sender: Sender,
    /// Sends for which the peer is taken to be too busy to fetch soon; see `outgoing`.
    pub busy: u32,
}

/// All rings, by the peer's rank in MPI_COMM_WORLD.
#[derive(Debug)]
pub struct Mailboxes {
    out: Vec<Option<Box<Outbox>>>,
    into: Vec<Option<Receiver>>,
    /// Peers that have a ring to us, in the order they came.
    peers: Vec<u32>,
    connections: u32,
}

impl Mailboxes {
    /// No rings yet, room for `size` peers.
    pub fn new(size: u32) -> Mailboxes {
        let none = |_| None;
        Mailboxes { out: (0..size).map(|_| None).collect(), into: (0..size).map(none).collect(), peers: Vec::new(), connections: 0 }
    }

    /// The ring to rank `world`, opened at the first use.
    #[inline]
    pub fn outbox(&mut self, job: &Job, tunables: &Values, world: u32) -> &mut Outbox {
        let out = &mut self.out[world as usize];
        match out {
            Some(outbox) => outbox,
            None => out.insert(connect(job, tunables, world)),
        }
    }

    /// Finds new peers if there are any.
    #[inline]
    pub fn accept(&mut self, job: &Job) {
        if job.own().connections.load(Ordering::Acquire) != self.connections {
            self.accept_new(job);
        }
    }

    #[cold]
    fn accept_new(&mut self, job: &Job) {
        self.connections = job.own().connections.load(Ordering::Acquire);
        for world in 0..job.size() {
            let ring = job.own().inbox(world).load(Ordering::Acquire);
            let known = &mut self.into[world as usize];
            if !ring.is_null() && known.is_none() {
                // SAFETY: the peer put the ring there before its first message; we are its only reader.
                *known = Some(unsafe { Receiver::new(ring) });
                self.peers.push(world);
            }
        }
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
fn connect(job: &Job, tunables: &Values, world: u32) -> Box<Outbox> {
    const LINES: usize = 64;
    let sender = Sender::new(LINES, tunables.ring_bytes, tunables.ring_bytes_max);
    let peer = job.block(world);
    peer.inbox(job.rank).store(sender.ring().cast_mut(), Ordering::Release);
    peer.connections.fetch_add(1, Ordering::Release);
    Box::new(Outbox { sender, busy: 0 })
}
