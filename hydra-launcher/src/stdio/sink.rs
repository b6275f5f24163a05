//! Where the output of one stream of all ranks goes: prefixes, files, the launcher's own stream, and the queue before the
//! thread that writes. It knows nothing of where the output comes from.

use super::files::Files;
use super::lines::prefixed;
use super::pattern::{self, Pattern};
use super::writer::{Chunk, Destination, Writer};
use std::collections::{HashMap, VecDeque};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

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
    /// Chunks that did not fit into the writer's queue.
    backlog: VecDeque<Chunk>,
}

#[derive(Debug)]
struct Target {
    to: Destination,
    /// The rank whose unfinished line was the last thing written.
    open_line: Option<usize>,
}

impl Sink {
    /// A stream to the launcher's own, which `writer` writes to, unless arranged otherwise.
    pub fn new(writer: Writer, arrangement: Arrangement) -> Sink {
        let targets = vec![Target { to: Destination::Stream, open_line: None }];
        let (file_of, backlog) = Default::default();
        Sink { writer, arrangement, started: Instant::now(), targets, file_of, backlog }
    }

    /// The thread that writes.
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Whether more output may come now. If not, the event loop will be woken once it may.
    pub fn has_room(&mut self) -> bool {
        while self.writer.has_room() {
            let Some(chunk) = self.backlog.pop_front() else { return true };
            if let Err(chunk) = self.writer.try_send(chunk) {
                self.backlog.push_front(chunk);
            }
        }
        false
    }

    /// Says that nothing more will come, once all is in the queue.
    pub fn close(&mut self) {
        if self.has_room() {
            self.writer.close();
        }
    }

    /// A message of the launcher itself, on a line of its own of its own stream.
    pub fn say(&mut self, text: &str) {
        self.say_plainly(&format!("pip-mpiexec: {text}\n"));
    }

    /// The same without the launcher's name.
    pub fn say_plainly(&mut self, text: &str) {
        let newline = if self.targets[0].open_line.take().is_some() { "\n" } else { "" };
        self.send(0, format!("{newline}{text}").into_bytes());
    }

    /// Output of a rank. With a prefix each line belongs to one rank; without, no byte is added.
    pub fn pass_on(&mut self, rank: usize, mut chunk: Vec<u8>) {
        if self.arrangement.only_from.is_some_and(|only| only != rank) {
            return;
        }
        let seconds = self.started.elapsed().as_secs();
        let target = self.target(rank, seconds);
        let open_line = self.targets[target].open_line;
        let ends_line = chunk.last() == Some(&b'\n');
        if let Some(prefix) = &self.arrangement.prefix {
            let continues = open_line == Some(rank);
            let prefix = prefix.render(self.writer_of(rank), seconds);
            let interrupts = open_line.is_some() && !continues;
            chunk = prefixed(&chunk, &prefix, !continues);
            if interrupts {
                chunk.insert(0, b'\n');
            }
        }
        self.targets[target].open_line = (!ends_line).then_some(rank);
        self.send(target, chunk);
    }

    /// Index of the target of a rank.
    fn target(&mut self, rank: usize, seconds: u64) -> usize {
        let Some(pattern) = &self.arrangement.file else { return 0 };
        if let Some(&known) = self.file_of.get(&rank) {
            return known;
        }
        let path = pattern.render(self.writer_of(rank), seconds);
        let file = self.arrangement.files.get(Path::new(OsStr::from_bytes(&path)));
        let same = |target: &Target| matches!(&target.to, Destination::File(known) if Arc::ptr_eq(known, &file));
        let index = self.targets.iter().position(same).unwrap_or(self.targets.len());
        if index == self.targets.len() {
            self.targets.push(Target { to: Destination::File(file), open_line: None });
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
