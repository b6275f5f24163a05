//! What MPI_Type_get_contents tells of datatypes, and the layouts that follow from it.

use crate::abi::{self, Count, Datatype};
use crate::layout::Layout;
use crate::real;
use core::ffi::c_int;

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
const F90_COMPLEX: c_int = 16;
const F90_INTEGER: c_int = 17;
const RESIZED: c_int = 18;
const HINDEXED_BLOCK: c_int = 19;

/// How the types of value and index are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairs {
    /// As messages carry them: without the gap that some have.
    Split,
    /// As blocks in memory.
    Whole,
}

/// The layout of a datatype.
pub fn take_apart(datatype: Datatype, pairs: Pairs) -> Option<Layout> {
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
    let layout = match pair_type(datatype, pairs) {
        Some(layout) => layout,
        None => Contents::of(datatype)?.layout(size as usize, pairs)?,
    };
    debug_assert!(layout.size() == size as usize || pairs == Pairs::Whole, "datatype {datatype:#x}");
    Some(layout.with_extent(extent as isize))
}
/// The value-and-index types of MPI_MINLOC, predefined but with handles of derived types.
fn pair_type(datatype: Datatype, pairs: Pairs) -> Option<Layout> {
    let (value, index_at) = match datatype as u32 {
        0x8c00_0000 => (4, 4),  // MPI_FLOAT_INT
        0x8c00_0001 => (8, 8),  // MPI_DOUBLE_INT
        0x8c00_0002 => (8, 8),  // MPI_LONG_INT
        0x8c00_0003 => (2, 4),  // MPI_SHORT_INT
        0x8c00_0004 => (16, 16), // MPI_LONG_DOUBLE_INT
        _ => return None,
    };
    let mut layout = Layout::empty();
    match pairs {
        Pairs::Split => {
            layout.append_block(0, value);
            layout.append_block(index_at, 4);
        }
        Pairs::Whole => layout.append_block(0, index_at as usize + 4),
    }
    Some(layout)
}

fn is_predefined(datatype: Datatype) -> bool {
    abi::builtin_size(datatype).is_some() || pair_type(datatype, Pairs::Split).is_some()
}

/// The only predefined type in a datatype; for one without data MPI_BYTE.
pub fn leaf(datatype: Datatype) -> Option<Datatype> {
    if is_predefined(datatype) {
        return Some(datatype);
    }
    let contents = Contents::of(datatype)?;
    if (F90_REAL..=F90_INTEGER).contains(&contents.combiner) {
        return f90_leaf(datatype, contents.combiner);
    }
    let mut found = None;
    for &child in &contents.types.0 {
        let leaf = leaf(child)?;
        if *found.get_or_insert(leaf) != leaf {
            return None;
        }
    }
    Some(found.unwrap_or(abi::BYTE))
}

/// The sized type like which MPI_Type_create_f90_real and the like have made one.
fn f90_leaf(datatype: Datatype, combiner: c_int) -> Option<Datatype> {
    let mut size = 0;
    // SAFETY: the result goes to a local.
    unsafe { real::Type_size_x(datatype, &mut size) };
    Some(match (combiner, size) {
        (F90_REAL, 4) => 0x4c00_0427,
        (F90_REAL, 8) => 0x4c00_0829,
        (F90_REAL, 16) => 0x4c00_102b,
        (F90_COMPLEX, 8) => 0x4c00_0828,
        (F90_COMPLEX, 16) => 0x4c00_102a,
        (F90_COMPLEX, 32) => 0x4c00_202c,
        (F90_INTEGER, 1) => 0x4c00_012d,
        (F90_INTEGER, 2) => 0x4c00_022f,
        (F90_INTEGER, 4) => 0x4c00_0430,
        (F90_INTEGER, 8) => 0x4c00_0831,
        _ => return None,
    })
}

/// What MPI_Type_get_contents tells of a type; counts come as integers or, from the large-count constructors, as counts.
#[derive(Debug)]
struct Contents {
    combiner: c_int,
    integers: Vec<c_int>,
    addresses: Vec<Count>,
    large: Vec<Count>,
    types: Types,
}

/// Handles of a type's components. Those of derived types are new references (MPI-4.0 section 5.1.13).
#[derive(Debug)]
struct Types(Vec<Datatype>);

impl Drop for Types {
    fn drop(&mut self) {
        for child in self.0.iter_mut().filter(|child| !is_predefined(**child)) {
            // SAFETY: our own reference.
            unsafe { crate::exports::Type_free::real(child) };
        }
    }
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
        let types = Types(handles);
        (rc == abi::SUCCESS).then_some(Contents { combiner, integers, addresses, large, types })
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
    fn layout(&self, size: usize, pairs: Pairs) -> Option<Layout> {
        let children = self.types.0.iter().map(|&child| take_apart(child, pairs)).collect::<Option<Vec<Layout>>>()?;
        let child = children.first();
        let counts = self.counts();
        let mut layout = Layout::empty();
        match self.combiner {
            DUP | RESIZED => return child.cloned(),
            F90_REAL..=F90_INTEGER => return Some(Layout::contiguous(size)),
            CONTIGUOUS => layout.append(child?, 0, counts[0] as usize),
            VECTOR | HVECTOR | HVECTOR_INTEGER => {
                let child = child?;
                let stride = match self.combiner {
                    VECTOR => counts[2] * child.extent(),
                    _ => self.displacements(1)[0],
                };
                (0..counts[0]).for_each(|i| layout.append(child, i * stride, counts[1] as usize));
            }
            INDEXED => {
                let (child, n) = (child?, counts[0] as usize);
                (0..n).for_each(|i| layout.append(child, counts[1 + n + i] * child.extent(), counts[1 + i] as usize));
            }
            HINDEXED | HINDEXED_INTEGER => {
                let (child, n) = (child?, counts[0] as usize);
                let displacements = self.displacements(n);
                (0..n).for_each(|i| layout.append(child, displacements[i], counts[1 + i] as usize));
            }
            INDEXED_BLOCK => {
                let (child, n) = (child?, counts[0] as usize);
                (0..n).for_each(|i| layout.append(child, counts[2 + i] * child.extent(), counts[1] as usize));
            }
            HINDEXED_BLOCK => {
                let (child, n) = (child?, counts[0] as usize);
                let displacements = self.displacements(n);
                (0..n).for_each(|i| layout.append(child, displacements[i], counts[1] as usize));
            }
            STRUCT | STRUCT_INTEGER => {
                let displacements = self.displacements(children.len());
                let blocks = children.iter().zip(displacements).zip(&counts[1..]);
                blocks.for_each(|((child, at), &count)| layout.append(child, at, count as usize));
            }
            SUBARRAY => return Some(crate::arrays::subarray(child?, &self.integers, &counts)),
            DARRAY => return Some(crate::arrays::darray(child?, &self.integers, &counts)),
            _ => return None,
        }
        Some(layout)
    }
}
