//! A thread that writes chunks to one of the launcher's own streams or to files, so that a stopped terminal, a slow reader or
//! a slow disk stalls neither PMI nor signals. Its queue is bounded; the event loop is woken when there is room again.

use super::files::OutputFile;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::EventFd;
use nix::sys::signal::{SigSet, Signal};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Chunks in the queue; with those of one read each (64 KiB) at most 4 MiB.
const QUEUE: usize = 64;
/// Small chunks are put together up to this size, to save system calls.
const BATCH: usize = 128 << 10;

/// Where a chunk goes.
#[derive(Debug, Clone)]
pub enum Destination {
    /// The launcher's own stream.
    Stream,
    /// A file.
    File(Arc<OutputFile>),
}

/// Something to be written.
#[derive(Debug)]
pub struct Chunk {
    /// Where to.
    pub to: Destination,
    /// The bytes.
    pub data: Vec<u8>,
}

/// A destination that cannot be written to any more; what still comes for it is dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The file, or None for the launcher's own stream.
    pub file: Option<PathBuf>,
    /// Why.
    pub errno: Errno,
}

/// The event loop's end of a writer thread.
#[derive(Debug)]
pub struct Writer {
    queue: Option<Sender<Chunk>>,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    failures: Mutex<Vec<Failure>>,
    finished: AtomicBool,
    /// The event loop waits for room.
    room_wanted: AtomicBool,
    wake: Arc<EventFd>,
}

impl Writer {
    /// Starts a thread that writes to `target` and writes to `wake` when there is news.
    pub fn start(target: BorrowedFd<'_>, name: &str, wake: Arc<EventFd>) -> io::Result<Writer> {
        let target = target.try_clone_to_owned()?;
        let (queue, chunks) = bounded(QUEUE);
        let (failures, finished, room_wanted) = Default::default();
        let state = Arc::new(State { failures, finished, room_wanted, wake });
        let of_thread = Arc::clone(&state);
        let builder = std::thread::Builder::new().name(name.to_owned()).stack_size(128 << 10);
        builder.spawn(move || run(target.as_fd(), &chunks, &of_thread))?;
        Ok(Writer { queue: Some(queue), state })
    }

    /// Hands a chunk over, or back if the queue is full.
    pub fn try_send(&self, chunk: Chunk) -> Result<(), Chunk> {
        let Some(queue) = &self.queue else { return Ok(()) };
        match queue.try_send(chunk) {
            Err(TrySendError::Full(chunk)) => Err(chunk),
            Ok(()) | Err(TrySendError::Disconnected(_)) => Ok(()),
        }
    }

    /// Whether the queue takes a chunk. If not, the event loop will be woken once it does.
    pub fn has_room(&self) -> bool {
        let Some(queue) = &self.queue else { return true };
        if !queue.is_full() {
            return true;
        }
        self.state.room_wanted.store(true, Ordering::SeqCst);
        // Looked at again, since the thread may have taken a chunk just before it could see the wish.
        !queue.is_full()
    }

    /// Says that nothing more will come; the thread then wakes the event loop once all is written.
    pub fn close(&mut self) {
        self.queue = None;
    }

    /// Whether all is written after [`Writer::close`].
    pub fn is_finished(&self) -> bool {
        self.state.finished.load(Ordering::SeqCst)
    }

    /// Takes what failed since the last call: the stream, or a file, each once.
    pub fn take_failures(&self) -> Vec<Failure> {
        std::mem::take(&mut *self.state.failures())
    }
}

impl State {
    fn failures(&self) -> MutexGuard<'_, Vec<Failure>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(target: BorrowedFd<'_>, chunks: &Receiver<Chunk>, state: &State) {
    let wake = || _ = state.wake.write(1);
    // A limit of the size of files is then an error of write, not the end of the launcher.
    let _ = SigSet::from_iter([Signal::SIGXFSZ]).thread_block();
    let mut stream_failed = false;
    let mut next = None;
    while let Some(mut batch) = next.take().or_else(|| chunks.recv().ok()) {
        while batch.data.len() < BATCH / 2 {
            let Ok(more) = chunks.try_recv() else { break };
            if !more.to.is(&batch.to) {
                next = Some(more);
                break;
            }
            batch.data.extend_from_slice(&more.data);
        }
        if state.room_wanted.swap(false, Ordering::SeqCst) {
            wake();
        }
        let failure = match &batch.to {
            Destination::Stream if stream_failed => None,
            Destination::Stream => {
                let failed = write_all(target, &batch.data).err();
                stream_failed = failed.is_some();
                failed.map(|errno| Failure { file: None, errno })
            }
            Destination::File(file) => {
                let failed = file.write(&batch.data, write_all).err();
                failed.map(|errno| Failure { file: Some(file.path().to_owned()), errno })
            }
        };
        if let Some(failure) = failure {
            state.failures().push(failure);
            wake();
        }
    }
    state.finished.store(true, Ordering::SeqCst);
    wake();
}

impl Destination {
    fn is(&self, other: &Destination) -> bool {
        match (self, other) {
            (Destination::Stream, Destination::Stream) => true,
            (Destination::File(one), Destination::File(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

fn write_all(target: BorrowedFd<'_>, mut data: &[u8]) -> nix::Result<()> {
    while !data.is_empty() {
        match nix::unistd::write(target, data) {
            Ok(written) => data = &data[written..],
            Err(Errno::EINTR) => {}
            // Another process may have made the shared stream non-blocking.
            Err(Errno::EAGAIN) => {
                let _ = poll(&mut [PollFd::new(target, PollFlags::POLLOUT)], PollTimeout::NONE);
            }
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
