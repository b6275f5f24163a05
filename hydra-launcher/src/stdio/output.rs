//! One of the job's two output streams: the pipes of all ranks on one side, the sink on the other, or, on another node, what
//! waits to be sent to the launcher.
//!
//! The pipes stand in an epoll set of their own, which the event loop takes out of its set while the writer's queue is
//! full: one system call then stops all ranks' output, whatever their number.

use super::outbox::Outbox;
use super::pattern;
use super::sink::Sink;
use super::writer::Failure;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// How often to read the pipe of a rank that all others wait for.
const LOOK: Duration = Duration::from_millis(10);
/// Bytes of one read: a pipe's usual capacity.
const READ: usize = 64 << 10;

/// A stream of the whole job.
#[derive(Debug)]
pub struct Output {
    target: Target,
    pipes: Epoll,
    /// The pipes by rank, those that are open.
    streams: Vec<Option<OwnedFd>>,
    /// All but one rank have been made to stop.
    is_held_up: bool,
    scratch: Vec<u8>,
}

/// Where lines go.
#[derive(Debug)]
enum Target {
    Sink(Box<Sink>),
    Outbox(Outbox),
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
            is_held_up: false,
            scratch: vec![0; READ],
        })
    }

    /// Adds the read end of the next rank's pipe, which must be non-blocking.
    pub fn add(&mut self, pipe: OwnedFd) -> nix::Result<()> {
        self.pipes.add(&pipe, EpollEvent::new(EpollFlags::EPOLLIN, self.streams.len() as u64))?;
        self.streams.push(Some(pipe));
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
        if let Target::Sink(sink) = &mut self.target {
            sink.end_all();
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

    /// Output of a rank of another node.
    pub fn pass_on(&mut self, rank: usize, data: Vec<u8>) {
        match &mut self.target {
            Target::Sink(sink) => sink.pass_on(rank, &data),
            Target::Outbox(outbox) => outbox.push(rank, data),
        }
    }

    /// Looks after lines that have been begun; returns when to come again, if at all.
    pub fn look_at_clock(&mut self, now: Instant) -> Option<Instant> {
        let Target::Sink(sink) = &mut self.target else { return None };
        let next = sink.look_at_clock(now);
        let Some(rank) = sink.waits_for() else { return next };
        self.is_held_up = true;
        // All pipes are out of the event loop's set.
        if self.read(rank) == Read::End && self.streams.get(rank).is_some_and(Option::is_some) {
            self.end(rank);
        }
        Some(next.map_or(now + LOOK, |next| next.min(now + LOOK)))
    }

    /// Whether pipes may be read again, after all had to wait for one rank.
    pub fn goes_on(&mut self) -> bool {
        self.is_held_up && self.has_room() && std::mem::take(&mut self.is_held_up)
    }

    fn read(&mut self, rank: usize) -> Read {
        // Ranks of other nodes have no stream here.
        let Some(Some(pipe)) = self.streams.get(rank) else { return Read::End };
        let count = match nix::unistd::read(pipe, &mut self.scratch) {
            Ok(0) => return Read::End,
            Ok(count) => count,
            Err(Errno::EAGAIN | Errno::EINTR) => return Read::NothingNow,
            Err(_) => return Read::End,
        };
        match &mut self.target {
            Target::Sink(sink) => sink.pass_on(rank, &self.scratch[..count]),
            Target::Outbox(outbox) => outbox.push(rank, self.scratch[..count].to_vec()),
        }
        Read::Data
    }

    /// Closes a rank's pipe.
    fn end(&mut self, rank: usize) {
        let Some(pipe) = self.streams[rank].take() else { return };
        let _ = self.pipes.delete(&pipe);
        if let Target::Sink(sink) = &mut self.target {
            sink.end(rank);
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
    fn a_prompt_and_another_rank_have_a_line_each() {
        for (prepend, wanted) in [
            (true, "[0] name? done\n[1] other\n[0] again? \n[1] more\n"),
            (false, "name? done\nother\nagain? \nmore\n"),
        ] {
            let (mut output, ends, reader) =
                output(2, Arrangement { prefix: prepend.then(Pattern::rank), ..Arrangement::default() });
            let wait = |output: &mut Output| {
                let soon = output.look_at_clock(Instant::now()).expect("a line waits");
                std::thread::sleep(soon.saturating_duration_since(Instant::now()));
                output.look_at_clock(Instant::now())
            };
            put(&mut output, &ends[0], "name? ");
            assert_eq!(wait(&mut output), None);
            put(&mut output, &ends[1], "other\n");
            put(&mut output, &ends[0], "done\n");
            // The end of its rank is the end of the line.
            put(&mut output, &ends[0], "again? ");
            assert!(output.drain(0));
            output.end(0);
            put(&mut output, &ends[1], "more\n");
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
        output.end(0);
        output.say("text");
        assert!(output.finish());
        output.close();
        drop(output);
        assert_eq!(reader.join().expect("reader"), "half\npip-mpiexec: text\n");
    }

    #[test]
    fn who_is_waited_for_is_heard_whatever_others_write() {
        let (mut output, ends, reader) = output(2, Arrangement::default());
        put(&mut output, &ends[0], "begun");
        let Target::Sink(sink) = &mut output.target else { panic!("a sink") };
        // As if time had passed.
        sink.look_at_clock(Instant::now() + Duration::from_secs(1));
        let line = "x".repeat(999) + "\n";
        let mut lines = 0;
        while output.has_room() {
            put(&mut output, &ends[1], &line);
            lines += 1;
        }
        assert!(lines > 1000, "{lines}");
        write(&ends[0], b" and ended\n").expect("pipe");
        output.look_at_clock(Instant::now());
        let pause = || std::thread::sleep(Duration::from_millis(1));
        while !output.finish() {
            pause();
        }
        while !output.is_finished() {
            output.close();
            pause();
        }
        drop(output);
        assert_eq!(reader.join().expect("reader"), "begun and ended\n".to_owned() + &line.repeat(lines));
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
