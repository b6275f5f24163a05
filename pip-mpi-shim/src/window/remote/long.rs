//! Long copies to and from other address spaces: MPICH moves the data straight between the program's memory here and there, as those
//! of long messages. A put sends them behind its order; a get is told under which number its target sends them.

use super::cutting::Cutter;
use super::origin::{Errand, Held, complete};
use super::wire::{Action, Order, Strip};
use super::{Remote, Window};
use crate::engine::Engine;
use crate::layout::{Layout, Run};
use crate::offnode::{Channel, Described, Purpose, fatal};
use crate::request::Index;
use crate::tunables;

/// What a call of MPICH that moves data was made for.
#[derive(Debug)]
pub enum Moving {
    /// The data of a put have left the program's memory, which is held.
    Left { data_tag: u32, slot: Option<Index>, _held: Option<Held> },
    /// The data of a put of rank `source` have come.
    Put { window: &'static Window, source: u32 },
    /// The data of a get from rank `target` have come.
    Got { window: &'static Window, target: u32, slot: Option<Index>, _into: Held },
}

/// The strips of a target, if a copy to or from there is longer than PIP_MPI_EAGER_MAX, so that two copies more take longer than MPICH's
/// handshake, and both sides can be described to MPICH.
pub fn strips_of(errand: &Errand) -> Option<Vec<Strip>> {
    let view = &errand.target.view;
    let here = match errand.action {
        Action::Put => errand.origin.as_ref(),
        Action::Get => errand.result.as_ref(),
        _ => None,
    }?;
    if view.len() <= tunables::get().eager_max || !Described::is_possible(&here.view) {
        return None;
    }
    let mut strips = Vec::new();
    (Cutter::default().cut(view, usize::MAX, 1, &mut strips) == view.len()).then_some(strips)
}

/// Memory of this address space as MPICH understands it.
fn described(strips: &[Strip]) -> Option<Described> {
    let run = |strip: &Strip| Run {
        offset: strip.at as isize,
        len: strip.len as usize,
        count: strip.count as usize,
        stride: strip.stride as isize,
    };
    // Addresses count from NULL, which is MPI_BOTTOM.
    let layout = Layout::of_runs(strips.iter().map(run).collect());
    Described::of(&layout.view(core::ptr::null_mut(), 1))
}

impl Window {
    /// Sends the order of a long put, and its data after it.
    pub fn put_long(&self, remote: &Remote, channel: &mut Channel, target: u32, strips: Vec<Strip>, errand: Errand, slot: Option<Index>) {
        let Errand { origin, work, .. } = errand;
        let Some((held, data)) = origin.and_then(|held| Described::of(&held.view).map(|data| (held, data))) else {
            fatal("MPICH makes no datatype for the origin of a put; is there memory left?");
        };
        let data_tag = channel.draw_tag();
        let order = Order { number: 0, offset: 0, work, strips };
        self.tell_filled(remote, channel, target, (Action::PutLong, data_tag), order.len(), |memory| _ = order.write(memory));
        let purpose = Purpose::Window(Moving::Left { data_tag, slot, _held: Some(held) });
        channel.send_data(self.world[target as usize], data_tag, &data, purpose);
    }

    /// Rank `source` wants to put or get as much as an order says.
    pub fn carry_out_long(&'static self, remote: &Remote, channel: &mut Channel, source: u32, (action, detail): (Action, u32), message: &[u8]) {
        let order = Order::read(message).map(|(order, _)| order);
        let Some((order, data)) = order.and_then(|order| described(&order.strips).map(|data| (order, data))) else {
            fatal(&format!("rank {source} of a window sent an operation that is not whole, or MPICH has no memory for it"));
        };
        let world = self.world[source as usize];
        if action == Action::PutLong {
            let purpose = Purpose::Window(Moving::Put { window: self, source });
            return channel.receive_data(world, detail, &data, purpose);
        }
        let data_tag = channel.draw_tag();
        let answer = Order { strips: Vec::new(), ..order };
        let len = answer.len();
        self.tell_filled(remote, channel, source, (Action::Coming, data_tag), len, |memory| _ = answer.write(memory));
        channel.send_data(world, data_tag, &data, Purpose::Window(Moving::Left { data_tag, slot: None, _held: None }));
    }

    /// The data of a long get are there, under a number.
    pub fn fetch_long(&'static self, remote: &Remote, channel: &mut Channel, target: u32, data_tag: u32, message: &[u8]) {
        let awaited = Order::read(message).and_then(|(order, _)| remote.state().take_awaited(order.number));
        let Some((data, into, slot)) = awaited.and_then(|(into, slot)| Some((Described::of(&into.view)?, into, slot))) else {
            fatal(&format!("rank {target} of a window sends data that nobody asked for, or MPICH has no memory for them"));
        };
        let purpose = Purpose::Window(Moving::Got { window: self, target, slot, _into: into });
        channel.receive_data(self.world[target as usize], data_tag, &data, purpose);
    }
}

/// MPICH has moved the data.
pub fn moved(engine: &mut Engine, channel: &mut Channel, moving: Moving) {
    match moving {
        Moving::Left { data_tag, slot, .. } => {
            channel.tags.give_back(data_tag);
            complete(engine, slot);
        }
        Moving::Put { window, source } => channel.desk.owe(window, source),
        Moving::Got { window, target, slot, .. } => {
            complete(engine, slot);
            if let Some(remote) = &window.remote {
                window.note_done(remote, engine, channel, target, 1);
            }
        }
    }
}
