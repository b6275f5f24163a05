//! One of the job's two output streams: the pipes of all ranks on one side, the launcher's stdout or stderr on the other, or, on
//! another node, the connection to the launcher.
//!
//! The pipes stand in an epoll set of their own, which the event loop takes out of its set while the writer's queue is
//! full: one system call then stops all ranks' output, whatever their number.

use super::lines::{LineBuffer, prefixed};
use super::outbox::Outbox;
use super::writer::Writer;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// A partial line is passed on after this much silence: it may be a prompt.
const SILENCE: Duration = Duration::from_millis(200);
/// Bytes of one read: a pipe's usual capacity.
const READ: usize = 64 << 10;

/// A stream of the whole job.
#[derive(Debug)]
pub struct Output {
    target: Target,
    pipes: Epoll,
    streams: Vec<Option<Stream>>,
    /// Chunks that did not fit into the writer's queue.
    backlog: VecDeque<Vec<u8>>,
    /// Streams with a partial line, by the time of the first look.
    partials: VecDeque<(Instant, usize)>,
    /// The rank whose unfinished line was the last thing written.
    open_line: Option<usize>,
    prepend_rank: bool,
    scratch: Vec<u8>,
}

/// Where lines go.
#[derive(Debug)]
enum Target {
    Writer(Writer),
    Outbox(Outbox),
}

#[derive(Debug)]
struct Stream {
    pipe: OwnedFd,
    lines: LineBuffer,
    last_data: Instant,
    in_partials: bool,
}

/// What one read of a pipe gave.
#[derive(Debug, PartialEq, Eq)]
enum Read {
    Data,
    NothingNow,
    End,
}

impl Output {
    /// A stream without ranks yet.
    pub fn new(writer: Writer, prepend_rank: bool) -> nix::Result<Output> {
        Output::with(Target::Writer(writer), prepend_rank)
    }

    /// A stream whose lines another process will write: `window` bytes may be on their way to it.
    pub fn to_launcher(window: usize) -> nix::Result<Output> {
        Output::with(Target::Outbox(Outbox::new(window)), false)
    }

    fn with(target: Target, prepend_rank: bool) -> nix::Result<Output> {
        Ok(Output {
            target,
            pipes: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
            streams: Vec::new(),
            backlog: VecDeque::new(),
            partials: VecDeque::new(),
            open_line: None,
            prepend_rank,
            scratch: vec![0; READ],
        })
    }

    /// Adds the read end of the next rank's pipe, which must be non-blocking.
    pub fn add(&mut self, pipe: OwnedFd) -> nix::Result<()> {
        self.pipes.add(&pipe, EpollEvent::new(EpollFlags::EPOLLIN, self.streams.len() as u64))?;
        let lines = LineBuffer::default();
        self.streams.push(Some(Stream { pipe, lines, last_data: Instant::now(), in_partials: false }));
        Ok(())
    }

    /// The set of pipes, readable while any of them is.
    pub fn pipes(&self) -> BorrowedFd<'_> {
        self.pipes.0.as_fd()
    }

    /// What waits for the connection, if that is where lines go.
    pub fn outbox(&mut self) -> Option<&mut Outbox> {
        match &mut self.target {
            Target::Writer(_) => None,
            Target::Outbox(outbox) => Some(outbox),
        }
    }

    /// Whether all is written, or handed to the connection, after [`Output::finish`].
    pub fn is_finished(&self) -> bool {
        match &self.target {
            Target::Writer(writer) => writer.is_finished(),
            Target::Outbox(outbox) => outbox.is_closed(),
        }
    }

    /// Why nothing can be written any more, if so.
    pub fn error(&self) -> Option<Errno> {
        match &self.target {
            Target::Writer(writer) => writer.error(),
            Target::Outbox(_) => None,
        }
    }

    /// Whether pipes may be read now. If not, the event loop will be woken once they may.
    pub fn has_room(&mut self) -> bool {
        let writer = match &self.target {
            Target::Writer(writer) => writer,
            Target::Outbox(outbox) => return outbox.has_room(),
        };
        while writer.has_room() {
            let Some(chunk) = self.backlog.pop_front() else { return true };
            if let Err(chunk) = writer.try_send(chunk) {
                self.backlog.push_front(chunk);
            }
        }
        false
    }

    /// Reads each readable pipe once, as long as there is room.
    pub fn forward(&mut self) -> nix::Result<()> {
        let mut events = [EpollEvent::empty(); 64];
        let count = self.pipes.wait(&mut events, EpollTimeout::ZERO)?;
        for event in &events[..count] {
            if !self.has_room() {
                break;
            }
            let rank = event.data() as usize;
            if self.read(rank) == Read::End {
                self.end(rank);
            }
        }
        Ok(())
    }

    /// Reads what a rank has written so far, as long as there is room; true if that was all.
    pub fn drain(&mut self, rank: usize) -> bool {
        loop {
            if !self.has_room() {
                return false;
            }
            if self.read(rank) != Read::Data {
                return true;
            }
        }
    }

    /// To be called when all ranks have ended, until the writer is finished: reads what they have written, closes their
    /// pipes, though grandchildren may hold them open, and then the writer.
    pub fn finish(&mut self) {
        for rank in 0..self.streams.len() {
            if self.streams[rank].is_some() {
                if !self.drain(rank) {
                    return;
                }
                self.end(rank);
            }
        }
        if self.has_room() {
            match &mut self.target {
                Target::Writer(writer) => writer.close(),
                Target::Outbox(outbox) => outbox.close(),
            }
        }
    }

    /// A message of the launcher itself, on a line of its own.
    pub fn say(&mut self, text: &str) {
        if let Target::Outbox(outbox) = &mut self.target {
            return outbox.say(text);
        }
        let newline = if self.open_line.take().is_some() { "\n" } else { "" };
        self.send(format!("{newline}pip-mpiexec: {text}\n").into_bytes());
    }

    /// Passes partial lines of silent streams on; returns when to come again, if at all.
    pub fn flush_silent(&mut self, now: Instant) -> Option<Instant> {
        while let Some(&(when, rank)) = self.partials.front() {
            if when > now {
                return Some(when);
            }
            self.partials.pop_front();
            let Some(stream) = &mut self.streams[rank] else { continue };
            stream.in_partials = false;
            if !stream.lines.has_partial() {
                continue;
            }
            let due = stream.last_data + SILENCE;
            if due > now {
                stream.in_partials = true;
                self.partials.push_back((due, rank));
            } else if !self.has_room() {
                // Nobody has listened meanwhile.
                self.partials.push_back((now + SILENCE, rank));
                self.streams[rank].iter_mut().for_each(|stream| stream.in_partials = true);
            } else if self.read(rank) != Read::Data
                && let Some(chunk) = self.streams[rank].as_mut().and_then(|stream| stream.lines.take_partial())
            {
                self.pass_on(rank, chunk);
            }
        }
        None
    }

    fn read(&mut self, rank: usize) -> Read {
        // Ranks of other nodes have no stream here.
        let Some(Some(stream)) = self.streams.get_mut(rank) else { return Read::End };
        let count = match nix::unistd::read(&stream.pipe, &mut self.scratch) {
            Ok(0) => return Read::End,
            Ok(count) => count,
            Err(Errno::EAGAIN | Errno::EINTR) => return Read::NothingNow,
            Err(_) => return Read::End,
        };
        let chunk = stream.lines.push(&self.scratch[..count]);
        if stream.lines.has_partial() {
            stream.last_data = Instant::now();
            if !std::mem::replace(&mut stream.in_partials, true) {
                self.partials.push_back((stream.last_data + SILENCE, rank));
            }
        }
        if let Some(chunk) = chunk {
            self.pass_on(rank, chunk);
        }
        Read::Data
    }

    /// Closes a rank's pipe.
    fn end(&mut self, rank: usize) {
        let Some(mut stream) = self.streams[rank].take() else { return };
        let _ = self.pipes.delete(&stream.pipe);
        if let Some(chunk) = stream.lines.take_partial() {
            self.pass_on(rank, chunk);
        }
    }

    /// Sends output of a rank. With -l each line on the screen belongs to one rank; without, no byte is added.
    pub fn pass_on(&mut self, rank: usize, mut chunk: Vec<u8>) {
        if let Target::Outbox(outbox) = &mut self.target {
            return outbox.push(rank, chunk);
        }
        let ends_line = chunk.last() == Some(&b'\n');
        if self.prepend_rank {
            let continues = self.open_line == Some(rank);
            let prefix = format!("[{rank}] ");
            let interrupts = self.open_line.is_some() && !continues;
            chunk = prefixed(&chunk, prefix.as_bytes(), !continues);
            if interrupts {
                chunk.insert(0, b'\n');
            }
        }
        self.open_line = (!ends_line).then_some(rank);
        self.send(chunk);
    }

    fn send(&mut self, chunk: Vec<u8>) {
        let Target::Writer(writer) = &self.target else { return };
        if !self.backlog.is_empty() {
            self.backlog.push_back(chunk);
        } else if let Err(chunk) = writer.try_send(chunk) {
            self.backlog.push_back(chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stdio::stdin::set_nonblocking;
    use nix::sys::eventfd::EventFd;
    use nix::unistd::{pipe, read, write};
    use std::sync::Arc;

    /// An output of `ranks` pipes, their write ends, and what comes out in the end.
    fn output(ranks: usize, prepend_rank: bool) -> (Output, Vec<OwnedFd>, std::thread::JoinHandle<String>) {
        let (from, to) = pipe().expect("pipe");
        let writer = Writer::start(to.as_fd(), "test", Arc::new(EventFd::new().expect("eventfd"))).expect("thread");
        drop(to);
        let mut output = Output::new(writer, prepend_rank).expect("epoll");
        let mut ends = Vec::new();
        for _ in 0..ranks {
            let (ours, theirs) = pipe().expect("pipe");
            set_nonblocking(&ours).expect("fcntl");
            output.add(ours).expect("epoll");
            ends.push(theirs);
        }
        let reader = std::thread::spawn(move || {
            let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
            while let Ok(count @ 1..) = read(&from, &mut buffer) {
                text.extend_from_slice(&buffer[..count]);
            }
            String::from_utf8(text).expect("text")
        });
        (output, ends, reader)
    }

    fn put(output: &mut Output, end: &OwnedFd, text: &str) {
        write(end, text.as_bytes()).expect("pipe");
        output.forward().expect("epoll");
    }

    #[test]
    fn pieces_of_two_ranks_become_whole_lines() {
        let (mut output, ends, reader) = output(2, false);
        for (rank, text) in [(0, "one "), (1, "three "), (0, "two\n"), (1, "four\n"), (0, "end")] {
            put(&mut output, &ends[rank], text);
        }
        // Their ends are still open, as grandchildren would keep them.
        output.finish();
        drop(output);
        assert_eq!(reader.join().expect("reader"), "one two\nthree four\nend");
    }

    #[test]
    fn a_line_of_a_prompt_and_another_rank_is_parted_by_prefix_only() {
        for (prepend, wanted) in [(true, "[0] name? \n[1] other\n[0] done\n"), (false, "name? other\ndone\n")] {
            let (mut output, ends, reader) = output(2, prepend);
            put(&mut output, &ends[0], "name? ");
            let soon = output.flush_silent(Instant::now()).expect("a partial line waits");
            assert_eq!(output.flush_silent(soon + SILENCE), None);
            put(&mut output, &ends[1], "other\n");
            put(&mut output, &ends[0], "done\n");
            output.finish();
            drop(output);
            assert_eq!(reader.join().expect("reader"), wanted);
        }
    }

    #[test]
    fn a_message_starts_a_line() {
        let (mut output, ends, reader) = output(1, false);
        put(&mut output, &ends[0], "half");
        output.flush_silent(Instant::now() + SILENCE * 2);
        output.say("text");
        output.finish();
        drop(output);
        assert_eq!(reader.join().expect("reader"), "half\npip-mpiexec: text\n");
    }
}
