//! Getting a message's data to where its receive wants it: out of the mailbox, or by copying from the sender's buffer.

use crate::abi::{self, Outcome};
use crate::engine::Engine;
use crate::layout::{self, View};
use crate::primitive;
use crate::rendezvous::{Landing, Pulled, Rendezvous, Sharing};
use crate::request::{Index, Unexpected};
use crate::ring::{Arrival, Envelope, Offered, Payload};
use crate::stats::Stats;
use crate::waiting;

/// A message that this rank has taken, and whether the sender still copies a part of it.
#[derive(Debug)]
pub struct Taken {
    pub outcome: Outcome,
    pub pulled: Pulled,
}

/// Copies a message that has arrived to where its receive wants it.
#[inline(always)]
pub fn unload(stats: &mut Stats, message: &View, target: &View, source: u32, tag: i32) -> Outcome {
    // SAFETY: a message where its sender or its mailbox keeps it, and the receive buffer of the program.
    unsafe { layout::copy(message, target, message.len().min(target.len())) };
    outcome(stats, message.len(), target.len(), source, tag)
}

#[inline]
fn outcome(stats: &mut Stats, sent: usize, room: usize, source: u32, tag: i32) -> Outcome {
    let bytes = sent.min(room);
    stats.received.add(bytes);
    let error = if sent > room { abi::ERR_TRUNCATE } else { abi::SUCCESS };
    Outcome { source: source as i32, tag, bytes, cancelled: false, error }
}

impl Engine {
    /// Copies the first half of a message from a sender that need not be waiting, and goes on to the next. So in a window
    /// of many both sides work without waiting for each other.
    pub fn halve(&mut self, index: Index, Envelope { source, tag, .. }: Envelope, offered: &Offered) -> bool {
        // SAFETY: an offer stays in place until it is complete.
        let offer = unsafe { &*(offered.descriptor as *const Rendezvous) };
        // While the peer fetches something from us it cannot help.
        let alone = self.offering > 0 || !offer.together();
        if offered.firm || offered.len < self.tunables.halve_min || alone {
            return false;
        }
        if !self.claim(offer.sender(), offered) && !offer.take() {
            return false;
        }
        let Some(request) = self.requests.get(index) else { return false };
        let Some(view) = request.operation.as_ref().map(|operation| operation.view) else { return false };
        (request.lands, request.halved) = (true, Some(core::ptr::from_ref(offer)));
        let (sender, lane) = (self.job.block(offer.sender()), self.lane);
        offer.halve(&view, &request.landing, || sender.door(lane).ask_assistance(offer));
        let outcome = outcome(&mut self.stats, offered.len, view.len(), source, tag);
        self.requests.update(index, |request| request.outcome = outcome);
        self.halved.push(index);
        waiting::notify(self.job, sender);
        true
    }

    /// Whether an offer of rank `world` is this rank's to copy from where its line says, without a look at its state.
    #[inline]
    fn claim(&self, world: u32, offered: &Offered) -> bool {
        let sender = &self.job.block(world).door(self.lane).claims;
        offered.number != 0 && self.mail.claims().claim(sender, offered.number)
    }

    /// Where the sender of a shared transfer says that its part has been copied to the receive in slot `index`.
    pub fn landing_of(&mut self, index: Index) -> *const Landing {
        self.requests.get(index).map_or(&raw const *self.landing, |request| &raw const request.landing)
    }

    /// Copies an arrived message to `view`; None if its sender had taken it back.
    #[inline(always)]
    pub fn accept_arrival(&mut self, arrival: &Arrival, world: u32, view: &View, landing: *const Landing) -> Option<Taken> {
        let Envelope { source, tag, .. } = arrival.envelope;
        match arrival.payload {
            Payload::Offer(offered) => {
                let offer = offered.descriptor as *const Rendezvous;
                let mut data = (!offered.data.is_null()).then(|| View::bytes(offered.data, offered.len));
                if !offered.firm {
                    prefetch(offered.data); // while the claim is looked into
                    if !self.claim(world, &offered) {
                        // SAFETY: an offer stays in place until it is complete.
                        if !unsafe { (*offer).take() } {
                            return None;
                        }
                        data = None; // what the line says may have been moved since
                    }
                }
                let least = self.tunables.share_min;
                Some(self.pull_taken(offer, data, world, view, source, tag, landing, least))
            }
            Payload::Inline(len) | Payload::Cell(_, len) => {
                let outcome = unload(&mut self.stats, &View::bytes(arrival.data.cast_mut(), len), view, source, tag);
                Some(Taken { outcome, pulled: Pulled::Whole })
            }
        }
    }

    /// Copies from an offer that has been taken, which completes it; together with the sender from `least` bytes on. `data`
    /// is the offer's if it is known already.
    #[allow(clippy::too_many_arguments)]
    fn pull_taken(
        &mut self,
        offer: *const Rendezvous,
        data: Option<View>,
        world: u32,
        target: &View,
        source: u32,
        tag: i32,
        landing: *const Landing,
        least: usize,
    ) -> Taken {
        // SAFETY: an offer stays in place until this completes it; a landing is a slot's of ours, or the engine's.
        let (offer, landing) = unsafe { (&*offer, &*landing) };
        let sender = self.job.block(world);
        let sent = data.map_or_else(|| offer.len(), |data| data.len());
        let invite = || sender.door(self.lane).ask_assistance(offer);
        // While the peer fetches something from us it cannot help.
        let least = if self.offering > 0 { usize::MAX } else { least };
        let pulled = offer.pull(data, target, Sharing { least, ..self.tunables.sharing() }, landing, invite);
        waiting::notify(self.job, sender);
        Taken { outcome: outcome(&mut self.stats, sent, target.len(), source, tag), pulled }
    }

    /// Copies along if a peer asked for it.
    #[inline(always)]
    pub fn assist(&mut self) {
        let transfer = self.mail.assist();
        if !transfer.is_null() {
            self.assist_with(transfer);
        }
    }

    #[cold]
    fn assist_with(&mut self, transfer: *const Rendezvous) {
        // SAFETY: it is one of our own offers, and this thread (under the lock) is who would reuse its memory.
        self.help(unsafe { &*transfer });
        self.mail.stop_assisting(transfer);
    }

    /// Copies along in a transfer from this rank if its receiver wants that.
    #[inline]
    pub fn help(&mut self, transfer: &Rendezvous) {
        let before = transfer.helped();
        if let Some(copied) = transfer.help(self.tunables.sharing())
            && copied > 0
        {
            // Once: a look at a transfer that is waiting for its receiver finds what was copied before.
            if transfer.helped() != before {
                self.stats.shared.add(copied);
            }
            waiting::notify(self.job, self.job.block(transfer.receiver()));
        }
    }

    /// Copies an unexpected message to its receive; None if its sender had cancelled it.
    pub fn open(
        &mut self,
        message: Unexpected,
        view: &View,
        source: u32,
        tag: i32,
        landing: *const Landing,
    ) -> Option<Taken> {
        match message {
            Unexpected::Eager(bytes) => {
                let message = View::bytes(bytes.as_ptr().cast_mut(), bytes.len());
                let outcome = unload(&mut self.stats, &message, view, source, tag);
                Some(Taken { outcome, pulled: Pulled::Whole })
            }
            // SAFETY: an offer stays in place until it is complete.
            Unexpected::Offer(offer, _) if !unsafe { (*offer).take() } => None,
            Unexpected::Offer(offer, world) | Unexpected::Taken(offer, world) => {
                let least = self.tunables.share_min;
                Some(self.pull_taken(offer, None, world, view, source, tag, landing, least))
            }
        }
    }
}

/// Fetches the first lines at an address; nothing happens if there is nothing.
#[inline(always)]
fn prefetch(address: *const u8) {
    (0..4).for_each(|line| primitive::prefetch(address.wrapping_add(line * 64)));
}
