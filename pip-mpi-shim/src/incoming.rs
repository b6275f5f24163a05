//! Messages on their way in: progress takes them out of the mailboxes and gives them to posted receives, or keeps them.

use crate::abi::Outcome;
use crate::engine::Engine;
use crate::layout::View;
use crate::marks::Marks;
use crate::matching::Pattern;
use crate::rendezvous::{Pulled, Rendezvous};
use crate::request::{Index, Matched, Unexpected};
use crate::ring::{Arrival, Envelope, Offered, Payload};
use crate::taking::{self, Taken};

/// What [`Engine::receive_directly`] found.
#[derive(Debug)]
pub enum Direct {
    /// No mail.
    Nothing,
    /// Other messages, which must be queued before this receive can go on.
    Blocked,
    Received(Outcome),
}

impl Engine {
    /// Takes all mail that is there; true if there was any.
    #[inline]
    pub fn progress(&mut self) -> bool {
        self.mail.accept(self.job, self.tunables);
        let mut any = false;
        match self.mail.marks() {
            Some(marks) => marks.take(|world| any |= self.take_marked_mail(marks, world)),
            None => (0..self.mail.peer_count()).for_each(|i| any |= self.take_mail(self.mail.peer(i)) > 0),
        }
        self.assist();
        if self.offnode.is_some() {
            any |= self.progress_offnode();
        }
        if !self.halved.is_empty() {
            self.tend(!any);
        }
        if !(self.detached.is_empty() && self.parked.is_empty()) {
            self.reap();
        }
        any
    }

    /// At most this many messages from one peer before the next gets its turn.
    const BURST: usize = 64;

    #[inline]
    fn take_mail(&mut self, world: u32) -> usize {
        for taken in 0..Self::BURST {
            let Some(arrival) = self.mail.from(world).and_then(|receiver| receiver.peek()) else { return taken };
            self.dispatch(&arrival, world);
            self.give_back(world, arrival.payload);
        }
        Self::BURST
    }

    /// The mail of a sender whose mark was just cleared.
    fn take_marked_mail(&mut self, marks: &Marks, world: u32) -> bool {
        if self.mail.from(world).is_none() {
            self.mail.accept(self.job, self.tunables); // it came after the last look
        }
        let taken = self.take_mail(world);
        if taken == Self::BURST {
            marks.mark(world); // there may be more
        }
        taken > 0
    }

    #[inline]
    fn give_back(&mut self, world: u32, payload: Payload) {
        if let Some(receiver) = self.mail.from(world) {
            receiver.advance(payload);
        }
    }

    /// Gives a message to the receive it belongs to, or keeps it.
    #[inline]
    fn dispatch(&mut self, arrival: &Arrival, world: u32) {
        let Envelope { context, source, tag } = arrival.envelope;
        let queue = self.queues.of(context);
        if let Some(index) = queue.match_message(source, tag) {
            self.posted -= 1;
            return self.deliver(index, arrival, world);
        }
        let message = match arrival.payload {
            Payload::Offer(offered) => Unexpected::Offer(offered.descriptor as *const Rendezvous, world),
            Payload::Inline(len) | Payload::Cell(_, len) => {
                // SAFETY: the mailbox holds `len` bytes there until the line is given back.
                Unexpected::Eager(unsafe { core::slice::from_raw_parts(arrival.data, len) }.into())
            }
        };
        let len = message.len();
        queue.keep(source, tag, message);
        self.stats.unexpected.add(len);
    }

    /// Completes the posted receive `index` with an arrived message.
    #[inline(always)]
    fn deliver(&mut self, index: Index, arrival: &Arrival, world: u32) {
        let Envelope { source, tag, .. } = arrival.envelope;
        match arrival.payload {
            Payload::Offer(offered) => self.deliver_offered(index, arrival, &offered, world),
            Payload::Inline(len) | Payload::Cell(_, len) => {
                let Some(request) = self.requests.get(index) else { return };
                let Some(operation) = &request.operation else { return };
                let message = View::bytes(arrival.data.cast_mut(), len);
                request.outcome = taking::unload(&mut self.stats, &message, &operation.view, source, tag);
                (request.complete, request.lands) = (true, false);
            }
        }
    }

    #[inline(never)]
    fn deliver_offered(&mut self, index: Index, arrival: &Arrival, offered: &Offered, world: u32) {
        if self.halve(index, arrival.envelope, offered) {
            return;
        }
        let Some(view) = self.requests.get(index).and_then(|r| r.operation.as_ref()).map(|op| op.view) else { return };
        let landing = self.landing_of(index);
        let taken = self.accept_arrival(arrival, world, &view, landing);
        self.complete_receive(index, taken);
    }

    pub fn complete_receive(&mut self, index: Index, taken: Option<Taken>) {
        let Some(request) = self.requests.get(index) else { return };
        match taken {
            Some(Taken { outcome, pulled }) => {
                request.outcome = outcome;
                (request.complete, request.lands) = (pulled == Pulled::Whole, pulled == Pulled::Front);
            }
            // The sender had cancelled: the receive waits on. It lost its place, but the message it lost it to is gone.
            None => {
                let operation = request.operation.as_ref().map(|operation| (operation.context, operation.pattern()));
                if let Some((context, pattern)) = operation {
                    self.post(index, context, pattern);
                }
            }
        }
    }

    /// Posts the receive in slot `index`, or completes it with a message that is already there.
    #[inline(always)]
    pub fn post(&mut self, index: Index, context: u32, pattern: Pattern) {
        let queue = self.queues.of(context);
        if queue.unexpected_count() > 0 {
            return self.post_late(index, context, pattern);
        }
        queue.post(pattern, index);
        self.posted += 1;
    }

    #[inline(never)]
    fn post_late(&mut self, index: Index, context: u32, pattern: Pattern) {
        while let Some((source, tag, message)) = self.queues.of(context).take_message(pattern) {
            if self.open(index, message, source, tag) {
                return;
            }
        }
        self.queues.of(context).post(pattern, index);
        self.posted += 1;
    }

    /// Source, tag and length of the message a receive would get; drops messages whose sender cancelled them.
    pub fn probe(&mut self, context: u32, pattern: Pattern) -> Option<(u32, i32, usize)> {
        loop {
            let queue = self.queues.of(context);
            let (source, tag, message) = queue.find_message(pattern)?;
            match message {
                // SAFETY: as in `pull`.
                Unexpected::Offer(offer, _) if unsafe { (**offer).is_cancelled() } => {}
                message => return Some((source, tag, message.len())),
            }
            queue.take_message(pattern);
        }
    }

    /// Takes the message that a receive would get; its sender cannot cancel it from here on.
    pub fn take(&mut self, context: u32, pattern: Pattern) -> Option<Matched> {
        loop {
            let (source, tag, message) = self.queues.of(context).take_message(pattern)?;
            let message = match message {
                // SAFETY: as in `pull`.
                Unexpected::Offer(offer, world) if unsafe { (*offer).take() } => Unexpected::Taken(offer, world),
                Unexpected::Offer(..) => continue,
                other => other,
            };
            return Some(Matched { source, tag, message });
        }
    }

    /// Takes a posted receive back; false if it has been matched.
    pub fn unpost(&mut self, index: Index, context: u32, pattern: Pattern) -> bool {
        let found = self.queues.of(context).cancel(pattern, |&posted| posted == index).is_some();
        self.posted -= usize::from(found);
        found
    }

    /// Whether a blocking receive may take its message straight from the mailbox: nothing else is under way that could
    /// have a better claim or need attention meanwhile.
    #[inline]
    pub fn may_receive_directly(&mut self, context: u32) -> bool {
        self.requests.live() == 0 && self.parked.is_empty() && self.queues.of(context).unexpected_count() == 0
    }

    /// Takes the message for (`context`, `pattern`) from rank `world`, if it is the first in its mailbox.
    #[inline(always)]
    pub fn receive_directly(&mut self, world: u32, context: u32, pattern: Pattern, view: &View) -> Direct {
        let Some(receiver) = self.mail.from(world) else { return Direct::Nothing };
        let Some(arrival) = receiver.peek() else { return Direct::Nothing };
        let Envelope { context: sent_in, source, tag } = arrival.envelope;
        let fits = sent_in == context
            && pattern.source.is_none_or(|wanted| wanted == source)
            && pattern.tag.is_none_or(|wanted| wanted == tag);
        if !fits {
            return Direct::Blocked;
        }
        let landing = &raw const *self.landing;
        let taken = self.accept_arrival(&arrival, world, view, landing);
        self.give_back(world, arrival.payload);
        match taken {
            None => Direct::Nothing,
            Some(Taken { outcome, pulled }) => {
                if pulled == Pulled::Front {
                    self.landing.wait();
                }
                Direct::Received(outcome)
            }
        }
    }
}
