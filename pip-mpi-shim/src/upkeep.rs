//! What an engine looks after beside messages: slots and offers that are over, receives whose senders copy a part.

use crate::engine::Engine;
use crate::rendezvous::{Pulled, Rendezvous};
use crate::request::{Index, Kind, Request};
use crate::waiting;

impl Engine {
    /// Gives back what a completed operation of slot `index` used, so that the slot can be freed or started again.
    pub fn settle(&mut self, index: Index) {
        self.conclude(index);
        let Some(request) = self.requests.get(index) else { return };
        if let Some(offer) = request.offer.take() {
            self.withdraw(offer);
        }
    }

    /// Takes a complete offer back.
    fn withdraw(&mut self, offer: Box<Rendezvous>) {
        self.mail.stop_assisting(&*offer);
        self.offering -= 1;
        self.offers.push(offer);
    }

    /// Looks after receives whose senders copy the second half: a sender must not have to wait until this rank asks for
    /// them. Copies along itself if there is nothing better to do.
    #[cold]
    pub fn tend(&mut self, idle: bool) {
        if idle && let Some(&last) = self.halved.last() {
            self.join(last); // the sender begins with the first
        }
        let mut halved = std::mem::take(&mut self.halved);
        halved.retain(|&index| {
            let whole = self.requests.get(index).is_none_or(|request| request.is_complete());
            if whole {
                self.conclude(index);
            }
            !whole
        });
        self.halved = halved;
    }

    /// Copies what the sender of a halved transfer to slot `index` has not begun.
    pub fn join(&mut self, index: Index) {
        let sharing = self.tunables.sharing();
        let Some(request) = self.requests.get(index) else { return };
        if let (Some(offer), Some(operation), false) = (request.halved, &request.operation, request.is_complete())
            // SAFETY: an offer stays in place until it is concluded.
            && unsafe { (*offer).join(&operation.view, sharing) } == Pulled::Whole
        {
            request.complete = true;
        }
    }

    /// Tells the sender of a halved transfer that it is complete.
    fn conclude(&mut self, index: Index) {
        if let Some(offer) = self.requests.get(index).and_then(|request| request.halved.take()) {
            // SAFETY: an offer stays in place until it is concluded.
            unsafe {
                let sender = self.job.block((*offer).sender());
                (*offer).conclude();
                waiting::notify(self.job, sender);
            }
        }
    }

    /// Frees the slot of a complete operation whose outcome nobody asks for.
    pub fn release(&mut self, index: Index) {
        if let Some(&mut Request { kind: Kind::Both(send, receive), .. }) = self.requests.get(index) {
            self.release(send);
            self.release(receive);
        }
        self.settle(index);
        self.requests.remove(index);
    }

    /// Frees what was kept for operations that the program no longer waits for, once they are complete.
    #[cold]
    pub fn reap(&mut self) {
        for index in std::mem::take(&mut self.detached) {
            self.join(index);
            if self.is_complete(index) {
                self.release(index);
            } else {
                self.detached.push(index);
            }
        }
        for i in 0..self.parked.len() {
            let offer = &raw const *self.parked[i].offer;
            // SAFETY: an offer stays where it is until it is complete.
            self.help(unsafe { &*offer });
        }
        for parked in self.parked.extract_if(.., |parked| parked.offer.is_complete()) {
            self.mail.stop_assisting(&*parked.offer);
            if parked.buffered {
                crate::buffered::release(parked.offer.len());
            }
            self.offering -= 1;
            self.offers.push(parked.offer);
        }
    }

    /// Whether no peer has anything left to fetch from the program's own memory. Copies may be fetched even after this
    /// rank has ended: its memory stays as long as the address space.
    pub fn has_let_go(&mut self) -> bool {
        self.reap();
        self.parked.iter().all(|parked| parked.data.is_some())
    }
}
