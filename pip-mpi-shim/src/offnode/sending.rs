//! Messages on their way to another address space.

use super::Channel;
use super::channel::{Purpose, about, row};
use super::header::Kind;
use super::shapes::Described;
use crate::engine::Engine;
use crate::layout::View;
use crate::report::{self, Way};
use crate::request::Index;
use crate::ring::Envelope;

impl Engine {
    /// Runs `f` with the channel.
    pub fn with_channel<R>(&mut self, f: impl FnOnce(&mut Engine, &mut Channel) -> R) -> Option<R> {
        let mut channel = self.offnode.take()?;
        let result = f(self, &mut channel);
        channel.hold(&mut self.requests);
        self.offnode = Some(channel);
        Some(result)
    }

    /// Sends a message that leaves the sender's hands at once.
    #[cold]
    pub fn send_eager_away(&mut self, world: u32, Envelope { context, source, tag }: Envelope, view: &View) {
        self.stats.away_inline.add(view.len());
        report::sent(Way::Away, world, view.len());
        let under_way = self.with_channel(|_, channel| {
            channel.send_header(world, about(Kind::Inline, context, source, tag, 0, view.len()), Some(view));
            channel.headers_under_way()
        });
        if under_way.is_some_and(|count| count > 0) {
            self.brake_away();
        }
    }

    /// The network is behind: memory of what it has taken is used again, and if very much is under way it gets some time, so that
    /// a fast sender does not fill the memory; but not for ever, since the receiver may be waiting for something else.
    #[cold]
    fn brake_away(&mut self) {
        const MUCH: usize = 1024;
        const ROUNDS: usize = 100;
        for _ in 0..ROUNDS {
            self.progress_offnode();
            if self.offnode.as_ref().is_none_or(|channel| channel.headers_under_way() < MUCH) {
                return;
            }
            std::thread::yield_now();
        }
    }

    /// Sends the data of the send in slot `index`, which is complete once its receive was found and has them.
    pub fn send_away(&mut self, world: u32, Envelope { context, source, tag }: Envelope, view: &View, index: Index) {
        self.stats.away_long.add(view.len());
        report::sent(Way::Away, world, view.len());
        self.with_channel(|_, channel| {
            let data_tag = channel.draw_tag();
            channel.send_header(world, about(Kind::Long, context, source, tag, data_tag, view.len()), None);
            match Described::of(view) {
                Some(data) => channel.send_data(world, data_tag, &data, Purpose::Sent { slot: index, data_tag }),
                None => {
                    // SAFETY: the program's send buffer.
                    let mut data = unsafe { view.gather() };
                    let described = row(&mut data);
                    let purpose = Purpose::SentCopy { data, data_tag, buffered: false, slot: Some(index) };
                    channel.send_data(world, data_tag, &described, purpose);
                }
            }
        });
    }

    /// Sends `data`, which the channel owns from here on (a buffered send).
    pub fn send_owned_away(&mut self, world: u32, Envelope { context, source, tag }: Envelope, mut data: Box<[u8]>) {
        self.stats.away_long.add(data.len());
        report::sent(Way::Away, world, data.len());
        self.with_channel(|_, channel| {
            let data_tag = channel.draw_tag();
            channel.send_header(world, about(Kind::Long, context, source, tag, data_tag, data.len()), None);
            let described = row(&mut data);
            let purpose = Purpose::SentCopy { data, data_tag, buffered: true, slot: None };
            channel.send_data(world, data_tag, &described, purpose);
        });
    }

    /// Whether other spaces can reach a window of this rank.
    pub fn has_windows_away(&self) -> bool {
        self.offnode.as_ref().is_some_and(|channel| !channel.desk.is_empty())
    }

    /// Whether nothing of this rank is on its way to or from another space.
    pub fn is_quiet_away(&self) -> bool {
        self.offnode.as_ref().is_none_or(|channel| channel.is_idle())
    }
}
