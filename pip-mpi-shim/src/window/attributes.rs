//! What a program asks about a window: predefined attributes (MPI-4.0 section 12.2.6), its group, its segments.

use super::failure::Failure;
use super::{DONE, Flavor, Part, Window, window};
use crate::abi::{self, Count, Group, Win};
use crate::real;
use core::ffi::{c_int, c_void};

/// Values of attributes, whose addresses the program gets.
#[derive(Debug)]
pub struct Values {
    size: Count,
    unit: c_int,
    flavor: c_int,
    model: c_int,
}

const UNIFIED: c_int = 2;

impl Values {
    /// Of a window in which this rank has `bytes` bytes in units of `unit`.
    pub fn new(bytes: usize, unit: i64, flavor: Flavor) -> Values {
        Values { size: bytes as Count, unit: unit as c_int, flavor: flavor as c_int, model: UNIFIED }
    }
}

impl Window {
    fn base(&self) -> *mut u8 {
        self.parts[self.rank as usize].base
    }
}

/// MPI_Win_get_attr of a predefined attribute; None leaves the call to the library.
pub fn attribute(win: Win, keyval: c_int, value: *mut c_void, flag: *mut c_int) -> Option<c_int> {
    let window = window(win).filter(|_| !value.is_null() && !flag.is_null())?;
    let Values { size, unit, flavor, model } = &window.attributes;
    let found: *const c_void = match keyval {
        abi::WIN_BASE => window.base().cast(),
        abi::WIN_SIZE => core::ptr::from_ref(size).cast(),
        abi::WIN_DISP_UNIT => core::ptr::from_ref(unit).cast(),
        abi::WIN_CREATE_FLAVOR => core::ptr::from_ref(flavor).cast(),
        abi::WIN_MODEL => core::ptr::from_ref(model).cast(),
        _ => return None,
    };
    // SAFETY: the program's places for the results.
    unsafe {
        value.cast::<*const c_void>().write(found);
        flag.write(1);
    }
    DONE
}

/// The same for Fortran, whose keys are larger by one and whose values are integers of the size of an address.
pub fn fortran_attribute(win: Win, keyval: c_int, value: *mut c_void, flag: *mut c_int) -> Option<c_int> {
    let window = window(win).filter(|_| !value.is_null() && !flag.is_null())?;
    let Values { size, unit, flavor, model } = window.attributes;
    let found = match keyval - 1 {
        abi::WIN_BASE => window.base() as Count,
        abi::WIN_SIZE => size,
        abi::WIN_DISP_UNIT => Count::from(unit),
        abi::WIN_CREATE_FLAVOR => Count::from(flavor),
        abi::WIN_MODEL => Count::from(model),
        _ => return None,
    };
    // SAFETY: as above.
    unsafe {
        value.cast::<Count>().write(found);
        flag.write(1);
    }
    DONE
}

/// MPI_Win_get_group; None leaves the call to the library.
pub fn group(win: Win, group: *mut Group) -> Option<c_int> {
    let window = window(win).filter(|_| !group.is_null())?;
    // SAFETY: a group of this window; the new reference is the program's.
    Some(unsafe { real::Group_excl(window.group, 0, core::ptr::null(), group) })
}

/// Size in bytes, displacement unit and address.
type Query = (usize, i64, *mut u8);

/// What MPI_Win_shared_query tells of a rank's part; for MPI_PROC_NULL of the first rank that has memory (MPI-4.0 section 12.2.3);
/// an error code if there is no such rank, or the places for the results are not `given`. As from MPI-4.1 on the window need not
/// be one of MPI_Win_allocate_shared: all memory of this address space is shared. Of a rank in another one it tells size 0 and null.
/// None leaves the call to the library.
pub fn shared_query(win: Win, rank: c_int, given: bool) -> Option<Result<Query, c_int>> {
    let window = window(win).filter(|window| window.flavor != Flavor::Dynamic)?;
    let part = match rank {
        abi::PROC_NULL => {
            let has_memory = |&(rank, part): &(u32, &Part)| part.bytes > 0 && window.away(rank).is_none();
            (0..).zip(&window.parts).find(has_memory).or(window.parts.first().map(|part| (0, part)))
        }
        rank => usize::try_from(rank).ok().and_then(|at| Some((rank as u32, window.parts.get(at)?))),
    };
    let query = match part {
        Some((rank, part)) if given && window.away(rank).is_some() => Ok((0, part.unit, core::ptr::null_mut())),
        Some((_, part)) if given => Ok((part.bytes, part.unit, part.base)),
        Some(_) => Err(Failure::Null),
        None => Err(Failure::Rank(rank)),
    };
    Some(query.map_err(|failure| failure.raise("MPI_Win_shared_query", window)))
}
