//! Page-aligned message buffers, as the original suites allocate them.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// The page size that buffers are aligned to, in bytes: 4096 on every x86-64 Linux.
pub const fn page_size() -> usize {
    4096
}

/// A page-aligned block of bytes. It dereferences to a byte slice.
#[derive(Debug)]
pub struct Buffer {
    start: NonNull<u8>,
    layout: Layout,
    len: usize,
}

impl Buffer {
    /// Allocates `len` bytes (0 is allowed) and writes `fill` to each, so that no page fault is left for the timed loop.
    ///
    /// # Errors
    /// A sentence with the size, when memory is short.
    pub fn filled(len: usize, fill: u8) -> Result<Self, String> {
        let short =
            || format!("cannot allocate {len} bytes for a message buffer; lower the message or the window size");
        let layout = Layout::from_size_align(len.max(1), page_size()).map_err(|_| short())?;
        // SAFETY: the layout has a size of at least 1.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or_else(short)?;
        let mut buffer = Self { start, layout, len };
        buffer.fill(fill);
        Ok(buffer)
    }

    /// Its first byte, for calls that read and write the memory while no slice of it is in use.
    #[inline(always)]
    pub fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `start` is valid for `len` initialised bytes as long as `self` lives.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `deref`, and `self` is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: allocated in `filled` with this layout, and freed only here.
        unsafe { dealloc(self.start.as_ptr(), self.layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_start_on_a_page_and_hold_the_fill() {
        for len in [0, 1, 4095, 4097] {
            let buffer = Buffer::filled(len, b'a').expect("memory");
            assert_eq!(buffer.as_ptr() as usize % page_size(), 0);
            assert_eq!(buffer.len(), len);
            assert!(buffer.iter().all(|&byte| byte == b'a'));
        }
    }

    #[test]
    fn a_size_beyond_the_address_space_is_an_error() {
        assert!(Buffer::filled(isize::MAX as usize, 0).expect_err("too large").contains("lower the message"));
    }
}
