//! Datatypes of the MPI library as layouts: taken apart once through MPI_Type_get_contents, then kept by handle.

use crate::abi::{self, Comm, Count, Datatype};
use crate::layout::Layout;
use crate::real;
use core::ffi::c_int;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

// Combiners of MPICH's mpi.h.
const NAMED: c_int = 1;
const DUP: c_int = 2;
const CONTIGUOUS: c_int = 3;
const VECTOR: c_int = 4;
const HVECTOR_INTEGER: c_int = 5;
const HVECTOR: c_int = 6;
const INDEXED: c_int = 7;
const HINDEXED_INTEGER: c_int = 8;
const HINDEXED: c_int = 9;
const INDEXED_BLOCK: c_int = 10;
const STRUCT_INTEGER: c_int = 11;
const STRUCT: c_int = 12;
const SUBARRAY: c_int = 13;
const DARRAY: c_int = 14;
const F90_REAL: c_int = 15;
const F90_INTEGER: c_int = 17;
const RESIZED: c_int = 18;
const HINDEXED_BLOCK: c_int = 19;

static KNOWN: LazyLock<Mutex<HashMap<Datatype, Arc<Layout>>>> = LazyLock::new(Mutex::default);

/// The layout of a derived datatype; None if it is not fit for communication, which the MPI library will say.
pub fn layout(datatype: Datatype) -> Option<Arc<Layout>> {
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(layout) = known().get(&datatype) {
        return Some(layout.clone());
    }
    if !is_committed(datatype) {
        return None;
    }
    let layout = Arc::new(take_apart(datatype)?);
    known().insert(datatype, layout.clone());
    Some(layout)
}

/// After MPI_Type_free: the handle may come back for another type.
pub fn forget(datatype: Datatype) {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).remove(&datatype);
}

/// A communicator of this process alone that returns errors, to ask the MPI library about arguments. There is none in a
/// program of sessions, which have nothing to make one from.
static JUDGE: OnceLock<Comm> = OnceLock::new();

/// After MPI_Init: at once, so that it does not take the handle of a communicator that the program frees.
pub fn appoint() {
    let mut judge = abi::COMM_NULL;
    // SAFETY: the result goes to a local.
    unsafe {
        if real::Comm_dup(abi::COMM_SELF, &mut judge) == abi::SUCCESS {
            real::Comm_set_errhandler(judge, abi::ERRORS_RETURN);
            let _ = JUDGE.set(judge);
        }
    }
}

/// Before MPI_Finalize.
pub fn dismiss() {
    if let Some(mut judge) = JUDGE.get().copied() {
        // SAFETY: our own communicator, which nobody uses any more.
        unsafe { real::Comm_free(&mut judge) };
    }
}

/// Nothing in MPI's interface tells whether a type was committed; but a send to nobody fails if it was not.
fn is_committed(datatype: Datatype) -> bool {
    // SAFETY: nothing is read from there, since nothing is sent.
    JUDGE.get().is_none_or(|&judge| unsafe { real::Send(core::ptr::dangling(), 1, datatype, abi::PROC_NULL, 0, judge) } == abi::SUCCESS)
}

fn take_apart(datatype: Datatype) -> Option<Layout> {
    if let Some(size) = abi::builtin_size(datatype) {
        return Some(Layout::contiguous(size));
    }
    if datatype == abi::DATATYPE_NULL {
        return None;
    }
    let (mut lb, mut extent, mut size) = (0, 0, 0);
    // SAFETY: results go to locals.
    unsafe {
        real::Type_get_extent_x(datatype, &mut lb, &mut extent);
        real::Type_size_x(datatype, &mut size);
    }
    let layout = match pair_type(datatype) {
        Some(layout) => layout,
        None => Contents::of(datatype)?.layout(size as usize)?,
    };
    debug_assert_eq!(layout.size(), size as usize, "datatype {datatype:#x}");
    Some(layout.with_extent(extent as isize))
}

/// The value-and-index types of MPI_MINLOC, predefined but with handles of derived types.
fn pair_type(datatype: Datatype) -> Option<Layout> {
    let index_at = match datatype as u32 {
        0x8c00_0000 => (4, 4),  // MPI_FLOAT_INT
        0x8c00_0001 => (8, 8),  // MPI_DOUBLE_INT
        0x8c00_0002 => (8, 8),  // MPI_LONG_INT
        0x8c00_0003 => (2, 4),  // MPI_SHORT_INT
        0x8c00_0004 => (16, 16), // MPI_LONG_DOUBLE_INT
        _ => return None,
    };
    let mut layout = Layout::empty();
    layout.append_block(0, index_at.0);
    layout.append_block(index_at.1, 4);
    Some(layout)
}

/// What MPI_Type_get_contents tells of a type; counts come as integers or, from the large-count constructors, as counts.
#[derive(Debug)]
struct Contents {
    combiner: c_int,
    integers: Vec<c_int>,
    addresses: Vec<Count>,
    large: Vec<Count>,
    types: Vec<Arc<Layout>>,
}

impl Contents {
    fn of(datatype: Datatype) -> Option<Contents> {
        let (mut ni, mut na, mut nl, mut nt, mut combiner) = (0, 0, 0, 0, 0);
        // SAFETY: results go to locals.
        let rc = unsafe { real::Type_get_envelope_c(datatype, &mut ni, &mut na, &mut nl, &mut nt, &mut combiner) };
        if rc != abi::SUCCESS || combiner == NAMED {
            return None;
        }
        let (mut integers, mut addresses) = (vec![0; ni as usize], vec![0; na as usize]);
        let (mut large, mut handles) = (vec![0; nl as usize], vec![0; nt as usize]);
        // SAFETY: the arrays have the lengths just asked for.
        let rc = unsafe {
            let (i, a, l, t) = (integers.as_mut_ptr(), addresses.as_mut_ptr(), large.as_mut_ptr(), handles.as_mut_ptr());
            real::Type_get_contents_c(datatype, ni, na, nl, nt, i, a, l, t)
        };
        if rc != abi::SUCCESS {
            return None;
        }
        let types = handles.iter().map(|&child| take_apart(child).map(Arc::new)).collect::<Option<_>>();
        // The handles of derived types are new references (MPI-4.0 section 5.1.13).
        for child in handles.iter_mut().filter(|child| abi::builtin_size(**child).is_none() && pair_type(**child).is_none()) {
            // SAFETY: our own reference.
            unsafe { crate::exports::Type_free::real(child) };
        }
        Some(Contents { combiner, integers, addresses, large, types: types? })
    }

    /// All integers that are counts, lengths or displacements in elements, whichever constructor was used.
    fn counts(&self) -> Vec<isize> {
        if self.large.is_empty() {
            self.integers.iter().map(|&i| i as isize).collect()
        } else {
            self.large.iter().map(|&i| i as isize).collect()
        }
    }

    /// Displacements in bytes: addresses, or the tail of the large counts.
    fn displacements(&self, count: usize) -> Vec<isize> {
        let all = if self.large.is_empty() { &self.addresses } else { &self.large };
        all[all.len() - count..].iter().map(|&a| a as isize).collect()
    }

    /// The layout without its extent; `size` is MPI_Type_size.
    fn layout(&self, size: usize) -> Option<Layout> {
        let child = self.types.first().cloned();
        let counts = self.counts();
        let mut layout = Layout::empty();
        match self.combiner {
            DUP | RESIZED => return Some(child?.as_ref().clone()),
            F90_REAL..=F90_INTEGER => return Some(Layout::contiguous(size)),
            CONTIGUOUS => layout.append(&*child?, 0, counts[0] as usize),
            VECTOR | HVECTOR | HVECTOR_INTEGER => {
                let child = child?;
                let stride = match self.combiner {
                    VECTOR => counts[2] * child.extent(),
                    _ => self.displacements(1)[0],
                };
                (0..counts[0]).for_each(|i| layout.append(&child, i * stride, counts[1] as usize));
            }
            INDEXED => {
                let (child, n) = (child?, counts[0] as usize);
                (0..n).for_each(|i| layout.append(&child, counts[1 + n + i] * child.extent(), counts[1 + i] as usize));
            }
            HINDEXED | HINDEXED_INTEGER => {
                let (child, n) = (child?, counts[0] as usize);
                let displacements = self.displacements(n);
                (0..n).for_each(|i| layout.append(&child, displacements[i], counts[1 + i] as usize));
            }
            INDEXED_BLOCK => {
                let (child, n) = (child?, counts[0] as usize);
                (0..n).for_each(|i| layout.append(&child, counts[2 + i] * child.extent(), counts[1] as usize));
            }
            HINDEXED_BLOCK => {
                let (child, n) = (child?, counts[0] as usize);
                let displacements = self.displacements(n);
                (0..n).for_each(|i| layout.append(&child, displacements[i], counts[1] as usize));
            }
            STRUCT | STRUCT_INTEGER => {
                let displacements = self.displacements(self.types.len());
                let blocks = self.types.iter().zip(displacements).zip(&counts[1..]);
                blocks.for_each(|((child, at), &count)| layout.append(child, at, count as usize));
            }
            SUBARRAY => return Some(crate::arrays::subarray(&*child?, &self.integers, &counts)),
            DARRAY => return Some(crate::arrays::darray(&*child?, &self.integers, &counts)),
            _ => return None,
        }
        Some(layout)
    }
}
