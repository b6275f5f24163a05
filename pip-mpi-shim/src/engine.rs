//! The state of this rank: mailboxes to and from its peers, queues, requests; and progress, which empties the mailboxes.

use crate::abi::Outcome;
use crate::communicator::Table;
use crate::job::{Job, Block};
use crate::layout::{self, View};
use crate::matching::{Pattern, Queues};
use crate::rendezvous::{Rendezvous, Sharing};
use crate::request::{Index, Kind, Request, Slab, Unexpected};
use crate::ring::{Arrival, Envelope, Full, INLINE_MAX, Payload, Receiver, Sender};
use crate::stats::Stats;
use crate::tunables::{self, Values};
use crate::waiting;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Everything the shim knows in this rank.
#[derive(Debug)]
pub struct Engine {
    pub job: &'static Job,
    pub comms: Table,
    pub requests: Slab,
    pub stats: Stats,
    pub tunables: &'static Values,
    /// By communicator context.
    queues: Vec<Queues<Index, Unexpected>>,
    /// Receives posted in all queues.
    posted: usize,
    inbound: Vec<Inbound>,
    connections: u32,
    /// By rank in MPI_COMM_WORLD.
    outbound: Vec<Option<Box<Sender>>>,
    /// Freed by the program before they were complete.
    pub detached: Vec<Index>,
}

/// What [`Engine::receive_directly`] found.
#[derive(Debug)]
pub enum Direct {
    /// No mail.
    Nothing,
    /// Other messages, which must be queued before this receive can go on.
    Blocked,
    Received(Outcome),
}

#[derive(Debug)]
struct Inbound {
    world: u32,
    receiver: Receiver,
}

struct Global {
    engine: UnsafeCell<Option<Engine>>,
    /// Whether threads must lock: MPI_THREAD_MULTIPLE, or a thread that makes progress in the background.
    shared: AtomicBool,
    lock: AtomicU32,
}

// SAFETY: the engine is reached through `with` only, which locks whenever there may be two threads.
unsafe impl Sync for Global {}

static GLOBAL: Global =
    Global { engine: UnsafeCell::new(None), shared: AtomicBool::new(false), lock: AtomicU32::new(0) };

/// Puts the engine in place. Called once, by the thread that initialises MPI.
pub fn install(job: &'static Job, threads: bool) {
    let size = job.size() as usize;
    let engine = Engine {
        comms: Table::new(job),
        requests: Slab::default(),
        stats: Stats::default(),
        tunables: tunables::get(),
        queues: Vec::new(),
        posted: 0,
        inbound: Vec::new(),
        connections: 0,
        outbound: (0..size).map(|_| None).collect(),
        detached: Vec::new(),
        job,
    };
    // SAFETY: nobody uses the engine before it is installed.
    unsafe { *GLOBAL.engine.get() = Some(engine) };
    GLOBAL.shared.store(threads, Ordering::Release);
}

/// Says whether several threads may use the engine from now on; returns what held before.
pub fn set_shared(shared: bool) -> bool {
    GLOBAL.shared.swap(shared, Ordering::AcqRel)
}

/// Whether several threads may use the engine.
pub fn is_shared() -> bool {
    GLOBAL.shared.load(Ordering::Acquire)
}

/// Runs `f` on the engine; None if the shim has nothing to do in this process. `f` must not call the MPI library in ways
/// that come back to the shim.
#[inline]
pub fn with<R>(f: impl FnOnce(&mut Engine) -> R) -> Option<R> {
    if !GLOBAL.shared.load(Ordering::Acquire) {
        // SAFETY: below MPI_THREAD_MULTIPLE the program promises one call at a time.
        return unsafe { &mut *GLOBAL.engine.get() }.as_mut().map(f);
    }
    while GLOBAL.lock.compare_exchange_weak(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
        std::thread::yield_now();
    }
    // SAFETY: we hold the lock.
    let result = unsafe { &mut *GLOBAL.engine.get() }.as_mut().map(f);
    GLOBAL.lock.store(0, Ordering::Release);
    result
}

impl Engine {
    fn queue(&mut self, context: u32) -> &mut Queues<Index, Unexpected> {
        let context = context as usize;
        if context >= self.queues.len() {
            self.queues.resize_with(context + 1, Queues::default);
        }
        &mut self.queues[context]
    }

    /// Receives posted and not yet matched, in all communicators.
    #[inline]
    pub fn posted(&self) -> usize {
        self.posted
    }

    /// Takes all mail that is there; true if there was any.
    #[inline]
    pub fn progress(&mut self) -> bool {
        if self.job.own().connections.load(Ordering::Acquire) != self.connections {
            self.accept();
        }
        let mut any = false;
        for i in 0..self.inbound.len() {
            any |= self.take_mail(i);
        }
        self.assist();
        if !self.detached.is_empty() {
            self.reap();
        }
        any
    }

    /// At most this many messages from one peer before the next gets its turn.
    const BURST: usize = 64;

    #[inline]
    fn take_mail(&mut self, i: usize) -> bool {
        for taken in 0..Self::BURST {
            let Some(arrival) = self.inbound[i].receiver.peek() else { return taken > 0 };
            self.dispatch(&arrival, self.inbound[i].world);
            self.inbound[i].receiver.advance(arrival.payload);
        }
        true
    }

    /// Finds the peers that have opened a mailbox since the last look.
    #[cold]
    fn accept(&mut self) {
        let own = self.job.own();
        self.connections = own.connections.load(Ordering::Acquire);
        for world in 0..self.job.size() {
            let ring = own.inbox(world).load(Ordering::Acquire);
            if !ring.is_null() && self.inbound.iter().all(|inbound| inbound.world != world) {
                // SAFETY: the peer put the ring there before its first message; we are its only reader.
                let receiver = unsafe { Receiver::new(ring) };
                self.inbound.push(Inbound { world, receiver });
            }
        }
    }

    /// Gives a message to the receive it belongs to, or keeps it.
    #[inline]
    fn dispatch(&mut self, arrival: &Arrival, world: u32) {
        let Envelope { context, source, tag } = arrival.envelope;
        let queue = self.queue(context);
        if let Some(index) = queue.match_message(source, tag) {
            self.posted -= 1;
            return self.deliver(index, arrival, world);
        }
        let message = match arrival.payload {
            Payload::Word(offer) => Unexpected::Offer(offer as *const Rendezvous, world),
            Payload::Inline(len) | Payload::Cell(_, len) => {
                // SAFETY: the mailbox holds `len` bytes there until the line is given back.
                Unexpected::Eager(unsafe { core::slice::from_raw_parts(arrival.data, len) }.into())
            }
        };
        queue.keep(source, tag, message);
        self.stats.unexpected.add(0);
    }

    /// Completes the posted receive `index` with an arrived message.
    fn deliver(&mut self, index: Index, arrival: &Arrival, world: u32) {
        let Some(view) = self.requests.get(index).and_then(|r| r.operation.as_ref()).map(|op| op.view) else { return };
        let Envelope { source, tag, .. } = arrival.envelope;
        let outcome = match arrival.payload {
            Payload::Word(offer) => self.pull(offer as *const Rendezvous, world, &view, source, tag),
            Payload::Inline(len) | Payload::Cell(_, len) => {
                Some(self.unload(&View::bytes(arrival.data.cast_mut(), len), &view, source, tag))
            }
        };
        self.complete_receive(index, outcome);
    }

    fn complete_receive(&mut self, index: Index, outcome: Option<Outcome>) {
        let Some(request) = self.requests.get(index) else { return };
        match (outcome, request.operation.clone()) {
            (Some(outcome), _) => (request.complete, request.outcome) = (true, outcome),
            // The sender had cancelled: the receive waits on. It lost its place, but the message it lost it to is gone.
            (None, Some(operation)) => self.post(index, operation.context, operation.pattern()),
            (None, None) => {}
        }
    }

    /// Copies a message that has arrived to where its receive wants it.
    #[inline]
    fn unload(&mut self, message: &View, target: &View, source: u32, tag: i32) -> Outcome {
        layout::copy(message, target, message.len().min(target.len()));
        self.outcome(message.len(), target.len(), source, tag)
    }

    #[inline]
    fn outcome(&mut self, sent: usize, room: usize, source: u32, tag: i32) -> Outcome {
        let bytes = sent.min(room);
        self.stats.received.add(bytes);
        let error = if sent > room { crate::abi::ERR_TRUNCATE } else { crate::abi::SUCCESS };
        Outcome { source: source as i32, tag, bytes, cancelled: false, error }
    }

    /// Copies straight from the sender's buffer; None if the sender had taken its offer back.
    fn pull(&mut self, offer: *const Rendezvous, world: u32, target: &View, source: u32, tag: i32) -> Option<Outcome> {
        // SAFETY: an offer stays in place until it is complete, and we complete it below.
        let offer = unsafe { &*offer };
        let (sent, sender) = (offer.len(), self.job.block(world));
        if !offer.take() {
            return None;
        }
        let sharing = Sharing { least: self.tunables.share_min, chunk: self.tunables.share_chunk };
        offer.pull(target, sharing, || sender.ask_assistance(offer));
        waiting::notify(self.job, sender);
        Some(self.outcome(sent, target.len(), source, tag))
    }

    /// Copies along if a peer asked for it.
    #[inline]
    fn assist(&mut self) {
        let transfer = self.job.own().assist.0.load(Ordering::Acquire);
        if !transfer.is_null() {
            // SAFETY: it is one of our own offers, and this thread (under the lock) is who would reuse its memory.
            unsafe { (*transfer).help() };
            self.job.own().stop_assisting(transfer);
            self.stats.shared.add(0);
        }
    }

    /// Posts the receive in slot `index`, or completes it with a message that is already there.
    pub fn post(&mut self, index: Index, context: u32, pattern: Pattern) {
        while let Some((source, tag, message)) = self.queue(context).take_message(pattern) {
            let Some(view) = self.requests.get(index).and_then(|r| r.operation.as_ref()).map(|op| op.view) else { return };
            if let Some(outcome) = self.open(message, &view, source, tag) {
                return self.complete_receive(index, Some(outcome));
            }
        }
        self.queue(context).post(pattern, index);
        self.posted += 1;
    }

    /// Copies an unexpected message to its receive; None if its sender had cancelled it.
    pub fn open(&mut self, message: Unexpected, view: &View, source: u32, tag: i32) -> Option<Outcome> {
        match message {
            Unexpected::Eager(bytes) => {
                Some(self.unload(&View::bytes(bytes.as_ptr().cast_mut(), bytes.len()), view, source, tag))
            }
            Unexpected::Offer(offer, world) => self.pull(offer, world, view, source, tag),
        }
    }

    /// Source, tag and length of the message a receive would get; drops messages whose sender cancelled them.
    pub fn probe(&mut self, context: u32, pattern: Pattern) -> Option<(u32, i32, usize)> {
        loop {
            let queue = self.queue(context);
            let (source, tag, message) = queue.find_message(pattern)?;
            match message {
                // SAFETY: as in `pull`.
                Unexpected::Offer(offer, _) if unsafe { (**offer).is_cancelled() } => {}
                message => return Some((source, tag, message.len())),
            }
            queue.take_message(pattern);
        }
    }

    /// Takes the message that `probe` found.
    pub fn take(&mut self, context: u32, pattern: Pattern) -> Option<crate::request::Matched> {
        self.probe(context, pattern)?;
        let (source, tag, message) = self.queue(context).take_message(pattern)?;
        Some(crate::request::Matched { source, tag, message })
    }

    /// Takes a posted receive back; false if it has been matched.
    pub fn unpost(&mut self, index: Index, context: u32, pattern: Pattern) -> bool {
        let found = self.queue(context).cancel(pattern, |&posted| posted == index).is_some();
        self.posted -= usize::from(found);
        found
    }

    /// Whether a blocking receive may take its message straight from the mailbox: nothing else is waiting that could
    /// have a better claim.
    #[inline]
    pub fn may_receive_directly(&mut self, context: u32) -> bool {
        self.posted == 0 && self.queue(context).unexpected_count() == 0
    }

    /// Takes the message for (`context`, `pattern`) if it is the first in its mailbox.
    #[inline]
    pub fn receive_directly(&mut self, context: u32, pattern: Pattern, view: &View) -> Direct {
        let mut result = Direct::Nothing;
        if self.job.own().connections.load(Ordering::Acquire) != self.connections {
            self.accept();
        }
        for i in 0..self.inbound.len() {
            let Some(arrival) = self.inbound[i].receiver.peek() else { continue };
            let Envelope { context: sent_in, source, tag } = arrival.envelope;
            let fits = sent_in == context
                && pattern.source.is_none_or(|wanted| wanted == source)
                && pattern.tag.is_none_or(|wanted| wanted == tag);
            if !fits {
                result = Direct::Blocked;
                continue;
            }
            let world = self.inbound[i].world;
            let outcome = match arrival.payload {
                Payload::Word(offer) => self.pull(offer as *const Rendezvous, world, view, source, tag),
                Payload::Inline(len) | Payload::Cell(_, len) => {
                    Some(self.unload(&View::bytes(arrival.data.cast_mut(), len), view, source, tag))
                }
            };
            self.inbound[i].receiver.advance(arrival.payload);
            if let Some(outcome) = outcome {
                return Direct::Received(outcome);
            }
        }
        self.assist();
        result
    }

    /// Sends a short message to rank `world`: it is out of the sender's hands when this returns.
    #[inline]
    pub fn send_eager(&mut self, world: u32, envelope: Envelope, view: &View) {
        let len = view.len();
        self.stats.eager.add(len);
        self.push(world, len, |sender| {
            let fill = |to: *mut u8| match view.contiguous() {
                Some(from) => layout::copy_bytes(from, to, len),
                None => layout::copy(view, &View::bytes(to, len), len),
            };
            if len <= INLINE_MAX { sender.send_inline(envelope, len, fill) } else { sender.send_cell(envelope, len, fill) }
        });
    }

    /// Offers the data of the send in slot `index` to rank `world`. Complete when the offer is.
    pub fn send_offer(&mut self, world: u32, envelope: Envelope, view: &View, index: Index) {
        let together = !self.job.crowded && world != self.job.rank;
        let Some(request) = self.requests.get(index) else { return };
        let offer = core::ptr::from_ref(request.offer.insert(Rendezvous::new(*view, together)));
        self.offer(world, envelope, view.len(), offer);
    }

    /// Sends the address of an offer that stays in place until it is complete.
    pub fn offer(&mut self, world: u32, envelope: Envelope, len: usize, offer: *const Rendezvous) {
        self.stats.rendezvous.add(len);
        self.push(world, 0, |sender| sender.send_word(envelope, offer as usize));
    }

    #[inline]
    fn push(&mut self, world: u32, bytes: usize, mut send: impl FnMut(&mut Sender) -> Result<(), Full>) {
        let peer = self.job.block(world);
        let sender = match &mut self.outbound[world as usize] {
            Some(sender) => sender,
            None => self.connect(world),
        };
        if send(sender).is_err() {
            self.push_into_full(world, bytes, send);
        }
        waiting::notify(self.job, peer);
    }

    /// The receiver is behind. It may just be about to catch up, so wait a little, with our own mail served; then link
    /// another ring: a send never depends on its receiver's progress.
    #[cold]
    fn push_into_full(&mut self, world: u32, bytes: usize, mut send: impl FnMut(&mut Sender) -> Result<(), Full>) {
        const PATIENCE: usize = 256;
        let patience = if self.job.crowded || world == self.job.rank { 0 } else { PATIENCE };
        for _ in 0..patience {
            self.progress();
            core::hint::spin_loop();
            if self.outbound[world as usize].as_mut().is_some_and(|sender| send(sender).is_ok()) {
                return;
            }
        }
        let Some(sender) = &mut self.outbound[world as usize] else { return };
        loop {
            sender.extend(bytes.next_multiple_of(64));
            if send(sender).is_ok() {
                return;
            }
        }
    }

    #[cold]
    fn connect(&mut self, world: u32) -> &mut Sender {
        const LINES: usize = 64;
        let (bytes, most) = (self.tunables.ring_bytes, self.tunables.ring_bytes_max);
        let sender = Box::new(Sender::new(LINES, bytes, most));
        let peer: &Block = self.job.block(world);
        peer.inbox(self.job.rank).store(sender.ring().cast_mut(), Ordering::Release);
        peer.connections.fetch_add(1, Ordering::Release);
        self.outbound[world as usize].insert(sender)
    }

    /// Whether the request in slot `index` is complete.
    #[inline]
    pub fn is_complete(&mut self, index: Index) -> bool {
        let Some(request) = self.requests.get(index) else { return true };
        match request.kind {
            Kind::Both(send, receive) => self.is_complete(send) && self.is_complete(receive),
            _ => request.complete || request.offer.as_ref().is_some_and(Rendezvous::is_complete),
        }
    }

    /// Gives back what a completed operation of slot `index` used, so that the slot can be freed or started again.
    pub fn settle(&mut self, index: Index) {
        let own = self.job.own();
        if let Some(Request { offer, buffer, .. }) = self.requests.get(index) {
            if let Some(offer) = offer.as_ref() {
                own.stop_assisting(offer);
            }
            *offer = None;
            if let Some(buffer) = buffer.take() {
                crate::buffered::release(buffer.len());
            }
        }
    }

    /// Whether no peer has anything of ours left to fetch.
    pub fn has_fetched_all(&mut self) -> bool {
        self.requests.in_use().into_iter().all(|index| {
            self.requests.get(index).and_then(|slot| slot.offer.as_ref()).is_none_or(Rendezvous::is_complete)
        })
    }

    /// Frees the slots of requests that the program gave up and that are complete now.
    fn reap(&mut self) {
        for index in std::mem::take(&mut self.detached) {
            if self.is_complete(index) {
                self.settle(index);
                self.requests.remove(index);
            } else {
                self.detached.push(index);
            }
        }
    }
}
