//! Reduction operations on the data of several ranks, always in the order of ranks and with one bracketing, so that results do
//! not depend on who arrives when: predefined operations on numbers in plain loops, all others by the MPI library's
//! MPI_Reduce_local, which calls the program's functions.

use super::call::Trouble;
use super::keeping::Kept;
use crate::abi::{self, Datatype, Op};
use crate::layout::{Layout, View, copy_part};
use crate::window::elements::{self, Number};
use crate::{datatype, real};
use core::ffi::c_int;
use std::sync::Arc;

/// An operation on elements of a type.
#[derive(Debug, Clone)]
pub struct Operator {
    op: Op,
    datatype: Datatype,
    means: Means,
    /// Bytes of data of an element.
    pub size: usize,
}

#[derive(Debug, Clone)]
enum Means {
    Numbers(Number),
    Library(Arc<Layout>),
}

/// Bytes worked on at a time: they stay in the first cache.
const PIECE: usize = 8 << 10;
/// The same for functions of the program, which a program may expect to be called seldom.
const LIBRARY_PIECE: usize = 64 << 10;

/// Memory for elements, aligned for every predefined type.
#[repr(C, align(64))]
struct Piece([u8; PIECE]);

/// Results of some elements, from the `first` on.
pub struct Partial<'a> {
    base: *mut u8,
    layout: Option<&'a Layout>,
    size: usize,
    first: usize,
    count: usize,
}

impl Partial<'_> {
    /// Where these elements begin in the data, and how long they are.
    pub fn bytes(&self) -> (usize, usize) {
        (self.first * self.size, self.count * self.size)
    }

    /// Copies them to the same elements of `target`, counted from element `origin` on.
    ///
    /// SAFETY of callers: the target's memory may be written and has room for them.
    pub unsafe fn store(&self, target: &View, origin: usize) {
        let (at, bytes) = ((self.first - origin) * self.size, self.count * self.size);
        // Such that the data of the first element stands at byte `at`.
        let from = match self.layout {
            None => View::bytes(self.base.wrapping_sub(at), at + bytes),
            Some(layout) => {
                let skipped = self.first - origin;
                layout.view(self.base.wrapping_offset(-(skipped as isize * layout.extent())), skipped + self.count)
            }
        };
        // SAFETY: the caller's promise.
        unsafe { copy_part(&from, target, at, bytes) };
    }
}

/// The numbers that elements of a predefined type are, and their size, if a predefined operation on them is done in plain loops.
#[inline]
fn numbers(op: Op, datatype: Datatype) -> Option<(Number, usize)> {
    let is_ours = abi::is_predefined_op(op) && op < abi::REPLACE && elements::is_defined(op, datatype);
    if is_ours { elements::number(datatype).zip(abi::builtin_size(datatype)) } else { None }
}

impl Operator {
    /// None if the MPI library must judge the arguments.
    #[inline]
    pub fn of(op: Op, datatype: Datatype) -> Option<Operator> {
        if let Some((number, size)) = numbers(op, datatype) {
            return Some(Operator { op, datatype, means: Means::Numbers(number), size });
        }
        if abi::is_predefined_op(op) {
            if op >= abi::REPLACE || !elements::is_defined(op, datatype) {
                return None;
            }
        } else if !abi::is_user_op(op) {
            return None;
        }
        let layout = match abi::builtin_size(datatype) {
            Some(size) => Arc::new(Layout::contiguous(size)),
            None => datatype::layout(datatype)?,
        };
        let size = layout.size();
        Some(Operator { op, datatype, means: Means::Library(layout), size })
    }

    /// If the operation is done in plain loops: the numbers, their size, and what cards say of it.
    #[inline]
    pub fn plain(op: Op, datatype: Datatype) -> Option<(Number, usize, u32)> {
        let (number, size) = numbers(op, datatype)?;
        Some((number, size, Operator { op, datatype, means: Means::Numbers(number), size }.signature()))
    }

    /// The numbers that the elements are, and the predefined operation, if it is done in plain loops.
    #[inline]
    pub fn numbers(&self) -> Option<(Number, Op)> {
        match self.means {
            Means::Numbers(number) => Some((number, self.op)),
            Means::Library(_) => None,
        }
    }

    /// Whether the order of ranks matters. MPI says so of functions of the program only, unless they commute, too.
    pub fn is_ordered(&self) -> bool {
        !abi::is_predefined_op(self.op)
    }

    /// Keeps the operation and the datatype for a call in the background.
    pub fn keep(&self) -> Kept {
        Kept::new(self.op, self.datatype)
    }

    /// What cards say of it: equal on all ranks of a correct call.
    #[inline]
    pub fn signature(&self) -> u32 {
        let op = if abi::is_predefined_op(self.op) { self.op as u32 & 0xff } else { 0xff };
        let element = match self.means {
            Means::Numbers(number) => number as u32 + 1,
            Means::Library(_) => 0xff,
        };
        op << 8 | element
    }

    /// Combines elements `first..end` of `inputs` in this order, and gives what the first `i + 1` of them yield to
    /// `results(i, ..)`, for each `i` from `from` on.
    ///
    /// SAFETY of callers: the inputs can be read, and have so many elements.
    pub unsafe fn fold(
        &self,
        inputs: &[View],
        (mut first, end): (usize, usize),
        from: usize,
        mut results: impl FnMut(usize, &Partial<'_>),
    ) -> Result<(), Trouble> {
        match &self.means {
            Means::Numbers(number) => {
                let mut piece = core::mem::MaybeUninit::<Piece>::uninit();
                while first < end {
                    let count = (end - first).min(PIECE / self.size);
                    // SAFETY: the piece has room for `count` elements.
                    unsafe { self.fold_numbers(*number, inputs, (first, count), from, piece.as_mut_ptr().cast(), &mut results) };
                    first += count;
                }
                Ok(())
            }
            Means::Library(layout) => {
                let step = (LIBRARY_PIECE / (layout.extent().unsigned_abs()).max(self.size).max(1)).max(1);
                let (mut sum, mut operand) = (Elements::new(layout, step.min(end - first)), Elements::new(layout, step.min(end - first)));
                while first < end {
                    let count = (end - first).min(step);
                    // SAFETY: the caller's promise; both have room for `count` elements.
                    unsafe { self.fold_by_library(inputs, (first, count), from, &mut sum, &mut operand, &mut results)? };
                    first += count;
                }
                Ok(())
            }
        }
    }

    /// SAFETY of callers: as [`Operator::fold`]; `sum` has room.
    #[inline]
    unsafe fn fold_numbers(
        &self,
        number: Number,
        inputs: &[View],
        (first, count): (usize, usize),
        from: usize,
        sum: *mut u8,
        results: &mut impl FnMut(usize, &Partial<'_>),
    ) {
        // Data of predefined types lies in a row.
        let at = |view: &View| view.contiguous().map_or(core::ptr::null(), |base| base.wrapping_add(first * self.size).cast_const());
        let partial = Partial { base: sum, layout: None, size: self.size, first, count };
        for (i, view) in inputs.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe {
                match i {
                    0 => {
                        if from > 0 && inputs.len() > 1 {
                            continue; // the second is combined with it at once
                        }
                        crate::layout::copy_bytes(at(view), sum, count * self.size);
                    }
                    1 if from > 0 => elements::combine(number, self.op, sum, at(&inputs[0]), at(view), count),
                    _ => elements::combine(number, self.op, sum, sum, at(view), count),
                }
            }
            if i >= from {
                results(i, &partial);
            }
        }
    }

    /// SAFETY of callers: as [`Operator::fold`]; `sum` and `operand` have room.
    unsafe fn fold_by_library(
        &self,
        inputs: &[View],
        (first, count): (usize, usize),
        from: usize,
        sum: &mut Elements,
        operand: &mut Elements,
        results: &mut impl FnMut(usize, &Partial<'_>),
    ) -> Result<(), Trouble> {
        for (i, view) in inputs.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe {
                if i == 0 {
                    sum.load(view, first, count);
                } else {
                    operand.load(view, first, count);
                    // The function computes operand = sum op operand (MPI-4.0 section 6.9.5).
                    let (from, to) = (sum.base.cast(), operand.base.cast());
                    let code = real::Reduce_local(from, to, count as c_int, self.datatype, self.op);
                    if code != abi::SUCCESS {
                        return Err(Trouble::Library(code));
                    }
                    core::mem::swap(sum, operand);
                }
            }
            if i >= from {
                results(i, &Partial { base: sum.base, layout: Some(&sum.layout), size: self.size, first, count });
            }
        }
        Ok(())
    }
}

/// Memory for elements of a datatype.
struct Elements {
    layout: Arc<Layout>,
    /// Where the first element's address is, which its bytes may lie before or behind.
    base: *mut u8,
    _memory: Box<[Line]>,
}

#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(#[allow(dead_code)] [u8; 64]); // only its address counts

impl Elements {
    fn new(layout: &Arc<Layout>, count: usize) -> Elements {
        // The whole extent too: a function of the program may touch what lies between the data.
        let (low, high) = layout.bounds(count);
        let way = layout.extent() * count as isize;
        let (low, high) = (low.min(way).min(0), high.max(way).max(0));
        let mut memory = vec![Line([0; 64]); ((high - low) as usize).div_ceil(64) + 1].into_boxed_slice();
        // Aligned like an address that the program would use.
        let before = (-low) as usize;
        let base = memory.as_mut_ptr().cast::<u8>().wrapping_add(before.next_multiple_of(64).min(before + 63));
        Elements { layout: layout.clone(), base, _memory: memory }
    }

    /// SAFETY of callers: the view can be read and has so many elements.
    unsafe fn load(&mut self, view: &View, first: usize, count: usize) {
        let base = self.base.wrapping_offset(-(first as isize * self.layout.extent()));
        let to = self.layout.view(base, first + count);
        let size = self.layout.size();
        // SAFETY: the caller's promise; from element `first` on, the target is memory of our own.
        unsafe { copy_part(view, &to, first * size, count * size) };
    }
}
