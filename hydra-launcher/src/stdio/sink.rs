//! Where the output of one stream of all ranks goes: prefixes, files, the launcher's own stream, and the queue before the
//! thread that writes. It knows nothing of where the output comes from.

use super::files::Files;
use super::lines::{LineBuffer, prefixed};
use super::pattern::{self, Pattern};
use super::turns::{Piece, SILENCE, Turn, Turns};
use super::writer::{Chunk, Destination, Writer};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Bytes kept of those who wait for another's line, before they are made to stop.
const MAX_HELD: usize = 4 << 20;

/// What becomes of a stream.
#[derive(Debug, Default)]
pub struct Arrangement {
    /// What each line begins with.
    pub prefix: Option<Pattern>,
    /// The files it goes to, in place of the launcher's own stream.
    pub file: Option<Pattern>,
    /// The only rank whose output is wanted.
    pub only_from: Option<usize>,
    /// By rank and task: what patterns call it.
    pub writers: Vec<pattern::Writer>,
    /// Shared with the other stream.
    pub files: Arc<Files>,
}

/// A stream of the whole job.
#[derive(Debug)]
pub struct Sink {
    writer: Writer,
    arrangement: Arrangement,
    started: Instant,
    /// The launcher's own stream, and the files.
    targets: Vec<Target>,
    /// By rank, once it has written to a file.
    file_of: HashMap<usize, usize>,
    /// By rank: the line that it has begun.
    begun: HashMap<usize, Begun>,
    /// When to look at such lines, and whose they are.
    looks: BinaryHeap<Reverse<(Instant, usize)>>,
    /// Chunks that did not fit into the writer's queue.
    backlog: VecDeque<Chunk>,
}

#[derive(Debug)]
struct Target {
    to: Destination,
    turns: Turns,
}

/// The beginning of a line that has not been written.
#[derive(Debug)]
struct Begun {
    lines: LineBuffer,
    /// When its rank wrote last.
    since: Instant,
    /// There is a look to come.
    is_watched: bool,
}

impl Sink {
    /// A stream to the launcher's own, which `writer` writes to, unless arranged otherwise.
    pub fn new(writer: Writer, arrangement: Arrangement) -> Sink {
        let targets = vec![Target { to: Destination::Stream, turns: Turns::default() }];
        let (file_of, begun, looks, backlog) = Default::default();
        Sink { writer, arrangement, started: Instant::now(), targets, file_of, begun, looks, backlog }
    }

    /// The thread that writes.
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Whether more output may come now. If not, the event loop will be woken once it may.
    pub fn has_room(&mut self) -> bool {
        self.waits_for().is_none() && self.writer_has_room()
    }

    fn writer_has_room(&mut self) -> bool {
        while self.writer.has_room() {
            let Some(chunk) = self.backlog.pop_front() else { return true };
            if let Err(chunk) = self.writer.try_send(chunk) {
                self.backlog.push_front(chunk);
            }
        }
        false
    }

    /// The rank that alone may write, until its line is complete: others have written more meanwhile than should be kept.
    pub fn waits_for(&self) -> Option<usize> {
        let full =
            |target: &Target| target.turns.waiting().filter(|&(_, bytes)| bytes > MAX_HELD).map(|(rank, _)| rank);
        self.targets.iter().find_map(full)
    }

    /// Says that nothing more will come, once all is in the queue.
    pub fn close(&mut self) {
        if self.writer_has_room() {
            self.writer.close();
        }
    }

    /// A message of the launcher itself, on a line of its own of its own stream.
    pub fn say(&mut self, text: &str) {
        self.say_plainly(&format!("pip-mpiexec: {text}\n"));
    }

    /// The same without the launcher's name.
    pub fn say_plainly(&mut self, text: &str) {
        let (turns, is_open) = self.targets[0].turns.interrupt(Instant::now());
        self.write(0, turns);
        let newline = if is_open { "\n" } else { "" };
        self.send(0, format!("{newline}{text}").into_bytes());
    }

    /// Output of a rank. With a prefix each line belongs to one rank; without, no byte is added but where a line is broken.
    pub fn pass_on(&mut self, rank: usize, data: &[u8]) {
        if self.arrangement.only_from.is_some_and(|only| only != rank) {
            return;
        }
        let now = Instant::now();
        let begun = self.begun.entry(rank).or_insert_with(|| Begun {
            lines: LineBuffer::default(),
            since: now,
            is_watched: false,
        });
        begun.since = now;
        let chunk = begun.lines.push(data);
        if begun.lines.has_partial() && !std::mem::replace(&mut begun.is_watched, true) {
            self.looks.push(Reverse((now + SILENCE, rank)));
        }
        if let Some(text) = chunk {
            self.offer(Piece { rank, text, is_last: false }, now);
        }
    }

    /// Nothing more will come from a rank.
    pub fn end(&mut self, rank: usize) {
        if let Some(text) = self.begun.remove(&rank).and_then(|mut begun| begun.lines.take_partial()) {
            self.offer(Piece { rank, text, is_last: true }, Instant::now());
        }
        let target = self.target(rank);
        let turns = self.targets[target].turns.end(rank, Instant::now());
        self.write(target, turns);
    }

    /// Nothing more will come from any rank.
    pub fn end_all(&mut self) {
        let mut ranks: Vec<usize> = self.begun.keys().copied().collect();
        ranks.sort_unstable();
        ranks.into_iter().for_each(|rank| self.end(rank));
        for target in 0..self.targets.len() {
            let (turns, is_open) = self.targets[target].turns.interrupt(Instant::now());
            let last = turns.last().map(|turn| turn.rank);
            self.write(target, turns);
            if is_open {
                self.targets[target].turns.leave_open(last);
            }
        }
    }

    /// Shows prompts, and breaks lines that others have waited for long enough; returns when to come again, if at all.
    pub fn look_at_clock(&mut self, now: Instant) -> Option<Instant> {
        let mut next = None;
        for target in 0..self.targets.len() {
            let (turns, due) = self.targets[target].turns.look_at_clock(now);
            self.write(target, turns);
            next = due.into_iter().chain(next).min();
        }
        while let Some(&Reverse((when, rank))) = self.looks.peek().filter(|look| look.0.0 <= now) {
            self.looks.pop();
            let has_room = self.writer_has_room();
            let target = self.target(rank);
            let Some(begun) = self.begun.get_mut(&rank) else { continue };
            begun.is_watched = false;
            if !begun.lines.has_partial() {
                continue;
            }
            let again = match self.targets[target].turns.may_show(rank, begun.since, now) {
                // Nobody has listened meanwhile.
                Ok(()) if !has_room => now + SILENCE,
                Ok(()) => {
                    if let Some(text) = begun.lines.take_partial() {
                        self.offer(Piece { rank, text, is_last: false }, when.max(now));
                    }
                    continue;
                }
                Err(again) => again,
            };
            begun.is_watched = true;
            self.looks.push(Reverse((again, rank)));
        }
        next.into_iter().chain(self.looks.peek().map(|look| look.0.0)).min()
    }

    fn offer(&mut self, piece: Piece, now: Instant) {
        let target = self.target(piece.rank);
        let turns = self.targets[target].turns.offer(piece, now);
        self.write(target, turns);
    }

    fn write(&mut self, target: usize, turns: Vec<Turn>) {
        for Turn { rank, mut text, continues, breaks } in turns {
            if let Some(prefix) = &self.arrangement.prefix {
                let prefix = prefix.render(self.writer_of(rank), self.started.elapsed().as_secs());
                text = prefixed(&text, &prefix, !continues);
            }
            if breaks {
                text.insert(0, b'\n');
            }
            self.send(target, text);
        }
    }

    /// Index of the target of a rank.
    fn target(&mut self, rank: usize) -> usize {
        let Some(pattern) = &self.arrangement.file else { return 0 };
        if let Some(&known) = self.file_of.get(&rank) {
            return known;
        }
        let path = pattern.render(self.writer_of(rank), self.started.elapsed().as_secs());
        let file = self.arrangement.files.get(Path::new(OsStr::from_bytes(&path)));
        let same = |target: &Target| matches!(&target.to, Destination::File(known) if Arc::ptr_eq(known, &file));
        let index = self.targets.iter().position(same).unwrap_or(self.targets.len());
        if index == self.targets.len() {
            self.targets.push(Target { to: Destination::File(file), turns: Turns::default() });
        }
        self.file_of.insert(rank, index);
        index
    }

    /// What patterns call a rank that was spawned.
    pub fn name(&mut self, rank: usize, writer: pattern::Writer) {
        let writers = &mut self.arrangement.writers;
        writers.resize_with(rank.max(writers.len()), pattern::Writer::default);
        writers.push(writer);
    }

    fn writer_of(&self, rank: usize) -> &pattern::Writer {
        static NOBODY: pattern::Writer = pattern::Writer { rank: 0, host: String::new(), node: 0, group: 0 };
        self.arrangement.writers.get(rank).unwrap_or(&NOBODY)
    }

    fn send(&mut self, target: usize, data: Vec<u8>) {
        let chunk = Chunk { to: self.targets[target].to.clone(), data };
        if !self.backlog.is_empty() {
            self.backlog.push_back(chunk);
        } else if let Err(chunk) = self.writer.try_send(chunk) {
            self.backlog.push_back(chunk);
        }
    }
}
