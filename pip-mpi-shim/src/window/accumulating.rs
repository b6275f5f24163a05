//! MPI_Accumulate and its family (MPI-4.0 section 12.3.4): atomic per element, done by the caller. Elements that are not one
//! aligned number are updated under the target's guard, some of them by the library's MPI_Reduce_local.

use super::elements::{self, Access};
use super::failure::Failure;
use super::moving::Transfer;
use super::remote::{Action, COPY, Errand, Held, Work, pair, row};
use super::target::{Answer, Place, Trouble, on_target, refuse};
use super::Window;
use crate::abi::{self, Count, Datatype, Op, Win};
use crate::datatype::{self, Elements, Unfit};
use crate::layout::{Layout, View, copy, copy_bytes};
use crate::real;
use core::ffi::{c_int, c_void};
use std::sync::Arc;

/// The arguments of MPI_Fetch_and_op and MPI_Compare_and_swap.
#[derive(Debug, Clone, Copy)]
pub struct Update {
    /// The MPI function's name.
    pub function: &'static str,
    pub origin: *const c_void,
    pub result: *mut c_void,
    pub datatype: Datatype,
    pub target: c_int,
    pub displacement: Count,
    pub win: Win,
}

/// An operation on the elements of one predefined type in the part of a target in this address space.
#[derive(Debug)]
pub(super) struct Operation<'w> {
    pub window: &'w Window,
    pub rank: u32,
    pub op: Op,
    /// The predefined type, and the bytes from one element to the next.
    pub leaf: Datatype,
    pub span: usize,
    /// Whether nobody else works on the target.
    pub alone: bool,
}

impl Operation<'_> {
    /// Updates elements in a row.
    ///
    /// # Safety
    /// Memory of the arguments, for `bytes` bytes; `result` may be null.
    pub unsafe fn apply(&self, target: *mut u8, operand: *const u8, result: *mut u8, bytes: usize) {
        let guard = &self.window.header.seat(self.rank).guard;
        // SAFETY: the caller's promise; alignment was looked at.
        unsafe {
            match elements::number(self.leaf) {
                Some(number) => {
                    let count = bytes / number.size();
                    let update =
                        |access| elements::update(number, self.op, access, target, operand, result, count);
                    if self.alone {
                        update(Access::Alone);
                    } else if target.addr().is_multiple_of(number.size()) {
                        self.window.updating(self.rank, count, update);
                    } else {
                        guard.with(|| update(Access::Alone));
                    }
                }
                None => guard.with(|| self.apply_by_library(target, operand, result, bytes)),
            }
        }
    }

    /// SAFETY of callers: as [`Operation::apply`].
    unsafe fn apply_by_library(&self, target: *mut u8, operand: *const u8, result: *mut u8, bytes: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            if !result.is_null() {
                copy_bytes(target, result, bytes);
            }
            match self.op {
                abi::NO_OP => {}
                abi::REPLACE => copy_bytes(operand, target, bytes),
                op => {
                    let mut done = 0;
                    while done < bytes {
                        let count = ((bytes - done) / self.span).min(c_int::MAX as usize);
                        let (from, to) = (operand.add(done).cast(), target.add(done).cast());
                        real::Reduce_local(from, to, count as c_int, self.leaf, op);
                        done += count * self.span;
                    }
                }
            }
        }
    }

    /// Updates a target of any layout with operands in a row.
    ///
    /// SAFETY of callers: as [`Operation::apply`], for the bytes of `target`.
    unsafe fn apply_all(&self, target: &View, operand: *const u8, result: *mut u8) {
        let mut done = 0;
        target.each_block(|at, bytes| {
            let result = if result.is_null() { result } else { result.wrapping_add(done) };
            // SAFETY: the caller's promise, block by block.
            unsafe { self.apply(at, operand.wrapping_add(done), result, bytes) };
            done += bytes;
        });
    }
}

/// Elements of one predefined type, wherever they lie.
struct Shape {
    leaf: Datatype,
    span: usize,
    count: usize,
    /// None for a predefined type, whose elements lie in a row.
    layout: Option<Arc<Layout>>,
}

impl Shape {
    #[inline(always)]
    fn of(count: Count, datatype: Datatype) -> Result<Shape, Trouble> {
        let count = usize::try_from(count).map_err(|_| Trouble::Library)?;
        if let Some(span) = abi::builtin_size(datatype) {
            return Ok(Shape { leaf: datatype, span, count, layout: None });
        }
        match datatype::elements(datatype) {
            Ok(Elements { leaf, span, layout }) => Ok(Shape { leaf, span, count, layout: Some(layout) }),
            Err(Unfit::Library) => Err(Trouble::Library),
            Err(Unfit::Mixed) => {
                Err(Failure::Type("a datatype of an accumulating operation has different predefined types").into())
            }
        }
    }

    /// Offsets of the first byte and behind the last one.
    #[inline(always)]
    fn bounds(&self) -> (isize, isize) {
        self.layout.as_ref().map_or((0, (self.span * self.count) as isize), |layout| layout.bounds(self.count))
    }

    #[inline(always)]
    fn view(&self, base: *mut u8) -> View {
        match &self.layout {
            Some(layout) => layout.view(base, self.count),
            None => View::bytes(base, self.span * self.count),
        }
    }

    /// The data of a user's buffer, which must have as many elements of the same type as the target.
    #[inline(always)]
    fn local(&self, buffer: *mut c_void, target: &Shape, bytes: usize) -> Result<View, Trouble> {
        let view = self.view(buffer.cast());
        if buffer.is_null() && view.len() > 0 && self.bounds().0 == 0 {
            return Err(Trouble::Library);
        }
        if view.len() != bytes {
            return Err(Failure::Lengths { origin: view.len(), target: bytes }.into());
        }
        let same = self.leaf == target.leaf || bytes == 0;
        if same { Ok(view) } else { Err(Failure::Type("origin and target have different predefined types").into()) }
    }
}

/// MPI_Accumulate.
pub fn accumulate(transfer: &Transfer, op: Op) -> Answer {
    if op == abi::NO_OP {
        return refuse(transfer.win, transfer.target);
    }
    get_accumulate(transfer, None, op)
}

/// Where MPI_Get_accumulate puts what was there: buffer, count and datatype.
pub type Former = (*mut c_void, Count, Datatype);

/// MPI_Get_accumulate; without `result` MPI_Accumulate.
pub fn get_accumulate(transfer: &Transfer, result: Option<Former>, op: Op) -> Answer {
    on_target(transfer.function, (transfer.win, transfer.target), |window, rank| {
        if !abi::is_predefined_op(op) {
            return Err(Trouble::Library);
        }
        let shape = Shape::of(transfer.target_count, transfer.target_type)?;
        if !elements::is_defined(op, shape.leaf) {
            return Err(Failure::Operation.into());
        }
        let (low, high) = shape.bounds();
        let place = Place { rank, displacement: transfer.displacement };
        let target = shape.view(window.address(place, low, high)?);
        if let Some(remote) = window.away(rank) {
            let errand = errand(transfer, result, op, shape, target)?;
            return Ok(window.begin(remote, rank, errand));
        }
        // With MPI_NO_OP the origin's arguments mean nothing.
        let (origin_shape, packed_origin);
        let operand = if op == abi::NO_OP {
            core::ptr::null()
        } else {
            origin_shape = Shape::of(transfer.origin_count, transfer.origin_type)?;
            let origin = origin_shape.local(transfer.origin, &shape, target.len())?;
            // SAFETY: the program's buffer.
            packed_origin = unsafe { Packed::read(&origin) };
            packed_origin.address().cast_const()
        };
        let Shape { leaf, span, .. } = shape;
        let operation = Operation { window, rank, op, leaf, span, alone: window.is_alone_at(rank) };
        let Some((buffer, count, datatype)) = result else {
            // SAFETY: memory of the program's arguments; the target's is within its part.
            unsafe { operation.apply_all(&target, operand, core::ptr::null_mut()) };
            return Ok(None);
        };
        let result_shape = Shape::of(count, datatype)?;
        let result = result_shape.local(buffer, &shape, target.len())?;
        let mut packed_result = Packed::to_write(&result);
        // SAFETY: as above.
        unsafe {
            operation.apply_all(&target, operand, packed_result.address());
            packed_result.write_back(&result);
        }
        Ok(None)
    })
}

/// The same for a target in another address space.
#[cold]
#[inline(never)]
fn errand(transfer: &Transfer, result: Option<Former>, op: Op, shape: Shape, target: View) -> Result<Errand, Trouble> {
    let held = |buffer: *mut c_void, count: Count, datatype: Datatype| {
        let local = Shape::of(count, datatype)?;
        let view = local.local(buffer, &shape, target.len())?;
        Ok::<_, Trouble>(Held::new(view, local.layout))
    };
    let with_origin = op != abi::NO_OP;
    let origin = with_origin.then(|| held(transfer.origin, transfer.origin_count, transfer.origin_type)).transpose()?;
    let result = result.map(|(buffer, count, datatype)| held(buffer, count, datatype)).transpose()?;
    let action = if result.is_some() { Action::Fetch } else { Action::Accumulate };
    let work = Work { op, leaf: shape.leaf, span: shape.span as u32 };
    let target = Held::new(target, shape.layout);
    Ok(Errand { action, work, origin, target, result, requested: transfer.requested })
}

/// A user's buffer as bytes in a row: itself, or a copy.
enum Packed {
    Itself(*mut u8),
    Copy(Box<[u8]>),
}

impl Packed {
    /// SAFETY of callers: the view's memory can be read.
    unsafe fn read(view: &View) -> Packed {
        match view.contiguous() {
            Some(itself) => Packed::Itself(itself),
            // SAFETY: the caller's promise.
            None => Packed::Copy(unsafe { view.gather() }),
        }
    }

    fn to_write(view: &View) -> Packed {
        match view.contiguous() {
            Some(itself) => Packed::Itself(itself),
            None => Packed::Copy(vec![0; view.len()].into_boxed_slice()),
        }
    }

    fn address(&self) -> *mut u8 {
        match self {
            Packed::Itself(itself) => *itself,
            Packed::Copy(copy) => copy.as_ptr().cast_mut(),
        }
    }

    /// SAFETY of callers: the view's memory can be written.
    unsafe fn write_back(&mut self, view: &View) {
        if let Packed::Copy(bytes) = self {
            let from = View::bytes(bytes.as_mut_ptr(), bytes.len());
            // SAFETY: the caller's promise; both have as many bytes.
            unsafe { copy(&from, view, bytes.len()) };
        }
    }
}

/// One element of a predefined type at the target.
fn single(update: &Update, window: &Window, rank: u32) -> Result<(*mut u8, usize), Trouble> {
    let size = match abi::builtin_size(update.datatype) {
        Some(size) => size,
        None => Shape::of(1, update.datatype).and_then(|shape| {
            let predefined = shape.leaf == update.datatype;
            if predefined { Ok(shape.span) } else { Err(Failure::Type("the datatype must be predefined").into()) }
        })?,
    };
    let place = Place { rank, displacement: update.displacement };
    Ok((window.address(place, 0, size as isize)?, size))
}

/// MPI_Fetch_and_op.
pub fn fetch_and_op(update: &Update, op: Op) -> Answer {
    on_target(update.function, (update.win, update.target), |window, rank| {
        if !abi::is_predefined_op(op) || update.result.is_null() || (update.origin.is_null() && op != abi::NO_OP) {
            return Err(Trouble::Library);
        }
        let (target, span) = single(update, window, rank)?;
        if !elements::is_defined(op, update.datatype) {
            return Err(Failure::Operation.into());
        }
        if let Some(remote) = window.away(rank) {
            let origin = (op != abi::NO_OP).then(|| row(update.origin, span));
            let work = Work { op, leaf: update.datatype, span: span as u32 };
            return Ok(update.send_for(window, remote, (Action::Fetch, work), origin, row(target.cast(), span)));
        }
        let operation =
            Operation { window, rank, op, leaf: update.datatype, span, alone: window.is_alone_at(rank) };
        // SAFETY: memory of the program's arguments; the target's is within its part.
        unsafe { operation.apply(target, update.origin.cast(), update.result.cast(), span) };
        Ok(None)
    })
}

/// MPI_Compare_and_swap.
pub fn compare_and_swap(update: &Update, compare: *const c_void) -> Answer {
    on_target(update.function, (update.win, update.target), |window, rank| {
        if update.result.is_null() || update.origin.is_null() || compare.is_null() {
            return Err(Trouble::Library);
        }
        let (target, size) = single(update, window, rank)?;
        if !elements::is_comparable(update.datatype) {
            return Err(Failure::Type("only integers, logicals and bytes can be compared and swapped").into());
        }
        let (origin, compare, result) = (update.origin.cast::<u8>(), compare.cast::<u8>(), update.result.cast::<u8>());
        if let Some(remote) = window.away(rank) {
            // SAFETY: memory of the program's arguments.
            let both = unsafe { pair(compare, origin, size) };
            let work = Work { span: size as u32, ..COPY };
            return Ok(update.send_for(window, remote, (Action::Swap, work), Some(both), row(target.cast(), size)));
        }
        // SAFETY: memory of the program's arguments; the target's is within its part.
        unsafe { swap(window, rank, size, target, (origin, compare), result) };
        Ok(None)
    })
}

/// Puts the `size` bytes at `new` to `target`, in the part of `rank`, if those at `compare` are there, and what was there to `result`.
///
/// # Safety
/// Memory of the arguments.
#[inline(always)]
pub(super) unsafe fn swap(
    window: &Window,
    rank: u32,
    size: usize,
    target: *mut u8,
    (new, compare): (*const u8, *const u8),
    result: *mut u8,
) {
    // SAFETY: the caller's promise.
    unsafe {
        if !elements::compare_and_swap(size, target, new, compare, result) {
            window.header.seat(rank).guard.with(|| {
                copy_bytes(target, result, size);
                let bytes = |at: *const u8| core::slice::from_raw_parts(at, size);
                if bytes(result) == bytes(compare) {
                    copy_bytes(new, target, size);
                }
            });
        }
    }
}
