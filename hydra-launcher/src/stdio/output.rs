//! One of the job's two output streams: the pipes of all ranks on one side, the sink on the other, or, on another node, what
//! waits to be sent to the launcher.
//!
//! The pipes stand in an epoll set of their own, which the event loop takes out of its set while the writer's queue is
//! full: one system call then stops all ranks' output, whatever their number.

use super::lines::LineBuffer;
use super::outbox::Outbox;
use super::pattern;
use super::sink::Sink;
use super::writer::Failure;
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
    /// Streams with a partial line, by the time of the first look.
    partials: VecDeque<(Instant, usize)>,
    scratch: Vec<u8>,
}

/// Where lines go.
#[derive(Debug)]
enum Target {
    Sink(Box<Sink>),
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
    pub fn new(sink: Sink) -> nix::Result<Output> {
        Output::with(Target::Sink(Box::new(sink)))
    }

    /// A stream whose lines another process will write: `window` bytes may be on their way to it.
    pub fn to_launcher(window: usize) -> nix::Result<Output> {
        Output::with(Target::Outbox(Outbox::new(window)))
    }

    fn with(target: Target) -> nix::Result<Output> {
        Ok(Output {
            target,
            pipes: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
            streams: Vec::new(),
            partials: VecDeque::new(),
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

    /// What patterns call a rank that was spawned.
    pub fn name(&mut self, rank: usize, writer: pattern::Writer) {
        if let Target::Sink(sink) = &mut self.target {
            sink.name(rank, writer);
        }
    }

    /// The next pipe is that of this rank: those before it that have none are on other nodes.
    pub fn skip_to(&mut self, rank: usize) {
        self.streams.resize_with(rank.max(self.streams.len()), || None);
    }

    /// The set of pipes, readable while any of them is.
    pub fn pipes(&self) -> BorrowedFd<'_> {
        self.pipes.0.as_fd()
    }

    /// What waits for the connection, if that is where lines go.
    pub fn outbox(&mut self) -> Option<&mut Outbox> {
        match &mut self.target {
            Target::Sink(_) => None,
            Target::Outbox(outbox) => Some(outbox),
        }
    }

    /// Whether all is written, or handed to the connection, after [`Output::close`].
    pub fn is_finished(&self) -> bool {
        match &self.target {
            Target::Sink(sink) => sink.writer().is_finished(),
            Target::Outbox(outbox) => outbox.is_closed(),
        }
    }

    /// What cannot be written to any more, since the last time.
    pub fn take_failures(&self) -> Vec<Failure> {
        match &self.target {
            Target::Sink(sink) => sink.writer().take_failures(),
            Target::Outbox(_) => Vec::new(),
        }
    }

    /// Whether pipes may be read now. If not, the event loop will be woken once they may.
    pub fn has_room(&mut self) -> bool {
        match &mut self.target {
            Target::Sink(sink) => sink.has_room(),
            Target::Outbox(outbox) => outbox.has_room(),
        }
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

    /// To be called when all ranks have ended, until it is true: reads what they have written and closes their pipes, though
    /// grandchildren may hold them open.
    pub fn finish(&mut self) -> bool {
        for rank in 0..self.streams.len() {
            if self.streams[rank].is_some() {
                if !self.drain(rank) {
                    return false;
                }
                self.end(rank);
            }
        }
        true
    }

    /// Says that nothing more will come, once all is on its way.
    pub fn close(&mut self) {
        match &mut self.target {
            Target::Sink(sink) => sink.close(),
            Target::Outbox(outbox) => outbox.close(),
        }
    }

    /// More will come after all, if the connection takes it.
    pub fn reopen(&mut self) {
        if let Target::Outbox(outbox) = &mut self.target {
            outbox.reopen();
        }
    }

    /// A message of the launcher itself, on a line of its own.
    pub fn say(&mut self, text: &str) {
        match &mut self.target {
            Target::Sink(sink) => sink.say(text),
            Target::Outbox(outbox) => outbox.say(text),
        }
    }

    /// The same without the launcher's name.
    pub fn say_plainly(&mut self, text: &str) {
        match &mut self.target {
            Target::Sink(sink) => sink.say_plainly(text),
            Target::Outbox(outbox) => outbox.say(text),
        }
    }

    /// Output of a rank, here or on another node.
    pub fn pass_on(&mut self, rank: usize, chunk: Vec<u8>) {
        match &mut self.target {
            Target::Sink(sink) => sink.pass_on(rank, chunk),
            Target::Outbox(outbox) => outbox.push(rank, chunk),
        }
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stdio::pattern::{self, Pattern};
    use crate::stdio::sink::Arrangement;
    use crate::stdio::stdin::set_nonblocking;
    use crate::stdio::writer::Writer;
    use nix::sys::eventfd::EventFd;
    use nix::unistd::{pipe, read, write};
    use std::sync::Arc;

    /// An output of `ranks` pipes, their write ends, and what comes out in the end.
    fn output(ranks: usize, arrangement: Arrangement) -> (Output, Vec<OwnedFd>, std::thread::JoinHandle<String>) {
        let (from, to) = pipe().expect("pipe");
        let writer = Writer::start(to.as_fd(), "test", Arc::new(EventFd::new().expect("eventfd"))).expect("thread");
        drop(to);
        let writers = (0..ranks).map(|rank| pattern::Writer { rank, ..pattern::Writer::default() }).collect();
        let mut output = Output::new(Sink::new(writer, Arrangement { writers, ..arrangement })).expect("epoll");
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
        let (mut output, ends, reader) = output(2, Arrangement::default());
        for (rank, text) in [(0, "one "), (1, "three "), (0, "two\n"), (1, "four\n"), (0, "end")] {
            put(&mut output, &ends[rank], text);
        }
        // Their ends are still open, as grandchildren would keep them.
        assert!(output.finish());
        output.close();
        drop(output);
        assert_eq!(reader.join().expect("reader"), "one two\nthree four\nend");
    }

    #[test]
    fn a_line_of_a_prompt_and_another_rank_is_parted_by_prefix_only() {
        for (prepend, wanted) in [(true, "[0] name? \n[1] other\n[0] done\n"), (false, "name? other\ndone\n")] {
            let (mut output, ends, reader) =
                output(2, Arrangement { prefix: prepend.then(Pattern::rank), ..Arrangement::default() });
            put(&mut output, &ends[0], "name? ");
            let soon = output.flush_silent(Instant::now()).expect("a partial line waits");
            assert_eq!(output.flush_silent(soon + SILENCE), None);
            put(&mut output, &ends[1], "other\n");
            put(&mut output, &ends[0], "done\n");
            assert!(output.finish());
            output.close();
            drop(output);
            assert_eq!(reader.join().expect("reader"), wanted);
        }
    }

    #[test]
    fn a_message_starts_a_line() {
        let (mut output, ends, reader) = output(1, Arrangement::default());
        put(&mut output, &ends[0], "half");
        output.flush_silent(Instant::now() + SILENCE * 2);
        output.say("text");
        assert!(output.finish());
        output.close();
        drop(output);
        assert_eq!(reader.join().expect("reader"), "half\npip-mpiexec: text\n");
    }

    #[test]
    fn files_get_what_ranks_write_and_only_wanted_ranks_are_heard() {
        let folder = tempfile::tempdir().expect("a folder");
        let pattern = |text: String| Some(Pattern::parse(std::ffi::OsStr::new(&text)).expect("a pattern"));
        let file = pattern(format!("{}/%r", folder.path().display()));
        let arrangement = Arrangement { file, prefix: Some(Pattern::rank()), ..Arrangement::default() };
        let (mut output, ends, reader) = output(2, arrangement);
        (0..2).for_each(|rank| put(&mut output, &ends[rank], "line\n"));
        output.say("text");
        assert!(output.finish());
        output.close();
        drop(output);
        assert_eq!(reader.join().expect("reader"), "pip-mpiexec: text\n");
        let read = |rank| std::fs::read_to_string(folder.path().join(rank)).expect("a file");
        assert_eq!([read("0"), read("1")], ["[0] line\n", "[1] line\n"]);
        let (mut output, ends, reader) = self::output(2, Arrangement { only_from: Some(1), ..Arrangement::default() });
        (0..2).for_each(|rank| put(&mut output, &ends[rank], &format!("{rank}\n")));
        assert!(output.finish());
        output.close();
        drop(output);
        assert_eq!(reader.join().expect("reader"), "1\n");
    }
}
