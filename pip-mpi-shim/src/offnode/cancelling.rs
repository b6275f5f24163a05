//! Sends to other address spaces that the program wants back: their receiver is asked, and answers whether it had received them.
//! The data of one that is taken back travel all the same, and are thrown away.

use super::Channel;
use super::channel::{Asked, about};
use super::header::{Header, Kind};
use super::receiving::Away;
use crate::engine::Engine;
use crate::request::{Index, Unexpected};

impl Engine {
    /// Asks for the send in slot `index` back. It is complete when its receiver has answered and has the data.
    pub fn cancel_away(&mut self, index: Index) {
        let Some(operation) = self.requests.get(index).and_then(|request| request.operation.clone()) else { return };
        self.with_channel(|_, channel| {
            let Some(data_tag) = channel.data_tag_of(index) else { return };
            if channel.asked.iter().any(|asked| asked.data_tag == data_tag) {
                return;
            }
            channel.asked.push(Asked { slot: index, data_tag, answer: None, moved: false });
            let tag = operation.tag.unwrap_or(0);
            let header = about(Kind::Cancel, operation.context, operation.own_rank, tag, data_tag, 0);
            channel.send_header(operation.peer_world, header, None);
        });
    }

    /// A peer asks for a message back.
    pub(super) fn revoke(&mut self, channel: &mut Channel, world: u32, header: &Header) {
        let &Header { context, source, tag, data_tag, .. } = header;
        let is_it = |message: &Unexpected| matches!(message, Unexpected::Away(away) if away.world == world && away.data_tag == data_tag);
        let kind = match self.queues.of(context).withdraw(source, is_it) {
            Some(Unexpected::Away(away)) => {
                let Away { .. } = away;
                Engine::discard(channel, away);
                Kind::Cancelled
            }
            _ => Kind::Kept,
        };
        channel.send_header(world, about(kind, context, source, tag, data_tag, 0), None);
    }

    /// The receiver's answer.
    pub(super) fn note_answer(&mut self, channel: &mut Channel, data_tag: u32, cancelled: bool) {
        if let Some(asked) = channel.asked.iter_mut().find(|asked| asked.data_tag == data_tag) {
            asked.answer = Some(cancelled);
        }
        self.settle_asked(channel, data_tag);
    }

    /// The data of a send have moved.
    pub(super) fn note_sent(&mut self, channel: &mut Channel, slot: Option<Index>, data_tag: u32) {
        if let Some(asked) = channel.asked.iter_mut().find(|asked| asked.data_tag == data_tag) {
            asked.moved = true;
            return self.settle_asked(channel, data_tag);
        }
        channel.tags.give_back(data_tag);
        if let Some(slot) = slot {
            self.requests.update(slot, |request| request.complete = true);
        }
    }

    fn settle_asked(&mut self, channel: &mut Channel, data_tag: u32) {
        let settled = |asked: &Asked| asked.data_tag == data_tag && asked.moved && asked.answer.is_some();
        let Some(at) = channel.asked.iter().position(settled) else { return };
        let Asked { slot, answer, .. } = channel.asked.swap_remove(at);
        channel.tags.give_back(data_tag);
        self.requests.update(slot, |request| {
            (request.complete, request.outcome.cancelled) = (true, answer == Some(true));
        });
    }
}
