//! Messages on their way out. Up to 528 bytes travel in lines of the mailbox. Longer ones are offered: the receiver
//! copies from the sender's buffer. A send that must not wait for its receiver (MPI-4.0 section 3.4: standard mode may
//! buffer, and programs count on it for short messages) makes an offer too, as long as the receiver is quick to fetch; if
//! it is not, the sender moves the data to a buffer of its own and goes on, and for a while copies through the mailbox.

use crate::claims;
use crate::engine::Engine;
use crate::layout::{self, View};
use crate::rendezvous::Rendezvous;
use crate::report::{self, Way};
use crate::request::{Index, Parked};
use crate::ring::{Envelope, Full, INLINE_MAX, LINES_MAX, Offered, Sender};
use crate::waiting;
use std::time::{Duration, Instant};


impl Engine {
    /// Sends a message that leaves the sender's hands at once.
    #[inline]
    pub fn send_eager(&mut self, world: u32, envelope: Envelope, view: &View) {
        let len = view.len();
        self.stats.eager.add(len);
        report::sent(Way::Mailbox, world, len);
        self.push(world, len, |sender| {
            // SAFETY: the program's send buffer, and room for `len` bytes in the mailbox.
            let fill = |to: *mut u8| unsafe {
                match view.contiguous() {
                    Some(from) => layout::copy_bytes(from, to, len),
                    None => layout::copy(view, &View::bytes(to, len), len),
                }
            };
            match len {
                0..=INLINE_MAX => sender.send_inline(envelope, len, fill),
                _ if len <= LINES_MAX && sender.send_lines(envelope, len, fill).is_ok() => Ok(()),
                _ => sender.send_cell(envelope, len, fill),
            }
        });
    }

    /// Whether a message of `len` bytes that must not wait for its receiver goes through the mailbox.
    #[inline]
    pub fn copies(&mut self, world: u32, len: usize) -> bool {
        if len <= LINES_MAX || self.job.is_crowded() || world == self.job.rank {
            return true;
        }
        self.mail.outbox(self.job, self.tunables, world).takes_copy()
    }

    /// Offers the data of the send in slot `index` to rank `world`. Complete when the offer is. `firm` if the caller
    /// watches it until then, and nobody will cancel or relocate it.
    pub fn send_offer(&mut self, world: u32, envelope: Envelope, view: &View, index: Index, firm: bool) {
        let offer = self.offer(world, envelope, view, firm);
        self.requests.update(index, |slot| slot.offer = Some(offer));
    }

    /// Offers `data`, which the offer owns from here on (a buffered send).
    pub fn send_owned(&mut self, world: u32, envelope: Envelope, data: Box<[u8]>) {
        let view = View::bytes(data.as_ptr().cast_mut(), data.len());
        let offer = self.offer(world, envelope, &view, false);
        self.parked.push(Parked { offer, data: Some(data), buffered: true, layout: None });
    }

    fn offer(&mut self, world: u32, envelope: Envelope, view: &View, firm: bool) -> Box<Rendezvous> {
        let together = !self.job.is_crowded() && world != self.job.rank;
        self.offers_made += 1;
        let number = if self.job.fences { 0 } else { claims::number(self.offers_made, self.job.rank) };
        let fresh = Rendezvous::new(*view, self.job.rank, world, number, together);
        let offer = match self.offers.pop() {
            Some(mut used) => {
                *used = fresh;
                used
            }
            None => Box::new(fresh),
        };
        self.stats.rendezvous.add(view.len());
        report::sent(Way::Offered, world, view.len());
        self.offering += 1;
        let descriptor = core::ptr::from_ref(&*offer) as usize;
        let data = view.contiguous().unwrap_or(core::ptr::null_mut());
        let offered = Offered { descriptor, data, len: view.len(), number, firm };
        self.push(world, 0, |sender| sender.send_offer(envelope, &offered));
        offer
    }

    /// Before the offer of the send in slot `index` is moved or cancelled: false if its receiver may be copying it.
    pub fn recall(&mut self, index: Index) -> bool {
        let (job, lane) = (self.job, self.lane);
        let Some(offer) = self.requests.get(index).and_then(|request| request.offer.as_deref()) else { return false };
        let claims = |rank: u32| &job.block(rank).door(lane).claims;
        let (number, receiver) = (offer.number(), claims(offer.receiver()));
        number == 0 || claims(job.rank).recall(receiver, number, claims::number(self.offers_made, job.rank), waiting::fence_everywhere)
    }

    /// The receiver of the send in slot `index` must be busy: moves the data to a buffer, so that the send is complete.
    #[cold]
    pub fn release_sender(&mut self, index: Index) {
        if !self.recall(index) {
            return;
        }
        let Some(request) = self.requests.get(index) else { return };
        let (Some(offer), Some(operation)) = (&request.offer, &request.operation) else { return };
        let (world, mut copy) = (operation.peer_world, None);
        let moved = offer.relocate(|view| {
            // SAFETY: the program's send buffer, of a send that is not complete.
            let data = copy.insert(unsafe { view.gather() });
            View::bytes(data.as_mut_ptr(), data.len())
        });
        if moved {
            request.complete = true;
            if let Some(parked) = self.requests.part(index) {
                self.parked.push(Parked { data: copy, ..parked });
            }
            self.mail.outbox(self.job, self.tunables, world).note_late();
        }
    }

    #[inline(always)]
    pub fn push(&mut self, world: u32, bytes: usize, mut send: impl FnMut(&mut Sender) -> Result<(), Full>) {
        let outbox = self.mail.outbox(self.job, self.tunables, world);
        if send(&mut outbox.sender).is_err() {
            self.push_into_full(world, bytes, &mut send);
        }
        waiting::notify_of_mail(self.job, self.job.block(world), self.lane);
    }

    /// The receiver is behind. It may just be about to catch up, so wait a little, with our own mail served; then link
    /// another ring: a send never depends on its receiver's progress.
    #[cold]
    fn push_into_full(&mut self, world: u32, bytes: usize, send: &mut dyn FnMut(&mut Sender) -> Result<(), Full>) {
        const ROUNDS: usize = 256;
        let rounds = if self.job.is_crowded() || world == self.job.rank { 0 } else { ROUNDS };
        for _ in 0..rounds {
            self.progress();
            core::hint::spin_loop();
            if send(&mut self.mail.outbox(self.job, self.tunables, world).sender).is_ok() {
                return;
            }
        }
        if !self.brake(world, send) {
            self.mail.force(self.job, self.tunables, world, bytes, send);
        }
    }

    /// The more memory is on its way to a receiver that does not fetch it, the longer a send takes, so that a fast sender
    /// cannot fill the memory of all; but it never stops, since the receiver may be waiting for something else. True if
    /// room was found meanwhile.
    fn brake(&mut self, world: u32, send: &mut dyn FnMut(&mut Sender) -> Result<(), Full>) -> bool {
        const FREE: u64 = 16 << 20;
        const STEP: Duration = Duration::from_micros(100);
        const MOST: Duration = Duration::from_millis(10);
        let backlog = self.mail.outbox(self.job, self.tunables, world).sender.backlog() / FREE;
        let until = Instant::now() + (STEP * (backlog * backlog).min(1000) as u32).min(MOST);
        while backlog > 0 && Instant::now() < until {
            std::thread::sleep(STEP);
            self.progress();
            if send(&mut self.mail.outbox(self.job, self.tunables, world).sender).is_ok() {
                return true;
            }
        }
        false
    }
}
