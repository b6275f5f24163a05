//! Standard input for all ranks: a thread that reads the launcher's and writes it to a pipe of each rank.
//!
//! A rank that does not read holds nobody up until it is [`AHEAD`] bytes behind; then all wait for it, as a pipe would make them.

use super::stdin::in_foreground;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// Bytes that are kept for slow ranks.
const AHEAD: usize = 16 << 20;
/// Bytes of one read.
const READ: usize = 64 << 10;
/// Pause before looking again whether the launcher came to the foreground.
const BACKGROUND: Duration = Duration::from_millis(500);

/// Starts the thread. The pipes must be non-blocking; it closes each at the end of the input.
pub fn start(pipes: Vec<OwnedFd>) -> io::Result<()> {
    let readers = pipes.into_iter().map(|pipe| Reader { pipe, at: 0 }).collect();
    let copy = Copy { readers, kept: VecDeque::new(), start: 0, ended: false };
    std::thread::Builder::new().name("stdin".to_owned()).stack_size(128 << 10).spawn(|| copy.run()).map(drop)
}

struct Reader {
    pipe: OwnedFd,
    /// Position in the input of what it gets next.
    at: usize,
}

struct Copy {
    readers: Vec<Reader>,
    /// The input from position `start` on.
    kept: VecDeque<u8>,
    start: usize,
    ended: bool,
}

impl Copy {
    fn run(mut self) {
        while !self.readers.is_empty() {
            let end = self.start + self.kept.len();
            if self.ended {
                self.readers.retain(|reader| reader.at < end);
            }
            let wants_input = !self.ended && self.kept.len() < AHEAD;
            let flags = |reader: &Reader| if reader.at < end { PollFlags::POLLOUT } else { PollFlags::empty() };
            let stdin = io::stdin();
            let input = if wants_input { PollFlags::POLLIN } else { PollFlags::empty() };
            let mut events: Vec<PollFd> =
                self.readers.iter().map(|reader| PollFd::new(reader.pipe.as_fd(), flags(reader))).collect();
            if wants_input {
                events.push(PollFd::new(stdin.as_fd(), input));
            }
            if events.is_empty() || poll(&mut events, PollTimeout::NONE).is_err_and(|errno| errno != Errno::EINTR) {
                return;
            }
            let happened: Vec<bool> =
                events.iter().map(|event| event.revents().is_some_and(|happened| !happened.is_empty())).collect();
            let readable = wants_input && happened.last() == Some(&true);
            let mut ready = happened.into_iter();
            self.readers.retain_mut(|reader| !ready.next().unwrap_or(false) || reader.write(&self.kept, self.start));
            self.forget();
            if readable {
                self.read();
            }
        }
    }

    fn read(&mut self) {
        let mut buffer = [0; READ];
        match nix::unistd::read(io::stdin(), &mut buffer) {
            Ok(0) => self.ended = true,
            Ok(count) => self.kept.extend(&buffer[..count]),
            Err(Errno::EINTR | Errno::EAGAIN) => {}
            // SIGTTIN is blocked, so this is how reading a terminal in the background fails.
            Err(Errno::EIO) if !in_foreground() => std::thread::sleep(BACKGROUND),
            Err(_) => self.ended = true,
        }
    }

    /// Drops what all have got.
    fn forget(&mut self) {
        let least = self.readers.iter().map(|reader| reader.at).min().unwrap_or(self.start);
        self.kept.drain(..least - self.start);
        self.start = least;
    }
}

impl Reader {
    /// Writes what the pipe takes; false if nobody reads it any more.
    fn write(&mut self, kept: &VecDeque<u8>, start: usize) -> bool {
        let (front, back) = kept.as_slices();
        let from = self.at - start;
        let data = if from < front.len() { &front[from..] } else { &back[from - front.len()..] };
        match nix::unistd::write(&self.pipe, data) {
            Ok(count) => {
                self.at += count;
                // Nothing to write and woken all the same: the other end is closed.
                !data.is_empty()
            }
            Err(Errno::EINTR | Errno::EAGAIN) => true,
            Err(_) => false,
        }
    }
}
