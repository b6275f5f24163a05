//! Windows and their epochs (MPI-4.0 sections 12.2 and 12.5). What no epoch allows, and wrong arguments, are told by the MPI
//! library: it gets the call for the window of this process that stands behind (see [`crate::window`]).

use super::mpi;
use super::one_sided::settle;
use crate::abi::*;
use crate::library;
use crate::window::{self, Segment};
use core::ffi::{c_int, c_void};

/// What the library answers is its own; what happens to its windows happens later.
fn passing_on(answer: Option<c_int>) -> Option<c_int> {
    if answer.is_none() {
        library::note_work();
    }
    answer
}

/// Constructors, in both types of displacement units.
macro_rules! constructors {
    ($unit:ty; $create:ident $allocate:ident $shared:ident $query:ident) => { mpi! {
        /// MPI-4.0 section 12.2.1.
        fn $create(base: *mut c_void, bytes: Count, unit: $unit, info: Info, comm: Comm, win: *mut Win) {
            let segment = Segment { function: "MPI_Win_create", bytes, unit: Count::from(unit), info, comm };
            // SAFETY: the program's arguments, here and below.
            passing_on(unsafe { window::create(base, &segment, win) })
        }
        /// MPI-4.0 section 12.2.2.
        fn $allocate(bytes: Count, unit: $unit, info: Info, comm: Comm, base: *mut *mut c_void, win: *mut Win) {
            let segment = Segment { function: "MPI_Win_allocate", bytes, unit: Count::from(unit), info, comm };
            // SAFETY: see the first.
            passing_on(unsafe { window::allocate(&segment, base, win) })
        }
        /// MPI-4.0 section 12.2.3.
        fn $shared(bytes: Count, unit: $unit, info: Info, comm: Comm, base: *mut *mut c_void, win: *mut Win) {
            let segment = Segment { function: "MPI_Win_allocate_shared", bytes, unit: Count::from(unit), info, comm };
            // SAFETY: see the first.
            passing_on(unsafe { window::allocate_shared(&segment, base, win) })
        }
        /// MPI-4.0 section 12.2.3.
        fn $query(win: Win, rank: c_int, bytes: *mut Count, unit: *mut $unit, base: *mut *mut c_void) {
            let given = !bytes.is_null() && !unit.is_null() && !base.is_null();
            window::shared_query(win, rank, given).map(|answer| {
                answer.map_or_else(|code| code, |found| {
                    // SAFETY: the program's places for the results.
                    unsafe { (*bytes, *unit, *base) = (found.0 as Count, found.1 as $unit, found.2.cast()) };
                    SUCCESS
                })
            })
        }
    }};
}
constructors! { c_int; Win_create Win_allocate Win_allocate_shared Win_shared_query }
constructors! { Count; Win_create_c Win_allocate_c Win_allocate_shared_c Win_shared_query_c }

mpi! {
    /// MPI-4.0 section 12.2.4.
    fn Win_create_dynamic(info: Info, comm: Comm, win: *mut Win) {
        let segment = Segment { function: "MPI_Win_create_dynamic", bytes: 0, unit: 1, info, comm };
        // SAFETY: the program's arguments.
        passing_on(unsafe { window::create_dynamic(&segment, win) })
    }
    /// MPI-4.0 section 12.2.5.
    fn Win_free(win: *mut Win) {
        // SAFETY: the program's handle.
        unsafe { window::free(win) }
    }
    /// MPI-4.0 section 12.2.6.
    fn Win_get_attr(win: Win, keyval: c_int, value: *mut c_void, flag: *mut c_int) {
        window::attribute(win, keyval, value, flag)
    }
    /// MPI-4.0 section 12.2.6.
    fn Win_get_group(win: Win, group: *mut Group) {
        window::group(win, group)
    }
    /// MPI-4.0 section 12.5.1.
    fn Win_fence(assert: c_int, win: Win) {
        window::fence(assert, win)
    }
    /// MPI-4.0 section 12.5.2.
    fn Win_start(group: Group, assert: c_int, win: Win) {
        window::start(group, assert, win)
    }
    /// MPI-4.0 section 12.5.2.
    fn Win_complete(win: Win) {
        window::complete(win)
    }
    /// MPI-4.0 section 12.5.2.
    fn Win_post(group: Group, assert: c_int, win: Win) {
        window::post(group, assert, win)
    }
    /// MPI-4.0 section 12.5.2.
    fn Win_wait(win: Win) {
        window::wait(win)
    }
    /// MPI-4.0 section 12.5.2.
    fn Win_test(win: Win, flag: *mut c_int) {
        let over = if flag.is_null() { None } else { window::test(win) };
        over.map(|over| {
            // SAFETY: the program's place for the result.
            unsafe { *flag = c_int::from(over) };
            SUCCESS
        })
    }
    /// MPI-4.0 section 12.5.3.
    fn Win_lock(kind: c_int, target: c_int, assert: c_int, win: Win) {
        settle(window::lock(kind, target, assert, win), |target| {
            // SAFETY: the program's arguments, here and below.
            unsafe { real(kind, target, assert, win) }
        })
    }
    /// MPI-4.0 section 12.5.3.
    fn Win_lock_all(assert: c_int, win: Win) {
        window::lock_all(assert, win)
    }
    /// MPI-4.0 section 12.5.3.
    fn Win_unlock(target: c_int, win: Win) {
        window::unlock(target, win)
    }
    /// MPI-4.0 section 12.5.3.
    fn Win_unlock_all(win: Win) {
        window::unlock_all(win)
    }
    /// MPI-4.0 section 12.5.4.
    fn Win_flush(target: c_int, win: Win) {
        settle(window::flush(target, win), |target| {
            // SAFETY: see MPI_Win_lock.
            unsafe { real(target, win) }
        })
    }
    /// MPI-4.0 section 12.5.4.
    fn Win_flush_all(win: Win) {
        window::flush_all(win)
    }
    /// MPI-4.0 section 12.5.4.
    fn Win_flush_local(target: c_int, win: Win) {
        settle(window::flush_local(target, win), |target| {
            // SAFETY: see MPI_Win_lock.
            unsafe { real(target, win) }
        })
    }
    /// MPI-4.0 section 12.5.4.
    fn Win_flush_local_all(win: Win) {
        window::flush_local_all(win)
    }
    /// MPI-4.0 section 12.5.4.
    fn Win_sync(win: Win) {
        window::sync(win)
    }
}

/// What the Fortran library of the MPICH family calls for MPI_Win_get_attr; `kind` says what an attribute of the program's own
/// is.
///
/// # Safety
/// As for MPI_Win_get_attr.
#[allow(non_snake_case)]
#[unsafe(export_name = "MPII_Win_get_attr")]
pub unsafe extern "C" fn MPII_Win_get_attr(win: Win, keyval: c_int, value: *mut c_void, flag: *mut c_int, kind: c_int) -> c_int {
    use crate::real::Function;
    static FUNCTION: Function = Function::new(c"MPII_Win_get_attr");
    type Signature = unsafe extern "C" fn(Win, c_int, *mut c_void, *mut c_int, c_int) -> c_int;
    window::fortran_attribute(win, keyval, value, flag).unwrap_or_else(|| {
        // SAFETY: the library's function has this signature.
        unsafe { core::mem::transmute::<*mut c_void, Signature>(FUNCTION.real())(win, keyval, value, flag, kind) }
    })
}
