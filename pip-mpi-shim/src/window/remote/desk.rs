//! Where messages about windows arrive: each lane has a desk, which knows the windows that other address spaces reach through it.

use super::locks::Waiting;
use super::wire::Action;
use super::Window;
use crate::engine::Engine;
use crate::offnode::{Channel, Header, fatal};
use core::sync::atomic::Ordering;
use std::collections::HashMap;

/// The desk of a lane.
#[derive(Debug, Default)]
pub struct Desk {
    /// Windows by the numbers that their peers name.
    windows: HashMap<u32, &'static Window>,
    /// Messages about windows that this rank is still making.
    early: Vec<Early>,
    /// Answers that are due.
    owed: Vec<Owed>,
    /// Who waits for a lock.
    pub(super) waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Early {
    world: u32,
    header: Header,
    payload: Box<[u8]>,
}

/// Messages of rank `to` of a window that have been worked on.
#[derive(Debug)]
struct Owed {
    window: &'static Window,
    to: u32,
    count: u32,
}

impl Desk {
    /// Whether other spaces can reach no window.
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// Whether somebody waits for a lock that may be free now.
    pub fn is_waited_for(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn owe(&mut self, window: &'static Window, to: u32) {
        match self.owed.iter_mut().find(|owed| core::ptr::eq(owed.window, window) && owed.to == to) {
            Some(owed) => owed.count += 1,
            None => self.owed.push(Owed { window, to, count: 1 }),
        }
    }
}

impl Window {
    /// From now on other spaces reach the window, which this rank knows by `number`, until [`Window::close_to_spaces`]; what
    /// they have sent before comes first.
    pub fn open_to_spaces(&'static self, number: u32) {
        let Some(remote) = &self.remote else { return };
        remote.with_channel(|engine, channel| {
            channel.desk.windows.insert(number, self);
            let all = std::mem::take(&mut channel.desk.early);
            let (mut own, others): (Vec<Early>, Vec<Early>) =
                all.into_iter().partition(|early| early.header.context == number);
            channel.desk.early = others;
            own.drain(..).for_each(|Early { world, header, payload }| dispatch(engine, channel, world, &header, &payload));
            attend(channel);
        });
    }

    /// Nobody names the window any more.
    pub fn close_to_spaces(&self) {
        if let Some(remote) = &self.remote {
            remote.with_channel(|_, channel| channel.desk.windows.remove(&remote.numbers[self.rank as usize]));
        }
    }
}

/// A message about a window has arrived from rank `world` of MPI_COMM_WORLD.
pub fn dispatch(engine: &mut Engine, channel: &mut Channel, world: u32, header: &Header, payload: &[u8]) {
    let Some(&window) = channel.desk.windows.get(&header.context) else {
        return channel.desk.early.push(Early { world, header: *header, payload: payload.into() });
    };
    let known = window.remote.as_deref().zip(Action::of(header.tag)).filter(|_| header.source < window.size());
    let Some((remote, action)) = known else {
        fatal(&format!("rank {world} sent a message about a window that makes no sense; do all ranks run the same version?"));
    };
    let &Header { source, data_tag: detail, .. } = header;
    match action {
        Action::Put | Action::Get | Action::Accumulate | Action::Fetch | Action::Swap => {
            if !window.carry_out(remote, channel, source, action, payload) {
                channel.desk.owe(window, source);
            }
        }
        Action::PutLong | Action::GetLong => window.carry_out_long(remote, channel, source, (action, detail), payload),
        Action::Coming => window.fetch_long(remote, channel, source, detail, payload),
        Action::Data => window.note_data(remote, engine, channel, source, payload),
        Action::Done => window.note_done(remote, engine, channel, source, detail),
        Action::Granted => remote.state().targets[source as usize].granted = true,
        Action::SpaceLocked => remote.note_space(source, detail != 0),
        Action::Lock | Action::LockSpace => window.ask(remote, channel, source, action, detail),
        Action::Round => _ = remote.arrived[detail as usize].fetch_add(1, Ordering::Release),
        Action::Unlock | Action::UnlockSpace | Action::Post | Action::Complete => {
            match action {
                Action::Unlock => window.release(window.rank, detail as u8),
                Action::UnlockSpace => window.withdraw(&window.header.everywhere),
                Action::Post => _ = window.header.posts(window.rank, source).fetch_add(1, Ordering::SeqCst),
                _ => _ = window.header.seat(window.rank).completed.fetch_add(1, Ordering::SeqCst),
            }
            channel.desk.owe(window, source);
        }
    }
}

/// After messages have been worked on: answers go out, and locks that are free now to those who wait for them.
pub fn attend(channel: &mut Channel) -> bool {
    for Owed { window, to, count } in std::mem::take(&mut channel.desk.owed) {
        if let Some(remote) = &window.remote {
            window.tell(remote, channel, to, Action::Done, count);
        }
    }
    channel.desk.is_waited_for() && super::locks::serve(channel)
}
