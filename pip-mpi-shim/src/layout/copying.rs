//! Copies between two views, typed to typed, without a buffer in between.

use super::{Run, View, copy_bytes};

/// Copies the first `length` bytes of `from` to the first `length` of `to`, whatever their layouts.
///
/// # Safety
/// Both views describe at least `length` bytes of memory that may be read and written, and do not overlap.
#[inline(always)]
pub unsafe fn copy(from: &View, to: &View, length: usize) {
    // SAFETY: the caller's promise.
    unsafe { copy_part(from, to, 0, length) }
}

/// Copies `length` bytes from byte `start` of the data on.
///
/// # Safety
/// As [`copy`], for `start + length` bytes.
#[inline(always)]
pub unsafe fn copy_part(from: &View, to: &View, start: usize, length: usize) {
    debug_assert!(start + length <= from.len() && start + length <= to.len());
    // SAFETY: the caller's promise.
    unsafe {
        match (from.contiguous(), to.contiguous()) {
            (Some(source), Some(target)) => copy_bytes(source.add(start), target.add(start), length),
            _ => copy_pieces(from, to, start, length),
        }
    }
}

/// Copies `length` bytes from byte `start` of `from` to byte `place` of `to`.
///
/// # Safety
/// As [`copy`], for as many bytes from there on.
pub unsafe fn copy_to_part(from: &View, start: usize, to: &View, place: usize, length: usize) {
    debug_assert!(start + length <= from.len() && place + length <= to.len());
    if length > 0 {
        // SAFETY: the caller's promise.
        unsafe { copy_strips(Cursor::new(from, start), Cursor::new(to, place), length) }
    }
}

/// SAFETY of callers: as [`copy_part`].
#[inline(never)]
unsafe fn copy_pieces(from: &View, to: &View, start: usize, length: usize) {
    // SAFETY: the caller's promise.
    unsafe { copy_strips(Cursor::new(from, start), Cursor::new(to, start), length) }
}

/// Blocks of equal length at equal distances.
#[derive(Clone, Copy)]
struct Strip {
    at: *mut u8,
    len: usize,
    count: usize,
    stride: isize,
}

/// A place in a view's data.
struct Cursor<'a> {
    view: &'a View,
    element: usize,
    run: usize,
    /// What is left of the present run; its first block may be begun.
    strip: Strip,
    /// Bytes of the first block that were passed.
    begun: usize,
}

impl<'a> Cursor<'a> {
    fn new(view: &'a View, start: usize) -> Cursor<'a> {
        let nothing = Strip { at: view.base, len: 0, count: 0, stride: 0 };
        let mut cursor = Cursor { view, element: 0, run: 0, strip: nothing, begun: 0 };
        if view.runs.is_null() {
            cursor.strip =
                Strip { at: view.base, len: view.bytes / view.count, count: view.count, stride: view.stride };
            cursor.pass(start);
        } else {
            let size = view.bytes / view.count;
            cursor.element = start / size;
            cursor.load();
            cursor.skip(start % size);
        }
        cursor
    }

    /// The run `self.run` of element `self.element`.
    fn load(&mut self) {
        if self.element == self.view.count {
            return;
        }
        // SAFETY: `run` stays below run_count; the layout outlives the view.
        let Run { offset, len, count, stride } = unsafe { *self.view.runs.add(self.run) };
        let at = self.view.base.wrapping_offset(self.element as isize * self.view.stride + offset);
        (self.strip, self.begun) = (Strip { at, len, count, stride }, 0);
    }

    /// Passes bytes that may be more than the present run's.
    fn skip(&mut self, mut bytes: usize) {
        loop {
            let run = self.strip.len * self.strip.count;
            if bytes < run || bytes == 0 {
                return self.pass(bytes);
            }
            bytes -= run;
            self.next_run();
        }
    }

    fn next_run(&mut self) {
        self.run += 1;
        if self.run == self.view.run_count {
            (self.run, self.element) = (0, self.element + 1);
        }
        self.load();
    }

    /// What comes next: the rest of a block that is begun, or whole blocks.
    #[inline]
    fn strip(&self) -> Strip {
        let Strip { at, len, .. } = self.strip;
        if self.begun == 0 {
            return self.strip;
        }
        Strip { at: at.wrapping_add(self.begun), len: len - self.begun, count: 1, stride: 0 }
    }

    /// Passes bytes of the present run.
    #[inline]
    fn pass(&mut self, bytes: usize) {
        let strip = &mut self.strip;
        self.begun += bytes;
        if self.begun >= strip.len {
            let blocks = if self.begun == strip.len { 1 } else { self.begun / strip.len };
            self.begun -= blocks * strip.len;
            strip.at = strip.at.wrapping_offset(blocks as isize * strip.stride);
            strip.count -= blocks;
            if strip.count == 0 && !self.view.runs.is_null() {
                self.next_run();
            }
        }
    }
}

/// SAFETY of callers: both cursors have `left` bytes before them.
unsafe fn copy_strips(mut from: Cursor<'_>, mut to: Cursor<'_>, mut left: usize) {
    while left > 0 {
        let (source, target) = (from.strip(), to.strip());
        let len = source.len.min(target.len);
        // A longer block is a row of shorter ones.
        let blocks =
            |strip: Strip| if strip.len == len { (strip.count, strip.stride) } else { (strip.len / len, len as isize) };
        let ((sources, source_stride), (targets, target_stride)) = (blocks(source), blocks(target));
        let count = sources.min(targets).min(left / len);
        let bytes = if count == 0 {
            // SAFETY: a part of both present blocks.
            unsafe { copy_bytes(source.at, target.at, left) };
            left
        } else {
            // SAFETY: so many blocks are left of both strips.
            unsafe { copy_blocks((source.at, source_stride), (target.at, target_stride), len, count) };
            len * count
        };
        from.pass(bytes);
        to.pass(bytes);
        left -= bytes;
    }
}

/// Copies `count` blocks of `len` bytes; both sides give the first address and the distance of the next.
///
/// SAFETY of callers: all blocks may be read and written.
#[inline]
unsafe fn copy_blocks(from: (*mut u8, isize), to: (*mut u8, isize), len: usize, count: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        match len {
            4 => copy_values::<u32>(from, to, count),
            8 => copy_values::<u64>(from, to, count),
            12 => copy_values::<[u32; 3]>(from, to, count),
            16 => copy_values::<[u64; 2]>(from, to, count),
            24 => copy_values::<[u64; 3]>(from, to, count),
            32 => copy_values::<[u64; 4]>(from, to, count),
            2 => copy_values::<u16>(from, to, count),
            1 => copy_values::<u8>(from, to, count),
            _ => {
                for i in 0..count as isize {
                    copy_bytes(from.0.wrapping_offset(i * from.1), to.0.wrapping_offset(i * to.1), len);
                }
            }
        }
    }
}

/// SAFETY of callers: as [`copy_blocks`], for blocks of the size of `T`.
#[inline(always)]
unsafe fn copy_values<T: Copy>(
    (from, source_stride): (*mut u8, isize),
    (to, target_stride): (*mut u8, isize),
    count: usize,
) {
    for i in 0..count as isize {
        // SAFETY: the caller's promise.
        unsafe {
            let value = from.wrapping_offset(i * source_stride).cast::<T>().read_unaligned();
            to.wrapping_offset(i * target_stride).cast::<T>().write_unaligned(value);
        }
    }
}
