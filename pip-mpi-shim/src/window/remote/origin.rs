//! The origin's side of operations on other address spaces. Their data are cut into pieces, of which only so many are on their way to
//! a target at a time; what is behind waits here, and refers to the program's buffer until it is sent.

use super::cutting::Cutter;
use super::wire::{Action, Order, Strip, Work};
use super::{Remote, Window, long};
use crate::abi::{self, Request};
use crate::completion;
use crate::engine::{self, Engine};
use crate::layout::{Layout, View, copy_to_part};
use crate::offnode::{Channel, fatal};
use crate::request::{Index, Kind};
use crate::stats;
use core::ffi::c_int;
use core::sync::atomic::Ordering;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Bytes of data in a message: with what is in front of them they fit into memory that channels use again.
const PIECE: usize = 48 << 10;
/// Messages to a target that have not been answered.
const MOST_UNDER_WAY: usize = 64;

/// Memory that an operation refers to, with what its view needs to stay.
#[derive(Debug)]
pub struct Held {
    pub(super) view: View,
    _layout: Option<Arc<Layout>>,
    _data: Option<Box<[u8]>>,
}

impl Held {
    /// Memory of the program, here or at the target.
    pub fn new(view: View, layout: Option<Arc<Layout>>) -> Held {
        Held { view, _layout: layout, _data: None }
    }

    /// Data of our own.
    pub fn own(mut data: Box<[u8]>) -> Held {
        Held { view: View::bytes(data.as_mut_ptr(), data.len()), _layout: None, _data: Some(data) }
    }
}

/// An operation on a target in another space.
#[derive(Debug)]
pub struct Errand {
    pub action: Action,
    pub work: Work,
    /// What travels to the target.
    pub origin: Option<Held>,
    /// Where it works there.
    pub target: Held,
    /// Where the answer goes.
    pub result: Option<Held>,
    /// Whether the program wants a request.
    pub requested: bool,
}

/// What this rank has under way to other spaces.
#[derive(Debug)]
pub struct State {
    pub targets: Vec<Target>,
    /// Operations with answers, by their numbers.
    awaited: HashMap<u64, Awaited>,
    drawn: u64,
    /// Of each space, what it answered last to whether all of it can be locked.
    pub spaces: Vec<Option<bool>>,
}

/// The same for one target.
#[derive(Debug, Default)]
pub struct Target {
    /// Messages that have not been answered.
    under_way: usize,
    queue: VecDeque<Sending>,
    /// It has granted a lock.
    pub granted: bool,
}

impl Target {
    fn is_idle(&self) -> bool {
        self.under_way == 0 && self.queue.is_empty()
    }
}

/// An operation of which something is still to be sent.
#[derive(Debug)]
struct Sending {
    errand: Errand,
    number: u64,
    cutter: Cutter,
    /// Bytes of the target that have been sent for.
    done: usize,
    /// Of the target, if MPICH shall move the data.
    long: Option<Vec<Strip>>,
    /// To be completed when all is sent.
    slot: Option<Index>,
}

/// An operation whose answer has not come as a whole.
#[derive(Debug)]
struct Awaited {
    into: Held,
    left: usize,
    slot: Option<Index>,
}

impl State {
    /// Of a window of so many ranks in so many spaces.
    pub fn new(ranks: usize, spaces: usize) -> State {
        let targets = (0..ranks).map(|_| Target::default()).collect();
        State { targets, awaited: HashMap::new(), drawn: 0, spaces: vec![None; spaces] }
    }
}

impl State {
    /// Takes out where data go that have not begun to come.
    pub fn take_awaited(&mut self, number: u64) -> Option<(Held, Option<Index>)> {
        self.awaited.remove(&number).map(|Awaited { into, slot, .. }| (into, slot))
    }
}

impl Sending {
    /// Sends the order of a long copy; the data move by themselves.
    fn send_long(self, strips: Vec<Strip>, window: &Window, remote: &Remote, channel: &mut Channel, target: u32) {
        let Sending { errand, number, slot, .. } = self;
        if errand.action == Action::Put {
            return window.put_long(remote, channel, target, strips, errand, slot);
        }
        let order = Order { number, offset: 0, work: errand.work, strips };
        window.tell_filled(remote, channel, target, (Action::GetLong, 0), order.len(), |memory| _ = order.write(memory));
    }

    /// Sends the next piece.
    fn send_piece(&mut self, window: &Window, remote: &Remote, channel: &mut Channel, target: u32) {
        let Errand { action, work, origin, target: place, .. } = &self.errand;
        let mut order = Order { number: self.number, offset: self.done as u64, work: *work, strips: Vec::new() };
        let grain = work.span.max(1) as usize;
        let bytes = self.cutter.cut(&place.view, PIECE, grain, &mut order.strips);
        let (start, length) = match origin {
            None => (0, 0),
            Some(held) if *action == Action::Swap => (0, held.view.len()),
            Some(_) => (self.done, bytes),
        };
        window.tell_filled(remote, channel, target, (*action, 0), order.len() + length, |memory| {
            let rest = order.write(memory);
            if let Some(origin) = origin {
                let to = View::bytes(rest.as_mut_ptr(), rest.len());
                // SAFETY: the program's buffer, which is the operation's until that is complete, and the message's memory.
                unsafe { copy_to_part(&origin.view, start, &to, 0, length) };
            }
        });
        self.done += bytes;
    }

    fn is_over(&self) -> bool {
        self.done == self.errand.target.view.len()
    }
}

/// The operation of a slot is complete.
pub fn complete(engine: &mut Engine, slot: Option<Index>) {
    if let Some(slot) = slot {
        engine.requests.update(slot, |request| request.complete = true);
    }
}

impl Window {
    /// Begins an operation on `target`. The request, if one is wanted and it is not complete at once.
    #[cold]
    pub fn begin(&self, remote: &Remote, target: u32, mut errand: Errand) -> Option<Request> {
        let bytes = errand.target.view.len();
        stats::ONE_SIDED_AWAY.add();
        if bytes == 0 {
            return None;
        }
        let (handle, queued) = remote.with_channel(|engine, channel| {
            let long = long::strips_of(&errand);
            let slot = errand.requested.then(|| engine.requests.insert(Kind::Nothing, None));
            let mut state = remote.state();
            state.drawn += 1;
            let number = state.drawn;
            let answered = errand.result.take().map(|into| Awaited { into, left: bytes, slot });
            let sending = Sending {
                errand,
                number,
                cutter: Cutter::default(),
                done: 0,
                long,
                slot: slot.filter(|_| answered.is_none()),
            };
            if let Some(awaited) = answered {
                state.awaited.insert(number, awaited);
            }
            state.targets[target as usize].queue.push_back(sending);
            remote.open.fetch_add(1, Ordering::Relaxed);
            drop(state);
            let queued = self.send_queued(remote, engine, channel, target);
            let handle = slot.and_then(|slot| {
                if engine.is_complete(slot) {
                    engine.requests.remove(slot);
                    return None;
                }
                Some(engine.handle(slot).request())
            });
            (handle, queued)
        })?;
        const MUCH: usize = 4096;
        if queued > MUCH {
            self.brake(remote, target, MUCH);
        }
        handle
    }

    /// Very much waits for a target: it gets some time, but not for ever, since it may be waiting for something else.
    fn brake(&self, remote: &Remote, target: u32, much: usize) {
        const ROUNDS: usize = 100;
        for _ in 0..ROUNDS {
            engine::progress();
            if remote.state().targets[target as usize].queue.len() <= much {
                return;
            }
            std::thread::yield_now();
        }
    }

    /// Sends what may be sent to `target` now; returns how many operations wait.
    fn send_queued(&self, remote: &Remote, engine: &mut Engine, channel: &mut Channel, target: u32) -> usize {
        let mut state = remote.state();
        let Target { under_way, queue, .. } = &mut state.targets[target as usize];
        while *under_way < MOST_UNDER_WAY
            && let Some(sending) = queue.front_mut()
        {
            *under_way += 1;
            remote.open.fetch_add(1, Ordering::Relaxed);
            if let Some(strips) = sending.long.take() {
                if let Some(sending) = queue.pop_front() {
                    sending.send_long(strips, self, remote, channel, target);
                }
                remote.open.fetch_sub(1, Ordering::Relaxed);
                continue;
            }
            sending.send_piece(self, remote, channel, target);
            if sending.is_over() {
                complete(engine, sending.slot);
                queue.pop_front();
                remote.open.fetch_sub(1, Ordering::Relaxed);
            }
        }
        queue.len()
    }

    /// Sends a message that is answered like an operation's. It comes behind those that have been sent.
    pub fn notify_away(&self, remote: &Remote, target: u32, action: Action, detail: u32) {
        remote.with_channel(|_, channel| {
            remote.state().targets[target as usize].under_way += 1;
            remote.open.fetch_add(1, Ordering::Relaxed);
            self.tell(remote, channel, target, action, detail);
        });
    }

    /// Rank `target` has answered so many messages.
    pub fn note_done(&self, remote: &Remote, engine: &mut Engine, channel: &mut Channel, target: u32, count: u32) {
        remote.state().targets[target as usize].under_way -= count as usize;
        remote.open.fetch_sub(count as usize, Ordering::Release);
        self.send_queued(remote, engine, channel, target);
    }

    /// Data have come from rank `target`.
    pub fn note_data(&self, remote: &Remote, engine: &mut Engine, channel: &mut Channel, target: u32, answer: &[u8]) {
        let mut state = remote.state();
        let found = Order::read(answer).and_then(|(order, data)| {
            let awaited = state.awaited.get_mut(&order.number)?;
            let start = order.offset as usize;
            (data.len() <= awaited.left && start + data.len() <= awaited.into.view.len()).then_some((order, data, awaited))
        });
        let Some((Order { number, offset, .. }, data, awaited)) = found else {
            fatal(&format!("rank {target} of a window sent data that nobody asked for"));
        };
        let from = View::bytes(data.as_ptr().cast_mut(), data.len());
        // SAFETY: the message, and the program's buffer, which is the operation's until that is complete.
        unsafe { copy_to_part(&from, 0, &awaited.into.view, offset as usize, data.len()) };
        awaited.left -= data.len();
        if awaited.left == 0 {
            complete(engine, awaited.slot);
            state.awaited.remove(&number);
        }
        drop(state);
        self.note_done(remote, engine, channel, target, 1);
    }

    /// MPI_Win_flush of a target in any space, or of MPI_PROC_NULL. A program may repeat it until something has come.
    #[cold]
    pub fn flush_among_spaces(&self, remote: &Remote, target: c_int) {
        engine::progress();
        if let Ok(target) = u32::try_from(target)
            && !remote.is_here(target)
        {
            self.flush_away(remote, target);
        }
    }

    /// Waits until everything that was sent to `target` has been answered.
    pub fn flush_away(&self, remote: &Remote, target: u32) {
        completion::wait_until(Some(remote.lane), || remote.state().targets[target as usize].is_idle());
    }

    /// The same for all targets.
    pub fn flush_everywhere(&self) {
        if let Some(remote) = &self.remote {
            completion::wait_until(Some(remote.lane), || remote.open.load(Ordering::Acquire) == 0);
        }
    }
}

/// Work of operations that only copy.
pub const COPY: Work = Work { op: abi::REPLACE, leaf: abi::BYTE, span: 1 };
