//! A window of any number of ranks over memory that is there already, with every rank as a target.
//!
//! As in [`crate::Window`], each method is one `MPI_*` call.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use mpi::ffi;

use crate::world::{Part, World};

/// A window of MPI_Win_create. Making and dropping it are collective.
pub struct Exposure<'a> {
    raw: ffi::MPI_Win,
    /// It must be freed before MPI ends.
    world: PhantomData<&'a World>,
}

impl<'a> Exposure<'a> {
    /// The window of `len` bytes at `memory`, with displacements in bytes.
    ///
    /// # Safety
    /// The memory lives longer than the window, and this rank uses it only where an epoch allows it.
    pub unsafe fn new(world: &'a World, memory: *mut u8, len: usize) -> Self {
        let (mut raw, len) = (MaybeUninit::uninit(), len as ffi::MPI_Aint);
        // SAFETY: the caller's promise; MPI writes the handle.
        let raw = unsafe {
            ffi::MPI_Win_create(memory.cast(), len, 1, ffi::RSMPI_INFO_NULL, world.comm(), raw.as_mut_ptr());
            raw.assume_init()
        };
        Self { raw, world: PhantomData }
    }

    /// MPI_Put of what is at `data` to `offset` bytes behind the start of the target's memory.
    ///
    /// # Safety
    /// An access epoch to the target is open; the elements are there and fit into its memory; nobody writes them before the
    /// operation is complete.
    #[inline(always)]
    pub unsafe fn put(&self, data: *const u8, part: Part<'_>, target: i32, offset: usize) {
        let (kind, to) = (part.datatype.raw(), offset as ffi::MPI_Aint);
        // SAFETY: the caller's promise.
        unsafe { ffi::MPI_Put(data.cast(), part.count, kind, target, to, part.count, kind, self.raw) };
    }

    /// MPI_Get to `data` of what is `offset` bytes behind the start of the target's memory.
    ///
    /// # Safety
    /// As for [`Exposure::put`], and nobody reads `data` before the operation is complete.
    #[inline(always)]
    pub unsafe fn get(&self, data: *mut u8, part: Part<'_>, target: i32, offset: usize) {
        let (kind, from) = (part.datatype.raw(), offset as ffi::MPI_Aint);
        // SAFETY: the caller's promise.
        unsafe { ffi::MPI_Get(data.cast(), part.count, kind, target, from, part.count, kind, self.raw) };
    }

    /// MPI_Accumulate with MPI_SUM.
    ///
    /// # Safety
    /// As for [`Exposure::put`].
    #[inline(always)]
    pub unsafe fn accumulate(&self, data: *const u8, part: Part<'_>, target: i32, offset: usize) {
        let (kind, count, to) = (part.datatype.raw(), part.count, offset as ffi::MPI_Aint);
        // SAFETY: the caller's promise; the operation is a constant of rsmpi's C part.
        unsafe { ffi::MPI_Accumulate(data.cast(), count, kind, target, to, count, kind, ffi::RSMPI_SUM, self.raw) };
    }

    /// MPI_Get_accumulate with MPI_SUM; what was there before goes to `result`.
    ///
    /// # Safety
    /// As for [`Exposure::put`] and, of `result`, [`Exposure::get`].
    #[inline(always)]
    pub unsafe fn get_accumulate(&self, data: *const u8, result: *mut u8, part: Part<'_>, target: i32, offset: usize) {
        let (kind, count, to) = (part.datatype.raw(), part.count, offset as ffi::MPI_Aint);
        let (data, result) = (data.cast(), result.cast());
        // SAFETY: the caller's promise; the operation is a constant of rsmpi's C part.
        unsafe {
            let sum = ffi::RSMPI_SUM;
            ffi::MPI_Get_accumulate(data, count, kind, result, count, kind, target, to, count, kind, sum, self.raw);
        }
    }

    /// MPI_Fetch_and_op with MPI_SUM of one element; what was there before goes to `result`.
    ///
    /// # Safety
    /// As for [`Exposure::get_accumulate`].
    #[inline(always)]
    pub unsafe fn fetch_and_add(&self, data: *const u8, result: *mut u8, part: Part<'_>, target: i32, offset: usize) {
        let (kind, to) = (part.datatype.raw(), offset as ffi::MPI_Aint);
        // SAFETY: the caller's promise; the operation is a constant of rsmpi's C part.
        unsafe { ffi::MPI_Fetch_and_op(data.cast(), result.cast(), kind, target, to, ffi::RSMPI_SUM, self.raw) };
    }

    /// MPI_Compare_and_swap: the element at `data` replaces one that equals that at `compare`; what was there before goes to
    /// `result`.
    ///
    /// # Safety
    /// As for [`Exposure::get_accumulate`]; the datatype is an integer's.
    #[inline(always)]
    pub unsafe fn compare_and_swap(
        &self,
        data: *const u8,
        compare: *const u8,
        result: *mut u8,
        part: Part<'_>,
        target: i32,
        offset: usize,
    ) {
        let (data, compare, result) = (data.cast(), compare.cast(), result.cast());
        let (kind, to) = (part.datatype.raw(), offset as ffi::MPI_Aint);
        // SAFETY: the caller's promise.
        unsafe { ffi::MPI_Compare_and_swap(data, compare, result, kind, target, to, self.raw) };
    }

    /// MPI_Win_lock of the target, shared with other origins.
    pub fn lock(&self, target: i32) {
        // SAFETY: a valid window and rank.
        unsafe { ffi::MPI_Win_lock(ffi::MPI_LOCK_SHARED as i32, target, 0, self.raw) };
    }

    /// MPI_Win_lock_all
    pub fn lock_all(&self) {
        // SAFETY: a valid window.
        unsafe { ffi::MPI_Win_lock_all(0, self.raw) };
    }

    /// MPI_Win_fence
    #[inline(always)]
    pub fn fence(&self) {
        // SAFETY: a valid window.
        unsafe { ffi::MPI_Win_fence(0, self.raw) };
    }
}

/// Methods that are a call with a target, or without arguments.
macro_rules! calls {
    ($($name:ident $call:ident ($($target:ident)?);)*) => {
        impl Exposure<'_> {
            $(
                #[doc = stringify!($call)]
                #[inline(always)]
                pub fn $name(&self $(, $target: i32)?) {
                    // SAFETY: a valid window, and a rank of it.
                    unsafe { ffi::$call($($target,)? self.raw) };
                }
            )*
        }
    };
}

calls! {
    unlock MPI_Win_unlock (target);
    unlock_all MPI_Win_unlock_all ();
    flush MPI_Win_flush (target);
    flush_all MPI_Win_flush_all ();
    flush_local MPI_Win_flush_local (target);
    flush_local_all MPI_Win_flush_local_all ();
}

impl Drop for Exposure<'_> {
    fn drop(&mut self) {
        // SAFETY: made in `new`, freed only here, while the World that it borrows keeps MPI initialised.
        unsafe { ffi::MPI_Win_free(&raw mut self.raw) };
    }
}
