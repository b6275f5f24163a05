//! Views as MPICH understands them: an address, a count and a datatype made for the purpose. The program's own datatype may have
//! been freed since the operation began, and a view does not name it.

use crate::abi::{self, Count, Datatype};
use crate::layout::{Run, Shape, View};
use crate::real;
use core::ffi::c_void;

/// Views with more runs per element than this are copied into a row first: to describe them takes longer.
const MOST_RUNS: usize = 512;

/// A view as arguments of an MPICH call.
#[derive(Debug)]
pub struct Described {
    pub base: *mut c_void,
    pub count: Count,
    pub datatype: Datatype,
}

impl Described {
    /// Whether it is regular enough.
    pub fn is_possible(view: &View) -> bool {
        !matches!(view.shape(), Shape::Elements { runs, .. } if runs.len() > MOST_RUNS)
    }

    /// None if it is too irregular.
    pub fn of(view: &View) -> Option<Described> {
        let described =
            |base: *mut u8, count: usize, datatype| Described { base: base.cast(), count: count as Count, datatype };
        match view.shape() {
            _ if view.len() == 0 => Some(described(core::ptr::dangling_mut(), 0, abi::BYTE)),
            Shape::Row(base) => Some(described(base, view.len(), abi::BYTE)),
            Shape::Blocks { base, len, stride, count } => Some(described(base, 1, blocks(len, stride, count)?)),
            Shape::Elements { runs, .. } if runs.len() > MOST_RUNS => None,
            Shape::Elements { base, runs, stride, count } => Some(described(base, count, elements(runs, stride)?)),
        }
    }
}

impl Drop for Described {
    fn drop(&mut self) {
        if self.datatype != abi::BYTE {
            // SAFETY: made here; calls that still use it hold it.
            unsafe { real::Type_free(&mut self.datatype) };
        }
    }
}

/// A committed type that `make` fills in.
fn made(make: impl FnOnce(&mut Datatype) -> i32) -> Option<Datatype> {
    let mut datatype = abi::DATATYPE_NULL;
    (make(&mut datatype) == abi::SUCCESS).then_some(datatype)
}

fn blocks(len: usize, stride: isize, count: usize) -> Option<Datatype> {
    let mut datatype = hvector(len, stride, count)?;
    // SAFETY: made above.
    (unsafe { real::Type_commit(&mut datatype) } == abi::SUCCESS).then_some(datatype)
}

fn hvector(len: usize, stride: isize, count: usize) -> Option<Datatype> {
    // SAFETY: the result goes to a local.
    made(|datatype| unsafe {
        real::Type_create_hvector_c(count as Count, len as Count, stride as Count, abi::BYTE, datatype)
    })
}

fn elements(runs: &[Run], stride: isize) -> Option<Datatype> {
    let mut parts: Vec<Datatype> =
        runs.iter().map(|run| hvector(run.len, run.stride, run.count)).collect::<Option<_>>()?;
    let ones = vec![1 as Count; parts.len()];
    let offsets: Vec<Count> = runs.iter().map(|run| run.offset as Count).collect();
    // SAFETY: arrays of the length said; results go to locals; types made here are given back.
    unsafe {
        let count = parts.len() as Count;
        let mut element = made(|datatype| {
            real::Type_create_struct_c(count, ones.as_ptr(), offsets.as_ptr(), parts.as_ptr(), datatype)
        })?;
        parts.iter_mut().for_each(|part| _ = real::Type_free(part));
        let mut resized = made(|datatype| real::Type_create_resized_c(element, 0, stride as Count, datatype))?;
        real::Type_free(&mut element);
        (real::Type_commit(&mut resized) == abi::SUCCESS).then_some(resized)
    }
}
