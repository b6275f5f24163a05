//! Completion and the life of requests (MPI-4.0 sections 3.7 to 3.9). Where the shim is not active every call is the
//! MPI library's, as if this library were not there.

use super::mpi;
use crate::abi::*;
use crate::batch::Batch;
use crate::failure::Failure;
use crate::request::Handle;
use crate::{completion, engine, lifecycle};
use core::ffi::{c_int, c_void};

/// None without the shim, and where the MPI library must report a null pointer.
fn active<R>(handle: *mut Request, answer: impl FnOnce() -> Option<R>) -> Option<R> {
    if engine::is_active() && !handle.is_null() { answer() } else { None }
}

/// None also where the MPI library must report wrong arguments. `results` are pointers that must not be null.
fn on_batch<const N: usize>(
    count: c_int,
    handles: *mut Request,
    statuses: *mut Status,
    results: [*mut c_int; N],
    function: &'static str,
    f: impl FnOnce(Batch) -> c_int,
) -> Option<c_int> {
    if count < 0 || (count > 0 && handles.is_null()) {
        return None;
    }
    if !engine::is_active() {
        return None;
    }
    if (count > 0 && statuses.is_null()) || results.iter().any(|result| result.is_null()) {
        return null_pointer(function);
    }
    Some(f(Batch { count, handles, statuses, function }))
}

/// The library cannot report it: it would complain of the shim's requests first.
#[cold]
fn null_pointer(function: &str) -> Option<c_int> {
    Some(Failure::Null.raise(function, COMM_WORLD))
}

mpi! {
    /// MPI-4.0 section 3.7.3.
    fn Wait(handle: *mut Request, status: *mut Status) {
        // SAFETY: the program's arguments, here and below.
        active(handle, || if status.is_null() { null_pointer("MPI_Wait") } else { Some(unsafe { completion::wait(handle, status, "MPI_Wait") }) })
    }
    /// MPI-4.0 section 3.7.3.
    fn Test(handle: *mut Request, flag: *mut c_int, status: *mut Status) {
        // SAFETY: see Wait.
        active(handle, || {
            let null = flag.is_null() || status.is_null();
            // SAFETY: see Wait.
            if null { null_pointer("MPI_Test") } else { Some(unsafe { completion::test(handle, flag, status) }) }
        })
    }
    /// MPI-4.0 section 3.7.5.
    fn Waitall(count: c_int, handles: *mut Request, statuses: *mut Status) {
        // SAFETY: see Wait.
        on_batch(count, handles, statuses, [], "MPI_Waitall", |batch| unsafe { batch.wait_all() })
    }
    /// MPI-4.0 section 3.7.5.
    fn Testall(count: c_int, handles: *mut Request, flag: *mut c_int, statuses: *mut Status) {
        // SAFETY: see Wait.
        on_batch(count, handles, statuses, [flag], "MPI_Testall", |batch| unsafe { batch.test_all(flag) })
    }
    /// MPI-4.0 section 3.7.5.
    fn Waitany(count: c_int, handles: *mut Request, index: *mut c_int, status: *mut Status) {
        // SAFETY: see Wait.
        on_batch(count, handles, status, [index], "MPI_Waitany", |batch| unsafe { batch.wait_any(index) })
    }
    /// MPI-4.0 section 3.7.5.
    fn Testany(count: c_int, handles: *mut Request, index: *mut c_int, flag: *mut c_int, status: *mut Status) {
        // SAFETY: see Wait.
        on_batch(count, handles, status, [index, flag], "MPI_Testany", |batch| unsafe { batch.test_any(index, flag) })
    }
    /// MPI-4.0 section 3.7.5.
    fn Waitsome(count: c_int, handles: *mut Request, done: *mut c_int, indices: *mut c_int, statuses: *mut Status) {
        // SAFETY: see Wait.
        on_batch(count, handles, statuses, [done, indices], "MPI_Waitsome", |batch| unsafe { batch.some_of(true, done, indices) })
    }
    /// MPI-4.0 section 3.7.5.
    fn Testsome(count: c_int, handles: *mut Request, done: *mut c_int, indices: *mut c_int, statuses: *mut Status) {
        // SAFETY: see Wait.
        on_batch(count, handles, statuses, [done, indices], "MPI_Testsome", |batch| unsafe { batch.some_of(false, done, indices) })
    }
    /// MPI-4.0 section 3.7.6.
    fn Request_get_status(handle: Request, flag: *mut c_int, status: *mut Status) {
        match Handle::of(handle).filter(|_| engine::is_active()) {
            Some(_) if flag.is_null() || status.is_null() => null_pointer("MPI_Request_get_status"),
            // SAFETY: see Wait.
            _ => unsafe { completion::get_status(handle, flag, status) },
        }
    }
    /// MPI-4.0 section 3.7.3.
    fn Request_free(handle: *mut Request) {
        // SAFETY: see Wait.
        active(handle, || unsafe { lifecycle::free(handle) })
    }
    /// MPI-4.0 section 3.8.4.
    fn Cancel(handle: *mut Request) {
        // SAFETY: see Wait.
        active(handle, || lifecycle::cancel(unsafe { *handle }))
    }
    /// MPI-4.0 section 3.9.
    fn Start(handle: *mut Request) {
        // SAFETY: see Wait.
        active(handle, || lifecycle::start(unsafe { *handle }))
    }
    /// MPI-4.0 section 3.9.
    fn Startall(count: c_int, handles: *mut Request) {
        // SAFETY: see Wait.
        let given = || unsafe { core::slice::from_raw_parts_mut(handles, count.max(0) as usize) };
        let all = if handles.is_null() { &mut [] } else { given() };
        // An array of the library's requests only goes to the library in one call.
        all.iter().any(|handle| Handle::of(*handle).is_some()).then(|| {
            let start = |handle: &mut Request| {
                // SAFETY: see Wait.
                lifecycle::start(*handle).unwrap_or_else(|| unsafe { Start::real(handle) })
            };
            all.iter_mut().map(start).find(|&code| code != SUCCESS).unwrap_or(SUCCESS)
        })
    }
}
