//! Locks of targets in other address spaces. A target has one lock, in its own space, whoever asks; for those in other spaces the
//! target takes it, without waiting: what cannot be had is asked for again in its progress.
//!
//! MPI_Win_lock_all takes each space as a whole, of its leader. Who does not get one at once gives the others back and waits for that
//! one first: so it holds nothing while it waits, and cannot be part of a circle.

use super::wire::Action;
use super::{Remote, Window};
use crate::completion;
use crate::offnode::Channel;
use core::sync::atomic::Ordering;

/// What a rank of another space waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Want {
    Shared,
    /// Whether it has been announced to those who want all locks of the space.
    Exclusive(bool),
    Space,
}

/// A rank of another space that waits for a lock of this one.
#[derive(Debug)]
pub struct Waiting {
    window: &'static Window,
    source: u32,
    want: Want,
}

impl Window {
    /// Takes the lock of `target`.
    pub fn lock_away(&self, remote: &Remote, target: u32, exclusive: bool) {
        remote.state().targets[target as usize].granted = false;
        remote.with_channel(|_, channel| self.tell(remote, channel, target, Action::Lock, u32::from(exclusive)));
        completion::wait_until(Some(remote.lane), || remote.state().targets[target as usize].granted);
    }

    /// Gives the lock of `target` back, which was held as `state` says; what was done before is complete.
    pub fn unlock_away(&self, remote: &Remote, target: u32, state: u8) {
        self.notify_away(remote, target, Action::Unlock, u32::from(state));
    }

    /// Takes the locks of all ranks of all spaces.
    pub fn lock_spaces(&self, remote: &Remote) {
        let mut first = remote.place;
        loop {
            let mut held = vec![false; remote.leaders.len()];
            held[first] = self.ask_space(remote, first, true);
            let others = (0..held.len()).filter(|&space| space != first);
            others.clone().filter(|&space| space != remote.place).for_each(|space| self.ask_leader(remote, space, false));
            others.for_each(|space| {
                held[space] = if space == remote.place {
                    self.announce_everywhere()
                } else {
                    self.answer_of(remote, space)
                };
            });
            let Some(refused) = held.iter().position(|held| !held) else { return };
            (0..held.len()).filter(|&space| held[space]).for_each(|space| self.unlock_space(remote, space));
            first = refused;
        }
    }

    /// Gives the locks of all ranks of all spaces back.
    pub fn unlock_spaces(&self, remote: &Remote) {
        (0..remote.leaders.len()).for_each(|space| self.unlock_space(remote, space));
    }

    fn announce_everywhere(&self) -> bool {
        self.announce(&self.header.everywhere, &self.header.exclusive)
    }

    /// Takes a space as a whole, if need be after waiting for it.
    fn ask_space(&self, remote: &Remote, space: usize, waits: bool) -> bool {
        if space == remote.place {
            self.acquire(|| self.announce_everywhere());
            return true;
        }
        self.ask_leader(remote, space, waits);
        self.answer_of(remote, space)
    }

    fn ask_leader(&self, remote: &Remote, space: usize, waits: bool) {
        remote.state().spaces[space] = None;
        let leader = remote.leaders[space];
        remote.with_channel(|_, channel| self.tell(remote, channel, leader, Action::LockSpace, u32::from(waits)));
    }

    fn answer_of(&self, remote: &Remote, space: usize) -> bool {
        let mut answer = None;
        completion::wait_until(Some(remote.lane), || {
            answer = remote.state().spaces[space];
            answer.is_some()
        });
        answer == Some(true)
    }

    fn unlock_space(&self, remote: &Remote, space: usize) {
        if space == remote.place {
            self.withdraw(&self.header.everywhere);
        } else {
            self.notify_away(remote, remote.leaders[space], Action::UnlockSpace, 0);
        }
    }

    /// Rank `source` wants a lock.
    pub fn ask(&'static self, remote: &Remote, channel: &mut Channel, source: u32, action: Action, detail: u32) {
        let want = match (action, detail) {
            (Action::LockSpace, 0) => {
                let held = self.announce_everywhere();
                return self.tell(remote, channel, source, Action::SpaceLocked, u32::from(held));
            }
            (Action::LockSpace, _) => Want::Space,
            (_, 0) => Want::Shared,
            _ => Want::Exclusive(false),
        };
        self.header.waiters.fetch_add(1, Ordering::SeqCst);
        channel.desk.waiting.push(Waiting { window: self, source, want });
        serve(channel);
    }

    /// Takes what a rank wants, if it can be had.
    fn take(&self, want: &mut Want) -> bool {
        let (header, lock) = (self.header, &self.header.seat(self.rank).lock);
        match want {
            Want::Shared => lock.try_shared(),
            Want::Space => self.announce_everywhere(),
            Want::Exclusive(announced) => {
                *announced = *announced || self.announce(&header.exclusive, &header.everywhere);
                *announced && lock.try_exclusive()
            }
        }
    }
}

impl Remote {
    /// The leader `rank` of a space has answered whether the space is locked.
    pub fn note_space(&self, rank: u32, locked: bool) {
        if let Some(space) = self.leaders.iter().position(|&leader| leader == rank) {
            self.state().spaces[space] = Some(locked);
        }
    }
}

/// Gives locks that can be had to those who wait for them, in their order; true if there were any.
pub fn serve(channel: &mut Channel) -> bool {
    let all = std::mem::take(&mut channel.desk.waiting);
    let before = all.len();
    // Nobody overtakes who waits for the same lock.
    let mut held_up: Vec<*const Window> = Vec::new();
    let mut left = Vec::new();
    for mut waiting in all {
        let window = waiting.window;
        let Some(remote) = &window.remote else { continue };
        let is_space = waiting.want == Want::Space;
        if (is_space || !held_up.contains(&core::ptr::from_ref(window))) && window.take(&mut waiting.want) {
            window.header.waiters.fetch_sub(1, Ordering::Relaxed);
            let (action, detail) = if is_space { (Action::SpaceLocked, 1) } else { (Action::Granted, 0) };
            window.tell(remote, channel, waiting.source, action, detail);
            continue;
        }
        if !is_space {
            held_up.push(window);
        }
        left.push(waiting);
    }
    channel.desk.waiting = left;
    channel.desk.waiting.len() < before
}
