//! Messages from other address spaces: headers are given to posted receives or kept, and data are asked for.

use super::Channel;
use super::channel::{Purpose, fatal, row};
use super::header::{Header, Kind};
use super::idup;
use super::shapes::Described;
use crate::engine::Engine;
use crate::layout::{self, View};
use crate::request::{Index, Unexpected};
use crate::{buffered, taking, window};

/// A message whose data have not been asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Away {
    /// The sender's rank in MPI_COMM_WORLD.
    pub world: u32,
    /// Names the data.
    pub data_tag: u32,
    pub bytes: usize,
}

impl Engine {
    /// Looks after what is under way to and from other spaces; true if something has arrived or was completed.
    #[cold]
    pub fn progress_offnode(&mut self) -> bool {
        let job = self.job;
        if !self.offnode.as_mut().is_some_and(|channel| channel.is_due(job)) {
            return false;
        }
        self.with_channel(|engine, channel| {
            let (mut any, mut done, mut messages) = (false, Vec::new(), Vec::new());
            channel.finished(&mut done);
            for purpose in done {
                any = true;
                engine.conclude_away(channel, purpose);
            }
            loop {
                let over = channel.arrived(&mut messages);
                for (world, message) in messages.drain(..) {
                    any = true;
                    engine.dispatch_away(channel, world, &message);
                    channel.recycle(message);
                }
                if over {
                    return any | window::attend(channel);
                }
            }
        })
        .unwrap_or(false)
    }

    /// A call of MPICH is complete.
    fn conclude_away(&mut self, channel: &mut Channel, purpose: Purpose) {
        match purpose {
            Purpose::Header(memory) => channel.recycle(memory),
            Purpose::Sent { slot, data_tag } => self.note_sent(channel, Some(slot), data_tag),
            Purpose::SentCopy { data, data_tag, buffered, slot } => {
                if buffered {
                    buffered::release(data.len());
                }
                self.note_sent(channel, slot, data_tag);
            }
            Purpose::Received { slot } => self.requests.update(slot, |request| request.complete = true),
            Purpose::ReceivedAside { slot, mut data } => self.requests.update(slot, |request| {
                if let Some(operation) = &request.operation {
                    let (from, bytes) =
                        (View::bytes(data.as_mut_ptr(), data.len()), data.len().min(operation.view.len()));
                    // SAFETY: data of ours, and the program's receive buffer.
                    unsafe { layout::copy(&from, &operation.view, bytes) };
                }
                request.complete = true;
            }),
            Purpose::Window(moving) => window::moved(self, channel, moving),
            Purpose::Discarded { .. } => {}
        }
    }

    /// A header has arrived from rank `world`.
    fn dispatch_away(&mut self, channel: &mut Channel, world: u32, message: &[u8]) {
        let Some((header, payload)) = Header::decode(message) else {
            fatal(&format!(
                "rank {world} sent {} bytes that are no header; do all ranks run the same version?",
                message.len()
            ));
        };
        if !channel.sequences.is_next_from(world, header.sequence) {
            fatal(&format!("header {} of rank {world} was lost or overtaken on its way", header.sequence));
        }
        let Header { kind, context, source, tag, data_tag, bytes, .. } = header;
        let away = Away { world, data_tag, bytes: bytes as usize };
        match kind {
            Kind::Inline => self.dispatch_inline(context, source, tag, payload),
            Kind::Long => self.dispatch_long(channel, context, source, tag, away),
            Kind::Context => idup::note(context, tag as u32, data_tag),
            Kind::Cancel => self.revoke(channel, world, &header),
            Kind::Cancelled => self.note_answer(channel, data_tag, true),
            Kind::Kept => self.note_answer(channel, data_tag, false),
            Kind::Window => window::dispatch(self, channel, world, &header, payload),
        }
    }

    fn dispatch_inline(&mut self, context: u32, source: u32, tag: i32, payload: &[u8]) {
        let queue = self.queues.of(context);
        let Some(index) = queue.match_message(source, tag) else {
            queue.keep(source, tag, Unexpected::Eager(payload.into()));
            return self.stats.unexpected.add(payload.len());
        };
        self.posted -= 1;
        let Some(request) = self.requests.get(index) else { return };
        let Some(operation) = &request.operation else { return };
        let message = View::bytes(payload.as_ptr().cast_mut(), payload.len());
        request.outcome = taking::unload(&mut self.stats, &message, &operation.view, source, tag);
        (request.complete, request.lands) = (true, false);
    }

    fn dispatch_long(&mut self, channel: &mut Channel, context: u32, source: u32, tag: i32, away: Away) {
        let queue = self.queues.of(context);
        match queue.match_message(source, tag) {
            Some(index) => {
                self.posted -= 1;
                self.fetch(channel, index, away, source, tag);
            }
            None => {
                queue.keep(source, tag, Unexpected::Away(away));
                self.stats.unexpected.add(away.bytes);
            }
        }
    }

    /// Asks for the data of a message that the receive in slot `index` has got.
    pub fn receive_away(&mut self, index: Index, away: Away, source: u32, tag: i32) {
        self.with_channel(|engine, channel| engine.fetch(channel, index, away, source, tag));
    }

    fn fetch(&mut self, channel: &mut Channel, index: Index, away: Away, source: u32, tag: i32) {
        let Some(request) = self.requests.get(index) else { return };
        let Some(view) = request.operation.as_ref().map(|operation| operation.view) else { return };
        (request.complete, request.lands) = (false, false);
        request.outcome = taking::outcome(&mut self.stats, away.bytes, view.len(), source, tag);
        let Away { world, data_tag, bytes } = away;
        // A message that is too long comes as a whole: MPICH calls it an error of ours.
        match Described::of(&view).filter(|_| bytes <= view.len()) {
            Some(data) => channel.receive_data(world, data_tag, &data, Purpose::Received { slot: index }),
            None => {
                let mut data = vec![0u8; bytes].into_boxed_slice();
                let described = row(&mut data);
                channel.receive_data(world, data_tag, &described, Purpose::ReceivedAside { slot: index, data });
            }
        }
    }

    /// Lets the data of a message come that nobody wants.
    pub(super) fn discard(channel: &mut Channel, away: Away) {
        let mut data = vec![0u8; away.bytes].into_boxed_slice();
        let described = row(&mut data);
        channel.receive_data(away.world, away.data_tag, &described, Purpose::Discarded { data });
    }
}
