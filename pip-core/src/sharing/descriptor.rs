//! What a name of the table leads to: a description of the array, in the exporter's memory. Descriptors are used again but never
//! freed, so an importer may step into one that has just been withdrawn ([`super::readers`]).

use super::{Contents, Kind};
use crate::registry::Registry;
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::Mutex;

const MAGIC: u64 = u64::from_le_bytes(*b"PiP-arr\0");
const VERSION: u32 = 1;

#[derive(Debug)]
#[repr(C)]
pub(super) struct Descriptor {
    magic: u64,
    version: u32,
    kind: AtomicU32,
    size: AtomicUsize,
    align: AtomicUsize,
    type_hash: AtomicU64,
    type_name: AtomicUsize,
    type_name_len: AtomicUsize,
    pointer: AtomicUsize,
    len: AtomicUsize,
    /// Not 0: the exporter may be waiting for the readers.
    pub(super) closing: AtomicU32,
    /// Grows when a reader leaves a descriptor that is closing.
    pub(super) departures: AtomicU32,
    /// Per task, the root last: PID in the high half, number of readers in the low.
    pub(super) readers: *const AtomicU64,
    pub(super) reader_words: usize,
}

// SAFETY: `readers` leads to `reader_words` words that are never freed; everything else is atomic or constant.
unsafe impl Send for Descriptor {}
// SAFETY: as above.
unsafe impl Sync for Descriptor {}

/// Descriptors of this task that nobody uses.
static FREE: Mutex<Vec<&'static Descriptor>> = Mutex::new(Vec::new());

fn free() -> std::sync::MutexGuard<'static, Vec<&'static Descriptor>> {
    FREE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// FNV-1a.
const fn hash(text: &str) -> u64 {
    let (bytes, mut hash, mut i) = (text.as_bytes(), 0xcbf2_9ce4_8422_2325_u64, 0);
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0100_0000_01b3);
        i += 1;
    }
    hash
}

impl Descriptor {
    /// A description of the array at `data`.
    pub(super) fn new<T>(registry: &'static Registry, kind: Kind, data: *const [T]) -> &'static Descriptor {
        let words = registry.capacity() + 1;
        let reused = {
            let mut free = free();
            let at = free.iter().position(|old| old.reader_words == words);
            at.map(|at| free.swap_remove(at))
        };
        let new = reused.unwrap_or_else(|| Box::leak(Box::new(Descriptor::empty(words))));
        let name = core::any::type_name::<T>();
        new.kind.store(kind as u32, Ordering::Relaxed);
        new.size.store(size_of::<T>(), Ordering::Relaxed);
        new.align.store(align_of::<T>(), Ordering::Relaxed);
        new.type_hash.store(hash(name), Ordering::Relaxed);
        new.type_name.store(name.as_ptr() as usize, Ordering::Relaxed);
        new.type_name_len.store(name.len(), Ordering::Relaxed);
        new.pointer.store(data.cast::<T>() as usize, Ordering::Relaxed);
        new.len.store(data.len(), Ordering::Relaxed);
        new.closing.store(0, Ordering::Release);
        new
    }

    fn empty(words: usize) -> Descriptor {
        let readers: &'static [AtomicU64] = Vec::leak((0..words).map(|_| AtomicU64::new(0)).collect());
        Descriptor {
            magic: MAGIC,
            version: VERSION,
            kind: AtomicU32::new(0),
            size: AtomicUsize::new(0),
            align: AtomicUsize::new(0),
            type_hash: AtomicU64::new(0),
            type_name: AtomicUsize::new(0),
            type_name_len: AtomicUsize::new(0),
            pointer: AtomicUsize::new(0),
            len: AtomicUsize::new(0),
            closing: AtomicU32::new(0),
            departures: AtomicU32::new(0),
            readers: readers.as_ptr(),
            reader_words: words,
        }
    }

    /// The descriptor at `address`, if it is one of this version.
    ///
    /// # Safety
    /// A task exported the address under a name of this module, and its memory is held for as long as the result is used.
    pub(super) unsafe fn at(address: usize) -> Option<&'static Descriptor> {
        if address == 0 || !address.is_multiple_of(align_of::<Descriptor>()) {
            return None;
        }
        // SAFETY: the caller's promise; magic and version come first in all versions, and are compared before anything is used.
        let found = unsafe { &*(address as *const Descriptor) };
        (found.magic == MAGIC && found.version == VERSION).then_some(found)
    }

    pub(super) fn address(&self) -> usize {
        core::ptr::from_ref(self) as usize
    }

    /// Where the array is, for who reads it.
    pub(super) fn data(&self) -> (usize, usize) {
        (self.pointer.load(Ordering::Acquire), self.len.load(Ordering::Acquire))
    }

    pub(super) fn kind(&self) -> Option<Kind> {
        Kind::from_number(self.kind.load(Ordering::Relaxed))
    }

    /// Whether the array holds elements like T.
    pub(super) fn holds<T>(&self) -> bool {
        self.size.load(Ordering::Relaxed) == size_of::<T>()
            && self.align.load(Ordering::Relaxed) == align_of::<T>()
            && self.type_hash.load(Ordering::Relaxed) == hash(core::any::type_name::<T>())
            && self.pointer.load(Ordering::Relaxed).is_multiple_of(align_of::<T>())
            && self.pointer.load(Ordering::Relaxed) != 0
    }

    /// What the array holds, for messages; for readers.
    pub(super) fn contents(&self) -> Contents {
        let (name, len) = (self.type_name.load(Ordering::Relaxed), self.type_name_len.load(Ordering::Relaxed));
        // SAFETY: a string constant of the exporter's program, whose memory readers hold.
        let name = unsafe { core::slice::from_raw_parts(name as *const u8, len) };
        Contents {
            kind: self.kind(),
            type_name: String::from_utf8_lossy(name).into_owned(),
            size: self.size.load(Ordering::Relaxed),
            align: self.align.load(Ordering::Relaxed),
        }
    }

    /// Lets the descriptor be used for another array. Only when nobody reads it.
    pub(super) fn recycle(&'static self) {
        free().push(self);
    }
}
