//! A thread that writes chunks to one of the launcher's own streams, so that a stopped terminal or a slow reader stalls
//! neither PMI nor signals. Its queue is bounded; the event loop is woken when there is room again.

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::EventFd;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

/// Chunks in the queue; with those of one read each (64 KiB) at most 4 MiB.
const QUEUE: usize = 64;
/// Small chunks are put together up to this size, to save system calls.
const BATCH: usize = 128 << 10;

/// The event loop's end of a writer thread.
#[derive(Debug)]
pub struct Writer {
    queue: Option<Sender<Vec<u8>>>,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    /// errno of the first failed write, 0 before.
    error: AtomicI32,
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
        let (error, finished, room_wanted) = Default::default();
        let state = Arc::new(State { error, finished, room_wanted, wake });
        let of_thread = Arc::clone(&state);
        let builder = std::thread::Builder::new().name(name.to_owned()).stack_size(128 << 10);
        builder.spawn(move || run(target.as_fd(), &chunks, &of_thread))?;
        Ok(Writer { queue: Some(queue), state })
    }

    /// Hands a chunk over, or back if the queue is full.
    pub fn try_send(&self, chunk: Vec<u8>) -> Result<(), Vec<u8>> {
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

    /// Why the stream cannot be written to any more, if so; later chunks are dropped.
    pub fn error(&self) -> Option<Errno> {
        Some(self.state.error.load(Ordering::SeqCst)).filter(|&number| number != 0).map(Errno::from_raw)
    }
}

fn run(target: BorrowedFd<'_>, chunks: &Receiver<Vec<u8>>, state: &State) {
    let wake = || _ = state.wake.write(1);
    while let Ok(mut batch) = chunks.recv() {
        while batch.len() < BATCH / 2 {
            let Ok(more) = chunks.try_recv() else { break };
            batch.extend_from_slice(&more);
        }
        if state.room_wanted.swap(false, Ordering::SeqCst) {
            wake();
        }
        if state.error.load(Ordering::SeqCst) == 0
            && let Err(errno) = write_all(target, &batch)
        {
            state.error.store(errno as i32, Ordering::SeqCst);
            wake();
        }
    }
    state.finished.store(true, Ordering::SeqCst);
    wake();
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
