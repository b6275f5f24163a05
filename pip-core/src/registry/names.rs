//! The named exports of one task (`pip_named_export`): names to pointers, in memory that belongs to the registry, so that an
//! importer never reads memory of an exporter that is being unmapped.

use crate::raw::{Guard, call, futex_wait, futex_wake};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU32, Ordering};

/// A table of records `(value, name length, name)`. Records stay where they are: one that was withdrawn is marked in its length
/// word, and its place taken by the next name of that size, so that a task killed in the middle leaves a table that can be read.
#[derive(Debug)]
#[repr(C)]
pub struct Names {
    lock: AtomicU32,
    closed: AtomicU32,
    /// Grows with every change; importers that wait sleep on it.
    changes: AtomicU32,
    block: UnsafeCell<Block>,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct Block {
    bytes: *mut u8,
    used: usize,
    capacity: usize,
}

/// Why a name was not exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    /// The task already exports something under this name.
    Exists,
    /// The kernel gives no memory.
    NoMemory,
}

/// What an import found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// The exported pointer, as a number.
    Found(usize),
    /// Not exported yet; the second value is what [`Names::wait`] takes.
    NotYet(u32),
    /// The exporter has ended and took its names along.
    Closed,
}

const HEAD: usize = 2 * size_of::<usize>();
/// In the length word: the name was withdrawn.
const WITHDRAWN: usize = 1 << (usize::BITS - 1);

#[derive(Debug, Clone, Copy)]
struct Record {
    /// Offset in the block.
    at: usize,
    value: usize,
    len: usize,
    withdrawn: bool,
}

/// Bytes of the record of a name of `len` bytes.
fn size(len: usize) -> usize {
    HEAD + len.next_multiple_of(size_of::<usize>())
}

// SAFETY: the block is only used under the lock.
unsafe impl Sync for Names {}

impl Names {
    /// Offers `value` under `name`.
    pub fn export(&self, name: &[u8], value: usize) -> Result<(), NameError> {
        let guard = Guard::lock(&self.lock);
        if self.find(name).is_some() {
            return Err(NameError::Exists);
        }
        let needed = size(name.len());
        let reused = self.records().find(|record| record.withdrawn && size(record.len) == needed);
        if reused.is_none() && !self.reserve(needed) {
            return Err(NameError::NoMemory);
        }
        // SAFETY: under the lock; the record was withdrawn or `reserve` made room for it, and records keep words aligned. The
        // length word and the used bytes are what make it readable, so they come last.
        unsafe {
            let block = &mut *self.block.get();
            let record = block.bytes.add(reused.as_ref().map_or(block.used, |record| record.at));
            record.cast::<usize>().write(value);
            core::ptr::copy_nonoverlapping(name.as_ptr(), record.add(HEAD), name.len());
            record.cast::<usize>().add(1).write_volatile(name.len());
            if reused.is_none() {
                block.used += needed;
            }
        }
        drop(guard);
        self.announce();
        Ok(())
    }

    /// Takes `name` back; false if nothing is exported under it.
    pub fn withdraw(&self, name: &[u8]) -> bool {
        let _guard = Guard::lock(&self.lock);
        let Some(record) = self.find(name) else { return false };
        // SAFETY: under the lock; the length word of a record in the used part.
        unsafe { (*self.block.get()).bytes.add(record.at).cast::<usize>().add(1).write(record.len | WITHDRAWN) };
        true
    }

    /// What is exported under `name` now.
    pub fn lookup(&self, name: &[u8]) -> Lookup {
        let changes = self.changes.load(Ordering::Acquire);
        let _guard = Guard::lock(&self.lock);
        if self.closed.load(Ordering::Relaxed) != 0 {
            return Lookup::Closed;
        }
        self.find(name).map_or(Lookup::NotYet(changes), |record| Lookup::Found(record.value))
    }

    /// Sleeps until something changed since the lookup that gave `changes`, at most `milliseconds`.
    pub fn wait(&self, changes: u32, milliseconds: u64) {
        futex_wait(&self.changes, changes, milliseconds);
    }

    /// Whether the exporter has ended.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire) != 0
    }

    /// Withdraws all names and wakes those who wait for one.
    pub(crate) fn close(&self) {
        self.closed.store(1, Ordering::Release);
        self.announce();
    }

    /// Makes the table empty and open again, for a new task.
    pub(crate) fn reset(&self) {
        let _guard = Guard::lock(&self.lock);
        self.closed.store(0, Ordering::Relaxed);
        // SAFETY: under the lock.
        unsafe { (*self.block.get()).used = 0 };
    }

    fn announce(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        futex_wake(&self.changes, i32::MAX);
    }

    /// Under the lock.
    fn find(&self, name: &[u8]) -> Option<Record> {
        // SAFETY: under the lock; the bytes behind a record's head.
        let is_named = |record: &Record| unsafe {
            let bytes = (*self.block.get()).bytes.add(record.at + HEAD);
            core::slice::from_raw_parts(bytes, record.len) == name
        };
        self.records().find(|record| !record.withdrawn && is_named(record))
    }

    /// Under the lock: the records, which lie one behind the other in the used part.
    fn records(&self) -> impl Iterator<Item = Record> {
        // SAFETY: under the lock.
        let Block { bytes, used, .. } = unsafe { *self.block.get() };
        let mut at = 0;
        core::iter::from_fn(move || {
            // SAFETY: a record of the used part; under the lock as long as callers iterate.
            let [value, len] = (at < used).then(|| unsafe { bytes.add(at).cast::<[usize; 2]>().read() })?;
            let record = Record { at, value, len: len & !WITHDRAWN, withdrawn: len & WITHDRAWN != 0 };
            at += size(record.len);
            Some(record)
        })
    }

    /// Under the lock: makes room for `needed` more bytes.
    fn reserve(&self, needed: usize) -> bool {
        // SAFETY: under the lock.
        let block = unsafe { &mut *self.block.get() };
        if block.used + needed <= block.capacity {
            return true;
        }
        let bytes = (2 * block.capacity).max(crate::mapping::page_up(block.used + needed));
        let (prot, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        let fresh = call!(SYS_mmap, 0, bytes, prot, flags, -1i32, 0);
        if fresh < 0 {
            return false;
        }
        let fresh = fresh as *mut u8;
        if block.capacity > 0 {
            // SAFETY: new memory, larger than the old block.
            unsafe { core::ptr::copy_nonoverlapping(block.bytes, fresh, block.used) };
            call!(SYS_munmap, block.bytes, block.capacity);
        }
        (block.bytes, block.capacity) = (fresh, bytes);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_once_exported_and_not_after_the_end() {
        // SAFETY: all-zero is the state of a new registry's memory.
        let names: Names = unsafe { core::mem::zeroed() };
        assert!(matches!(names.lookup(b"x"), Lookup::NotYet(_)));
        for i in 0..1000usize {
            names.export(format!("name {i}").as_bytes(), i).unwrap();
        }
        names.export(b"", 7).unwrap();
        assert_eq!(names.export(b"name 3", 9), Err(NameError::Exists));
        assert_eq!(names.lookup(b"name 999"), Lookup::Found(999));
        assert_eq!(names.lookup(b""), Lookup::Found(7));
        names.close();
        assert_eq!(names.lookup(b"name 3"), Lookup::Closed);
        names.reset();
        assert!(matches!(names.lookup(b"name 3"), Lookup::NotYet(_)));
    }

    #[test]
    fn withdrawn_names_are_gone_and_their_room_is_used_again() {
        // SAFETY: as above.
        let names: Names = unsafe { core::mem::zeroed() };
        for i in 0..10usize {
            names.export(format!("name {i}").as_bytes(), i).unwrap();
        }
        // SAFETY: nobody else knows the table.
        let used = || unsafe { (*names.block.get()).used };
        let before = used();
        for round in 0..100usize {
            assert!(names.withdraw(b"name 3") && !names.withdraw(b"name 3"));
            assert!(matches!(names.lookup(b"name 3"), Lookup::NotYet(_)));
            names.export(b"other", round).unwrap();
            assert_eq!(names.lookup(b"other"), Lookup::Found(round));
            assert!(names.withdraw(b"other"));
            names.export(b"name 3", round).unwrap();
            assert_eq!((names.lookup(b"name 3"), names.lookup(b"name 4")), (Lookup::Found(round), Lookup::Found(4)));
        }
        assert_eq!(used(), before);
    }
}
