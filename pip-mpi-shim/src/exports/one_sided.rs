//! One-sided operations (MPI-4.0 section 12.3), each also with MPI_Count and with a request.

use super::mpi;
use crate::abi::*;
use crate::window::{self, Answer, Transfer, Update};
use crate::library;
use core::ffi::{c_int, c_void};

/// What the program gets: the answer, or what the library says, called with the rank that stands for the target.
pub(super) fn settle(answer: Answer, by_library: impl FnOnce(c_int) -> c_int) -> Option<c_int> {
    match answer {
        Answer::Done(code) => Some(code),
        Answer::Begun(_) => Some(SUCCESS),
        Answer::Foreign => {
            library::note_work();
            None
        }
        Answer::Refused { target } => Some(by_library(target)),
    }
}

/// The same with a request, which is complete at once unless the target is in another address space.
fn settle_request(answer: Answer, request: *mut Request, by_library: impl FnOnce(c_int) -> c_int) -> Option<c_int> {
    let made = match answer {
        Answer::Done(SUCCESS) => Some(REQUEST_COMPLETE_SEND),
        Answer::Begun(made) => Some(made),
        _ => None,
    };
    if let Some(made) = made {
        // SAFETY: the program's place for the handle, looked at before.
        unsafe { *request = made };
    }
    settle(answer, by_library)
}

/// The arguments of one operation, with either type of count.
macro_rules! transfer {
    ($name:literal, $requested:literal; $origin:ident, $ocount:ident, $otype:ident, $target:ident, $disp:ident, $tcount:ident, $ttype:ident, $win:ident) => {
        Transfer {
            function: $name,
            origin: $origin.cast_mut(),
            origin_count: Count::from($ocount),
            origin_type: $otype,
            target: $target,
            displacement: $disp,
            target_count: Count::from($tcount),
            target_type: $ttype,
            win: $win,
            requested: $requested,
        }
    };
}

/// Operations that move data, per count type: without request, with request.
macro_rules! moves {
    ($count:ty, $pointer:ty; $($function:path: $name:literal $plain:ident $request_form:ident;)*) => { mpi! {$(
        /// MPI-4.0 section 12.3.
        fn $plain(
            origin: $pointer, ocount: $count, otype: Datatype, target: c_int, disp: Count, tcount: $count, ttype: Datatype,
            win: Win,
        ) {
            let transfer = transfer!($name, false; origin, ocount, otype, target, disp, tcount, ttype, win);
            settle($function(&transfer), |target| {
                // SAFETY: the program's arguments.
                unsafe { real(origin, ocount, otype, target, disp, tcount, ttype, win) }
            })
        }
        /// MPI-4.0 section 12.3.5.
        fn $request_form(
            origin: $pointer, ocount: $count, otype: Datatype, target: c_int, disp: Count, tcount: $count, ttype: Datatype,
            win: Win, request: *mut Request,
        ) {
            let transfer = transfer!($name, true; origin, ocount, otype, target, disp, tcount, ttype, win);
            let answer = if request.is_null() { window::refuse(win, target) } else { $function(&transfer) };
            settle_request(answer, request, |target| {
                // SAFETY: the program's arguments.
                unsafe { real(origin, ocount, otype, target, disp, tcount, ttype, win, request) }
            })
        }
    )*}};
}

/// So that both kinds of pointers can be told to be writable; only results are written.
trait CastMut {
    fn cast_mut(self) -> *mut c_void;
}
impl CastMut for *mut c_void {
    fn cast_mut(self) -> *mut c_void {
        self
    }
}

moves! { c_int, *const c_void; window::put: "MPI_Put" Put Rput; }
moves! { Count, *const c_void; window::put: "MPI_Put" Put_c Rput_c; }
moves! { c_int, *mut c_void; window::get: "MPI_Get" Get Rget; }
moves! { Count, *mut c_void; window::get: "MPI_Get" Get_c Rget_c; }

/// Operations that compute, per count type.
macro_rules! accumulates {
    ($count:ty; $accumulate:ident $raccumulate:ident $get:ident $rget:ident) => { mpi! {
        /// MPI-4.0 section 12.3.4.
        fn $accumulate(
            origin: *const c_void, ocount: $count, otype: Datatype, target: c_int, disp: Count, tcount: $count,
            ttype: Datatype, op: Op, win: Win,
        ) {
            let transfer = transfer!("MPI_Accumulate", false; origin, ocount, otype, target, disp, tcount, ttype, win);
            settle(window::accumulate(&transfer, op), |target| {
                // SAFETY: the program's arguments, here and below.
                unsafe { real(origin, ocount, otype, target, disp, tcount, ttype, op, win) }
            })
        }
        /// MPI-4.0 section 12.3.5.
        fn $raccumulate(
            origin: *const c_void, ocount: $count, otype: Datatype, target: c_int, disp: Count, tcount: $count,
            ttype: Datatype, op: Op, win: Win, request: *mut Request,
        ) {
            let transfer = transfer!("MPI_Raccumulate", true; origin, ocount, otype, target, disp, tcount, ttype, win);
            let answer = if request.is_null() { window::refuse(win, target) } else { window::accumulate(&transfer, op) };
            settle_request(answer, request, |target| {
                // SAFETY: see the first.
                unsafe { real(origin, ocount, otype, target, disp, tcount, ttype, op, win, request) }
            })
        }
        /// MPI-4.0 section 12.3.4.
        fn $get(
            origin: *const c_void, ocount: $count, otype: Datatype, result: *mut c_void, rcount: $count, rtype: Datatype,
            target: c_int, disp: Count, tcount: $count, ttype: Datatype, op: Op, win: Win,
        ) {
            let transfer = transfer!("MPI_Get_accumulate", false; origin, ocount, otype, target, disp, tcount, ttype, win);
            settle(window::get_accumulate(&transfer, Some((result, Count::from(rcount), rtype)), op), |target| {
                // SAFETY: see the first.
                unsafe { real(origin, ocount, otype, result, rcount, rtype, target, disp, tcount, ttype, op, win) }
            })
        }
        /// MPI-4.0 section 12.3.5.
        fn $rget(
            origin: *const c_void, ocount: $count, otype: Datatype, result: *mut c_void, rcount: $count, rtype: Datatype,
            target: c_int, disp: Count, tcount: $count, ttype: Datatype, op: Op, win: Win, request: *mut Request,
        ) {
            let transfer = transfer!("MPI_Rget_accumulate", true; origin, ocount, otype, target, disp, tcount, ttype, win);
            let answer = if request.is_null() {
                window::refuse(win, target)
            } else {
                window::get_accumulate(&transfer, Some((result, Count::from(rcount), rtype)), op)
            };
            settle_request(answer, request, |target| {
                // SAFETY: see the first.
                unsafe { real(origin, ocount, otype, result, rcount, rtype, target, disp, tcount, ttype, op, win, request) }
            })
        }
    }};
}
accumulates! { c_int; Accumulate Raccumulate Get_accumulate Rget_accumulate }
accumulates! { Count; Accumulate_c Raccumulate_c Get_accumulate_c Rget_accumulate_c }

mpi! {
    /// MPI-4.0 section 12.3.4.
    fn Fetch_and_op(
        origin: *const c_void, result: *mut c_void, datatype: Datatype, target: c_int, displacement: Count, op: Op, win: Win,
    ) {
        let update = Update { function: "MPI_Fetch_and_op", origin, result, datatype, target, displacement, win };
        settle(window::fetch_and_op(&update, op), |target| {
            // SAFETY: the program's arguments.
            unsafe { real(origin, result, datatype, target, displacement, op, win) }
        })
    }
    /// MPI-4.0 section 12.3.4.
    fn Compare_and_swap(
        origin: *const c_void, compare: *const c_void, result: *mut c_void, datatype: Datatype, target: c_int,
        displacement: Count, win: Win,
    ) {
        let update = Update { function: "MPI_Compare_and_swap", origin, result, datatype, target, displacement, win };
        settle(window::compare_and_swap(&update, compare), |target| {
            // SAFETY: the program's arguments.
            unsafe { real(origin, compare, result, datatype, target, displacement, win) }
        })
    }
}
