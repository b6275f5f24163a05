//! The event loop's set of descriptors, named by what they mean.

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::os::fd::AsFd;
use std::time::Instant;

/// One of the job's two output streams, and its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Channel {
    /// Standard output.
    Out = 0,
    /// Standard error.
    Err = 1,
}

/// What a descriptor means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The launcher got a signal.
    Signals,
    /// A writer thread has news.
    Writers,
    /// Ranks have written output.
    Output(Channel),
    /// The terminal has input for rank 0.
    Terminal,
    /// Rank 0's input pipe has room, or its reader is gone.
    InputPipe,
    /// A rank's PMI socket is readable (or has room, if replies are pending).
    Pmi(usize),
    /// A rank ended.
    Ended(usize),
    /// Somebody connects to the control port.
    ControlPort,
    /// A connection that has not proved the secret sent something.
    Stranger(usize),
    /// The connection to the agent of a node has something to read, or room.
    Agent(usize),
    /// What started agents writes to its standard error.
    StarterSays(usize),
    /// What started agents has ended.
    StarterEnded(usize),
    /// An agent's connection to the launcher has something to read, or room.
    Launcher,
}

impl Source {
    fn encode(self) -> u64 {
        let (kind, index) = match self {
            Source::Signals => (0, 0),
            Source::Writers => (1, 0),
            Source::Output(channel) => (2, channel as usize),
            Source::Terminal => (3, 0),
            Source::InputPipe => (4, 0),
            Source::Pmi(rank) => (5, rank),
            Source::Ended(rank) => (6, rank),
            Source::ControlPort => (7, 0),
            Source::Stranger(number) => (8, number),
            Source::Agent(node) => (9, node),
            Source::StarterSays(index) => (10, index),
            Source::StarterEnded(index) => (11, index),
            Source::Launcher => (12, 0),
        };
        (index as u64) << 8 | kind
    }

    fn decode(data: u64) -> Source {
        let index = (data >> 8) as usize;
        match data & 0xff {
            0 => Source::Signals,
            1 => Source::Writers,
            2 if index == 0 => Source::Output(Channel::Out),
            2 => Source::Output(Channel::Err),
            3 => Source::Terminal,
            4 => Source::InputPipe,
            5 => Source::Pmi(index),
            6 => Source::Ended(index),
            7 => Source::ControlPort,
            8 => Source::Stranger(index),
            9 => Source::Agent(index),
            10 => Source::StarterSays(index),
            11 => Source::StarterEnded(index),
            _ => Source::Launcher,
        }
    }
}

/// What to be woken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// Data to read.
    Read,
    /// Room to write.
    Write,
    /// Data to read or room to write.
    Both,
    /// Only the other side's end.
    Nothing,
}

/// A level-triggered epoll set.
#[derive(Debug)]
pub struct Poller {
    epoll: Epoll,
    ready: Vec<EpollEvent>,
}

impl Poller {
    /// An empty set.
    pub fn new() -> nix::Result<Poller> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        Ok(Poller { epoll, ready: vec![EpollEvent::empty(); 256] })
    }

    /// Adds a descriptor or changes the interest in it.
    pub fn set(&self, fd: impl AsFd, source: Source, interest: Interest) -> nix::Result<()> {
        let flags = match interest {
            Interest::Read => EpollFlags::EPOLLIN,
            Interest::Write => EpollFlags::EPOLLOUT,
            Interest::Both => EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT,
            Interest::Nothing => EpollFlags::empty(),
        };
        let mut event = EpollEvent::new(flags, source.encode());
        match self.epoll.add(&fd, event) {
            Err(Errno::EEXIST) => self.epoll.modify(&fd, &mut event),
            other => other,
        }
    }

    /// Takes a descriptor out; nothing happens if it is not in the set.
    pub fn remove(&self, fd: impl AsFd) {
        let _ = self.epoll.delete(fd);
    }

    /// Waits until something is ready or the time has come.
    pub fn wait(&mut self, until: Option<Instant>) -> nix::Result<Vec<Source>> {
        let timeout = match until {
            None => EpollTimeout::NONE,
            // Rounded up, lest the loop spin through the last millisecond.
            Some(when) => {
                let left = when.saturating_duration_since(Instant::now()).as_micros().div_ceil(1000);
                EpollTimeout::try_from(left.min(60_000)).unwrap_or(EpollTimeout::ZERO)
            }
        };
        match self.epoll.wait(&mut self.ready, timeout) {
            Ok(count) => Ok(self.ready[..count].iter().map(|event| Source::decode(event.data())).collect()),
            Err(Errno::EINTR) => Ok(Vec::new()),
            Err(errno) => Err(errno),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_survive_the_kernel() {
        use Source::*;
        for source in [
            Signals,
            Writers,
            Output(Channel::Out),
            Output(Channel::Err),
            Terminal,
            InputPipe,
            Pmi(0),
            Pmi(4095),
            Ended(77),
            ControlPort,
            Stranger(1 << 20),
            Agent(3),
            StarterSays(0),
            StarterEnded(70),
            Launcher,
        ] {
            assert_eq!(Source::decode(source.encode()), source);
        }
    }
}
