//! Windows whose ranks are in several address spaces. Targets of the own space are reached as ever. Operations on others
//! travel as messages of the shim (see [`crate::offnode`]) to the target, which carries them out in its progress as a rank of its
//! space would: with the same instructions, guards and locks, so that they are atomic towards both.
//!
//! A message to another rank is *answered*: with data, with a lock, or with a number of messages that have been worked on. An
//! operation is complete at its target when all its messages have been answered. Messages from one rank to another stay in
//! order, so accumulates do.
//!
//! Each space has a shared block of its own ([`super::shared`]), made by its *leader*, the lowest rank of the window in it.

mod cutting;
mod desk;
mod locks;
mod long;
mod origin;
mod single;
mod target;
mod together;
mod wire;

pub use desk::{Desk, attend, dispatch};
pub use long::{Moving, moved};
pub use origin::{COPY, Errand, Held};
pub use single::{pair, row};
pub use wire::{Action, Work};

use super::Window;
use crate::engine::{self, Engine, Lane};
use crate::offnode::{self, Channel, Kind};
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use origin::State;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Rounds of a barrier of as many spaces as there can be.
const ROUNDS: usize = 32;

/// What a window knows of other address spaces.
#[derive(Debug)]
pub struct Remote {
    /// The lane of its messages.
    pub lane: Lane,
    /// By which number each rank knows the window.
    numbers: Box<[u32]>,
    /// Whether a rank is in this space.
    here: Box<[bool]>,
    /// The leaders of all spaces, and the place of the own one's.
    leaders: Box<[u32]>,
    place: usize,
    /// How many times the barrier's round of that number has been announced to this rank, a leader.
    arrived: [AtomicU64; ROUNDS],
    /// Messages that have not been answered, and operations that have not been sent.
    open: AtomicUsize,
    state: Mutex<State>,
}

/// What [`Remote::new`] needs to know of each rank, in the order of the window's ranks.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// By which it knows the window.
    pub number: u32,
    /// The number of its address space.
    pub space: u32,
}

/// A number by which this rank will know a window, before its peers may name it.
pub fn draw_number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Remote {
    /// Of a window whose rank `rank` this is; its messages go through `lane`.
    pub fn new(members: &[Member], rank: u32, lane: Lane) -> Box<Remote> {
        let space = members[rank as usize].space;
        let first = |of: u32| members.iter().position(|member| member.space == of).unwrap_or(0) as u32;
        let is_leader = |&rank: &u32| first(members[rank as usize].space) == rank;
        let leaders: Box<[u32]> = (0..members.len() as u32).filter(is_leader).collect();
        let place = leaders.iter().position(|&leader| leader == first(space)).unwrap_or(0);
        Box::new(Remote {
            lane,
            numbers: members.iter().map(|member| member.number).collect(),
            here: members.iter().map(|member| member.space == space).collect(),
            state: Mutex::new(State::new(members.len(), leaders.len())),
            leaders,
            place,
            arrived: [const { AtomicU64::new(0) }; ROUNDS],
            open: AtomicUsize::new(0),
        })
    }

    /// Whether `rank` is in this address space.
    #[inline]
    pub fn is_here(&self, rank: u32) -> bool {
        self.here[rank as usize]
    }

    /// The leader of this space.
    pub fn leader(&self) -> u32 {
        self.leaders[self.place]
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `f` with the way to other spaces.
    fn with_channel<R>(&self, f: impl FnOnce(&mut Engine, &mut Channel) -> R) -> Option<R> {
        engine::with(self.lane, |engine| engine.with_channel(f)).flatten()
    }
}

impl Window {
    /// What the window knows of other address spaces, if `rank` is in one.
    #[inline(always)]
    pub fn away(&self, rank: u32) -> Option<&Remote> {
        self.remote.as_deref().filter(|remote| !remote.is_here(rank))
    }

    /// Sends a message to rank `to` with `len` bytes that `fill` writes.
    fn tell_filled(
        &self,
        remote: &Remote,
        channel: &mut Channel,
        to: u32,
        (action, detail): (Action, u32),
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) {
        let header = offnode::about(Kind::Window, remote.numbers[to as usize], self.rank, action as i32, detail, len);
        channel.send_filled(self.world[to as usize], header, len, fill);
    }

    /// Sends a message that says it all in its header.
    fn tell(&self, remote: &Remote, channel: &mut Channel, to: u32, action: Action, detail: u32) {
        self.tell_filled(remote, channel, to, (action, detail), 0, |_| ());
    }

    /// Lets messages of other spaces in: for calls that a program may repeat until something has happened.
    #[inline]
    pub fn look_around(&self) {
        if self.remote.is_some() {
            engine::progress();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rank_knows_the_leaders() {
        let spaces = [3, 0, 3, 1, 0];
        let members: Vec<Member> = (10..).zip(spaces).map(|(number, space)| Member { number, space }).collect();
        for rank in 0..5 {
            let remote = Remote::new(&members, rank, 0);
            assert_eq!(*remote.leaders, [0, 1, 3]);
            assert_eq!(remote.leader(), [0, 1, 0, 3, 1][rank as usize]);
            assert!((0..5).all(|peer| remote.is_here(peer) == (spaces[peer as usize] == spaces[rank as usize])));
        }
    }
}
