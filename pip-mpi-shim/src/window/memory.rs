//! Memory of windows: zeroed, and not touched before the program does, so that pages land where the rank runs that uses them.

use crate::tunables;
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr;

/// Alignment of what is not mapped: no two windows share a cache line pair.
const ALIGNMENT: usize = 128;
/// From this size on memory is mapped rather than taken from the heap.
const MAP_MIN: usize = 64 << 10;
pub const PAGE: usize = 4096;
const HUGE_PAGE: usize = 2 << 20;

/// Whether large pages shall be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Huge {
    /// From PIP_MPI_HUGE_MIN bytes on.
    BySize,
    Always,
    Never,
}

/// Memory that this rank has allocated.
#[derive(Debug)]
pub struct Memory {
    /// First byte for the program.
    pub base: *mut u8,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Heap(Layout),
    /// Address and length of the whole mapping.
    Mapped(*mut u8, usize),
}

impl Memory {
    /// `bytes` bytes, at least page-aligned if `pages`; None if there are not so many.
    pub fn new(bytes: usize, pages: bool, huge: Huge) -> Option<Memory> {
        let large = match huge {
            Huge::BySize => bytes >= tunables::get().huge_min.max(HUGE_PAGE),
            Huge::Always => bytes > 0,
            Huge::Never => false,
        };
        if large || bytes >= MAP_MIN {
            return Memory::map(bytes, large);
        }
        let layout = Layout::from_size_align(bytes.max(1), if pages { PAGE } else { ALIGNMENT }).ok()?;
        // SAFETY: the size is not 0.
        let base = unsafe { alloc_zeroed(layout) };
        (!base.is_null()).then_some(Memory { base, kind: Kind::Heap(layout) })
    }

    fn map(bytes: usize, large: bool) -> Option<Memory> {
        // Large pages need an address that is a multiple of their size.
        let slack = if large { HUGE_PAGE } else { 0 };
        let length = bytes.checked_next_multiple_of(PAGE)?.checked_add(slack)?;
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping.
        let start = unsafe { libc::mmap(ptr::null_mut(), length, protection, flags | libc::MAP_NORESERVE, -1, 0) };
        if start == libc::MAP_FAILED {
            return None;
        }
        let start = start.cast::<u8>();
        let base = if large { start.wrapping_add(start.align_offset(HUGE_PAGE)) } else { start };
        if large {
            // SAFETY: within the new mapping. A kernel without large pages refuses, and small ones do.
            unsafe { libc::madvise(base.cast(), bytes.next_multiple_of(PAGE), libc::MADV_HUGEPAGE) };
        }
        Some(Memory { base, kind: Kind::Mapped(start, length) })
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        match self.kind {
            // SAFETY: allocated so.
            Kind::Heap(layout) => unsafe { dealloc(self.base, layout) },
            // SAFETY: mapped so; the window's end means that nobody uses it.
            Kind::Mapped(start, length) => _ = unsafe { libc::munmap(start.cast(), length) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_zeroed_and_aligned() {
        for bytes in [0, 1, 4095, 4096, MAP_MIN, 3 << 20] {
            for huge in [Huge::BySize, Huge::Always, Huge::Never] {
                let memory = Memory::new(bytes, true, huge).unwrap();
                assert_eq!(memory.base as usize % PAGE, 0);
                // SAFETY: so many bytes were allocated.
                let all = unsafe { std::slice::from_raw_parts(memory.base, bytes) };
                assert!(all.iter().all(|&byte| byte == 0), "{bytes} {huge:?}");
            }
        }
    }

    #[test]
    fn too_much_is_refused() {
        assert!(Memory::new(1 << 60, true, Huge::BySize).is_none());
        assert!(Memory::new(usize::MAX - 5, true, Huge::BySize).is_none());
    }
}
