//! What all ranks of a window do together, across address spaces: barriers. The ranks of a space count themselves, and the leaders
//! tell each other in rounds, each time twice as far away.

use super::wire::Action;
use super::{Remote, Window};
use crate::completion;
use core::sync::atomic::Ordering;

impl Window {
    /// Waits until all ranks of all spaces have entered barrier `number`, counted from 1.
    #[cold]
    pub fn barrier_of_spaces(&self, remote: &Remote, number: u64) {
        let (header, leader) = (self.header, remote.leader());
        let target = number * u64::from(header.here());
        if header.arrivals.fetch_add(1, Ordering::AcqRel) + 1 == target {
            self.notify([leader]);
        }
        if self.rank != leader {
            return completion::wait_until(None, || header.released.load(Ordering::Acquire) >= number);
        }
        completion::wait_until(None, || header.arrivals.load(Ordering::Acquire) >= target);
        self.rounds(remote, number);
        header.released.store(number, Ordering::Release);
        self.notify_all();
    }

    fn rounds(&self, remote: &Remote, number: u64) {
        let spaces = remote.leaders.len();
        let mut distance = 1;
        for round in 0.. {
            if distance >= spaces {
                return;
            }
            let to = remote.leaders[(remote.place + distance) % spaces];
            remote.with_channel(|_, channel| self.tell(remote, channel, to, Action::Round, round as u32));
            let arrived = &remote.arrived[round];
            completion::wait_until(Some(remote.lane), || arrived.load(Ordering::Acquire) >= number);
            distance *= 2;
        }
    }
}
