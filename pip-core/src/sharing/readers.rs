//! Who is reading an array, and how its exporter waits for them.
//!
//! An importer notes itself as a reader, looks whether the name still leads to the descriptor, and steps back if not. The exporter
//! withdraws the name first and looks at the readers then, so one of the two sees the other. Each task has a reader's word of its
//! own with its PID in it: a reader that was killed is told apart from one that reads, and nobody waits for it.

use super::Sharing;
use super::descriptor::Descriptor;
use crate::raw::{futex_wait, futex_wake};
use crate::registry::{Entry, Registry};
use core::sync::atomic::{AtomicU64, Ordering, fence};

/// How long to sleep before a look whether readers were killed, which leaves no word.
const TICK_MS: u64 = 20;

impl Descriptor {
    fn readers(&self) -> &[AtomicU64] {
        // SAFETY: as long as this from the start, and never freed.
        unsafe { core::slice::from_raw_parts(self.readers, self.reader_words) }
    }

    /// The exporter has withdrawn the name: waits until no living task reads any more.
    pub(super) fn await_readers(&self, registry: &'static Registry) {
        self.close();
        loop {
            let departures = self.departures.load(Ordering::Acquire);
            if !self.is_read(registry) {
                return;
            }
            futex_wait(&self.departures, departures, TICK_MS);
        }
    }

    fn close(&self) {
        self.closing.store(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    fn is_read(&self, registry: &'static Registry) -> bool {
        self.readers().iter().enumerate().any(|(id, word)| {
            let value = word.load(Ordering::SeqCst);
            let pid = (value >> 32) as i32;
            value as u32 != 0 && lives(registry, id, pid)
        })
    }

    /// For what nobody has to wait for: recycled if nobody reads it, lost otherwise.
    pub(super) fn recycle_if_unread(&'static self, registry: &'static Registry) {
        self.close();
        if !self.is_read(registry) {
            self.recycle();
        }
    }
}

/// Whether the task at this position of the table (the root's is the last) still runs as this process.
pub(super) fn lives(registry: &'static Registry, index: usize, pid: i32) -> bool {
    match registry.entry(index) {
        Some(task) => task.pid() == pid && crate::task::may_run(registry, task),
        None => registry.root_pid() == pid,
    }
}

/// A note that the calling task reads the array.
#[derive(Debug)]
pub(super) struct Reader {
    descriptor: &'static Descriptor,
    id: usize,
    pid: u32,
}

impl Reader {
    /// None if the descriptor belongs to a smaller registry.
    pub(super) fn enter(descriptor: &'static Descriptor, sharing: &Sharing) -> Option<Reader> {
        let own: &Entry = sharing.own_entry();
        let reader = Reader { descriptor, id: sharing.registry.index(own), pid: own.pid() as u32 };
        let word = descriptor.readers().get(reader.id)?;
        // What a task that was killed under this id has left does not count.
        let entered = |value: u64| if (value >> 32) as u32 == reader.pid { value + 1 } else { reader.first() };
        let _always = word.fetch_update(Ordering::SeqCst, Ordering::Relaxed, |value| Some(entered(value)));
        fence(Ordering::SeqCst);
        Some(reader)
    }

    fn first(&self) -> u64 {
        u64::from(self.pid) << 32 | 1
    }

    pub(super) fn descriptor(&self) -> &'static Descriptor {
        self.descriptor
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some(word) = self.descriptor.readers().get(self.id) else { return };
        let left = |value: u64| (value >= self.first() && (value >> 32) as u32 == self.pid).then(|| value - 1);
        let _another_pid_is_not_ours = word.fetch_update(Ordering::SeqCst, Ordering::Relaxed, left);
        fence(Ordering::SeqCst);
        if self.descriptor.closing.load(Ordering::SeqCst) != 0 {
            self.descriptor.departures.fetch_add(1, Ordering::SeqCst);
            futex_wake(&self.descriptor.departures, i32::MAX);
        }
    }
}
