//! The bytes a datatype covers, as runs of equally spaced blocks, and copies between two such layouts without packing.
//!
//! A type map (MPI-4.0 section 4.1) lists bytes in order; so does a [`Layout`], with neighbours merged. A [`View`] is
//! `count` elements of a layout at an address; it is shared between tasks, so it holds plain pointers only.
//!
//! This module knows neither MPI's functions nor the operating system.

use core::ptr;

/// `count` blocks of `len` bytes, the first at `offset` from the element's address, `stride` bytes apart.
#[allow(missing_docs)] // the sentence above says it all
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Run {
    pub offset: isize,
    pub len: usize,
    pub count: usize,
    pub stride: isize,
}

/// One element of a datatype: its bytes in type-map order, and the distance to the next element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    runs: Vec<Run>,
    size: usize,
    extent: isize,
}

impl Layout {
    /// `size` bytes in a row.
    pub fn contiguous(size: usize) -> Layout {
        let runs = if size == 0 { vec![] } else { vec![Run { offset: 0, len: size, count: 1, stride: 0 }] };
        Layout { runs, size, extent: size as isize }
    }

    /// An element of these runs.
    pub fn of_runs(runs: Vec<Run>) -> Layout {
        let size = runs.iter().map(|run| run.len * run.count).sum();
        Layout { runs, size, extent: size as isize }
    }

    /// Nothing yet; grows by [`Layout::append`].
    pub fn empty() -> Layout {
        Layout { runs: vec![], size: 0, extent: 0 }
    }

    /// The layout with another extent (MPI_Type_create_resized, or the one the MPI library reports).
    pub fn with_extent(self, extent: isize) -> Layout {
        Layout { extent, ..self }
    }

    /// Bytes of data in an element (MPI_Type_size).
    pub fn size(&self) -> usize {
        self.size
    }

    /// Distance between elements (MPI_Type_get_extent).
    pub fn extent(&self) -> isize {
        self.extent
    }

    /// Offset of the first byte in memory (MPI_Type_get_true_extent's lower bound).
    pub fn true_lb(&self) -> isize {
        self.bounds(1).0
    }

    /// Offsets of the first byte and behind the last one of `count` elements in memory.
    pub fn bounds(&self, count: usize) -> (isize, isize) {
        if count == 0 || self.runs.is_empty() {
            return (0, 0);
        }
        let (mut low, mut high) = (isize::MAX, isize::MIN);
        for run in &self.runs {
            let way = run.stride * (run.count as isize - 1);
            low = low.min(run.offset + way.min(0));
            high = high.max(run.offset + way.max(0) + run.len as isize);
        }
        let way = self.extent * (count as isize - 1);
        (low + way.min(0), high + way.max(0))
    }

    /// Adds `count` elements of `child`, the first at `displacement` bytes.
    pub fn append(&mut self, child: &Layout, displacement: isize, count: usize) {
        if let ([run], true) = (child.runs.as_slice(), child.extent == child.size as isize)
            && run.count == 1
        {
            return self.append_block(displacement + run.offset, run.len * count);
        }
        for i in 0..count as isize {
            let shift = displacement + i * child.extent;
            for run in &child.runs {
                if run.count == 1 {
                    self.append_block(run.offset + shift, run.len);
                } else {
                    self.size += run.len * run.count;
                    self.runs.push(Run { offset: run.offset + shift, ..*run });
                }
            }
        }
    }

    /// Adds `len` bytes at `offset`, merged with what ends there or continues a regular pattern.
    pub fn append_block(&mut self, offset: isize, len: usize) {
        if len == 0 {
            return;
        }
        self.size += len;
        if let Some(last) = self.runs.last_mut() {
            if last.count == 1 && last.offset + last.len as isize == offset {
                last.len += len;
                return;
            }
            if last.len == len && last.count == 1 {
                (last.count, last.stride) = (2, offset - last.offset);
                return;
            }
            if last.len == len && last.offset + last.count as isize * last.stride == offset {
                last.count += 1;
                return;
            }
        }
        self.runs.push(Run { offset, len, count: 1, stride: 0 });
    }

    /// `count` elements at `base`. The layout must outlive the view's use.
    pub fn view(&self, base: *mut u8, count: usize) -> View {
        let View { runs, bytes, .. } = View::bytes(base, self.size * count);
        match self.runs.as_slice() {
            _ if bytes == 0 => View::bytes(base, 0),
            [run] if run.count == 1 && (count == 1 || self.extent == self.size as isize) => {
                View::bytes(base.wrapping_offset(run.offset), bytes)
            }
            // Blocks at equal distances need no list.
            [run] if run.count == 1 => {
                let base = base.wrapping_offset(run.offset);
                View { base, runs, run_count: 0, stride: self.extent, count, bytes }
            }
            [run] if count == 1 || self.extent == run.stride * run.count as isize => {
                let base = base.wrapping_offset(run.offset);
                View { base, runs, run_count: 0, stride: run.stride, count: run.count * count, bytes }
            }
            runs => View { base, runs: runs.as_ptr(), run_count: runs.len(), stride: self.extent, count, bytes },
        }
    }
}

/// Data at an address: `count` blocks of equal length, `stride` bytes apart, or `count` elements of some runs, their
/// addresses `stride` bytes apart.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct View {
    base: *mut u8,
    /// Null for blocks.
    runs: *const Run,
    run_count: usize,
    stride: isize,
    count: usize,
    bytes: usize,
}

impl View {
    /// `len` bytes in a row at `base`.
    #[inline(always)]
    pub fn bytes(base: *mut u8, len: usize) -> View {
        View { base, runs: ptr::null(), run_count: 0, stride: 0, count: 1, bytes: len }
    }

    /// Bytes of data.
    #[inline]
    #[allow(clippy::len_without_is_empty)] // a number of bytes, not a collection
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// The address, if the bytes lie in a row.
    #[inline]
    pub fn contiguous(&self) -> Option<*mut u8> {
        (self.runs.is_null() && self.count == 1).then_some(self.base)
    }

    /// Whether both begin at one address.
    pub fn is_at(&self, other: &View) -> bool {
        self.base == other.base
    }

    /// Gives address and length of each block of bytes in a row to `f`, in the order of the data.
    pub fn each_block(&self, mut f: impl FnMut(*mut u8, usize)) {
        if self.bytes == 0 {
            return;
        }
        if self.runs.is_null() {
            let len = self.bytes / self.count;
            (0..self.count as isize).for_each(|i| f(self.base.wrapping_offset(i * self.stride), len));
            return;
        }
        // SAFETY: the layout outlives the view.
        let runs = unsafe { core::slice::from_raw_parts(self.runs, self.run_count) };
        for element in 0..self.count as isize {
            let base = self.base.wrapping_offset(element * self.stride);
            for run in runs {
                for i in 0..run.count as isize {
                    f(base.wrapping_offset(run.offset + i * run.stride), run.len);
                }
            }
        }
    }

    /// A copy of the data, in a row.
    ///
    /// # Safety
    /// The view describes memory that may be read.
    pub unsafe fn gather(&self) -> Box<[u8]> {
        let mut data = vec![0u8; self.bytes].into_boxed_slice();
        // SAFETY: the caller's promise, and memory of our own of the same length.
        unsafe { copy(self, &View::bytes(data.as_mut_ptr(), data.len()), data.len()) };
        data
    }
}

/// How the blocks of a view lie, for those who describe it to others.
#[allow(missing_docs)] // the fields are those of a view
#[derive(Debug, Clone, Copy)]
pub enum Shape<'a> {
    /// Bytes in a row.
    Row(*mut u8),
    /// `count` blocks of `len` bytes.
    Blocks { base: *mut u8, len: usize, stride: isize, count: usize },
    /// `count` elements of these runs.
    Elements { base: *mut u8, runs: &'a [Run], stride: isize, count: usize },
}

impl View {
    /// How its blocks lie.
    pub fn shape(&self) -> Shape<'_> {
        let &View { base, stride, count, bytes, .. } = self;
        if self.runs.is_null() {
            return if count == 1 || bytes == 0 {
                Shape::Row(base)
            } else {
                Shape::Blocks { base, len: bytes / count, stride, count }
            };
        }
        // SAFETY: the layout outlives the view.
        Shape::Elements { base, runs: unsafe { core::slice::from_raw_parts(self.runs, self.run_count) }, stride, count }
    }
}

/// memcpy, with short lengths inline: a call costs as much as such a copy.
///
/// # Safety
/// `from` can be read and `to` written for `len` bytes, and they do not overlap.
#[inline(always)]
pub unsafe fn copy_bytes(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: in all arms both sides have `len` bytes; halves that overlap each other stay within them.
    unsafe {
        match len {
            0 => {}
            8 => to.cast::<u64>().write_unaligned(from.cast::<u64>().read_unaligned()),
            4 => to.cast::<u32>().write_unaligned(from.cast::<u32>().read_unaligned()),
            1..4 => {
                let (first, middle, last) = (from.read(), from.add(len / 2).read(), from.add(len - 1).read());
                to.write(first);
                to.add(len / 2).write(middle);
                to.add(len - 1).write(last);
            }
            5..8 => {
                let (low, high) =
                    (from.cast::<u32>().read_unaligned(), from.add(len - 4).cast::<u32>().read_unaligned());
                to.cast::<u32>().write_unaligned(low);
                to.add(len - 4).cast::<u32>().write_unaligned(high);
            }
            9..=16 => {
                let (low, high) =
                    (from.cast::<u64>().read_unaligned(), from.add(len - 8).cast::<u64>().read_unaligned());
                to.cast::<u64>().write_unaligned(low);
                to.add(len - 8).cast::<u64>().write_unaligned(high);
            }
            17..=32 => {
                let (low, high) =
                    (from.cast::<[u64; 2]>().read_unaligned(), from.add(len - 16).cast::<[u64; 2]>().read_unaligned());
                to.cast::<[u64; 2]>().write_unaligned(low);
                to.add(len - 16).cast::<[u64; 2]>().write_unaligned(high);
            }
            _ => ptr::copy_nonoverlapping(from, to, len),
        }
    }
}

mod copying;
pub use copying::{copy, copy_part, copy_to_part};

#[cfg(test)]
mod tests;
