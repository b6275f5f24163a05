//! Which address ranges belong to a task: what the root mapped for it and what its own loader and libc mapped since. When the
//! task was waited for, exactly these are unmapped.
//!
//! The ledger is written by code that runs in the task without its thread-local storage (`hooks`), so it allocates with mmap
//! and never panics. A task that dies inside leaves at worst a range unlisted, which is leaked, never one listed that is not its
//! own: a range is struck out before it is unmapped and listed after it was mapped.

use crate::mapping::PAGE;
use crate::raw::{Guard, call};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// The ranges of one task, in no order, never overlapping.
#[derive(Debug)]
#[repr(C)]
pub struct Ledger {
    lock: AtomicU32,
    /// Number of ranges; readable without the lock as a hint.
    count: AtomicUsize,
    block: UnsafeCell<Block>,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct Block {
    ranges: *mut Range,
    capacity: usize,
}

/// Addresses `start..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Range {
    /// First address.
    pub start: usize,
    /// One past the last.
    pub end: usize,
}

// SAFETY: the block is only used under the lock.
unsafe impl Sync for Ledger {}

impl Ledger {
    /// Lists `start..end` as the task's.
    pub(crate) fn insert(&self, start: usize, end: usize) {
        let _guard = Guard::lock(&self.lock);
        let mut new = Range { start, end };
        let mut i = 0;
        while i < self.len() {
            let old = self.get(i);
            if old.start <= new.end && new.start <= old.end {
                new = Range { start: old.start.min(new.start), end: old.end.max(new.end) };
                self.remove(i);
                i = 0; // the grown range may touch one that was passed already
            } else {
                i += 1;
            }
        }
        self.push(new);
    }

    /// Strikes out `start..end`; returns how many bytes of it were listed.
    pub(crate) fn cut(&self, start: usize, end: usize) -> usize {
        if self.count.load(Ordering::Acquire) == 0 {
            return 0;
        }
        let _guard = Guard::lock(&self.lock);
        let (mut i, mut bytes) = (0, 0);
        while i < self.len() {
            let old = self.get(i);
            if old.end <= start || end <= old.start {
                i += 1;
                continue;
            }
            bytes += old.end.min(end) - old.start.max(start);
            self.remove(i);
            if old.start < start {
                self.push(Range { start: old.start, end: start });
            }
            if end < old.end {
                self.push(Range { start: end, end: old.end });
            }
        }
        bytes
    }

    /// Whether `address` is listed.
    pub fn holds(&self, address: usize) -> bool {
        let _guard = Guard::lock(&self.lock);
        (0..self.len()).any(|i| (self.get(i).start..self.get(i).end).contains(&address))
    }

    /// Unmaps everything listed. Only when no thread of the task lives any more.
    pub(crate) fn unmap_all(&self) {
        self.lock.store(0, Ordering::Relaxed); // a killed task may have held it
        loop {
            let guard = Guard::lock(&self.lock);
            let Some(last) = self.len().checked_sub(1) else { break };
            let range = self.get(last);
            self.count.store(last, Ordering::Release);
            drop(guard);
            call!(SYS_munmap, range.start, range.end - range.start);
        }
    }

    /// Leaves everything mapped and forgets it.
    pub(crate) fn forget(&self) {
        self.lock.store(0, Ordering::Relaxed); // as above
        self.count.store(0, Ordering::Release);
    }

    fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    fn block(&self) -> Block {
        // SAFETY: callers hold the lock.
        unsafe { *self.block.get() }
    }

    fn get(&self, index: usize) -> Range {
        // SAFETY: `index < len() <= capacity`, under the lock.
        unsafe { *self.block().ranges.add(index) }
    }

    fn remove(&self, index: usize) {
        let last = self.len() - 1;
        // SAFETY: both are below the length, under the lock.
        unsafe { *self.block().ranges.add(index) = self.get(last) };
        self.count.store(last, Ordering::Release);
    }

    /// Drops the range, which is then leaked, if the kernel gives no memory for a longer list.
    fn push(&self, range: Range) {
        let (len, block) = (self.len(), self.block());
        if len == block.capacity && !self.grow(block, len) {
            return;
        }
        // SAFETY: there is room for one more, under the lock.
        unsafe { *self.block().ranges.add(len) = range };
        self.count.store(len + 1, Ordering::Release);
    }

    fn grow(&self, old: Block, len: usize) -> bool {
        let bytes = (old.capacity * size_of::<Range>() * 2).max(PAGE);
        let (prot, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        let fresh = call!(SYS_mmap, 0, bytes, prot, flags, -1i32, 0);
        if fresh < 0 {
            return false;
        }
        let fresh = fresh as *mut Range;
        // SAFETY: new memory, larger than the old block, under the lock.
        unsafe {
            core::ptr::copy_nonoverlapping(old.ranges, fresh, len);
            *self.block.get() = Block { ranges: fresh, capacity: bytes / size_of::<Range>() };
        }
        if old.capacity > 0 {
            call!(SYS_munmap, old.ranges, old.capacity * size_of::<Range>());
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn empty() -> Ledger {
        // SAFETY: all-zero is the state of a new registry's memory.
        unsafe { core::mem::zeroed() }
    }

    proptest! {
        /// Against a set of page numbers as the model.
        #[test]
        fn the_ledger_lists_what_a_set_of_pages_would(ops in prop::collection::vec((any::<bool>(), 0usize..600, 1usize..40), 1..500)) {
            let ledger = empty();
            let mut model = std::collections::BTreeSet::new();
            for (insert, start, len) in ops {
                let pages = start..start + len;
                if insert {
                    ledger.insert(pages.start * PAGE, pages.end * PAGE);
                    model.extend(pages);
                } else {
                    let listed = pages.clone().filter(|page| model.remove(page)).count();
                    prop_assert_eq!(ledger.cut(pages.start * PAGE, pages.end * PAGE), listed * PAGE);
                }
                let total: usize = (0..ledger.len()).map(|i| ledger.get(i).end - ledger.get(i).start).sum();
                prop_assert_eq!(total, model.len() * PAGE);
            }
            for page in 0..700 {
                prop_assert_eq!(ledger.holds(page * PAGE), model.contains(&page));
            }
        }
    }

    #[test]
    fn everything_listed_is_unmapped() {
        let ledger = empty();
        let a = crate::mapping::Mapping::anonymous("a test", 4 * PAGE, libc::PROT_READ, None).unwrap().leak();
        ledger.insert(a, a + PAGE);
        ledger.insert(a + 2 * PAGE, a + 4 * PAGE);
        ledger.unmap_all();
        let mut residency = [0u8; 4];
        let mapped = |page: usize, residency: &mut [u8; 4]| {
            // SAFETY: asks about one page and writes one byte.
            unsafe { libc::mincore((a + page * PAGE) as *mut _, PAGE, residency.as_mut_ptr()) == 0 }
        };
        let found: Vec<bool> = (0..4).map(|page| mapped(page, &mut residency)).collect();
        assert_eq!(found, [false, true, false, false]);
        assert_eq!(ledger.len(), 0);
    }
}
