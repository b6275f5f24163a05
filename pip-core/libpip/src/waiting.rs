//! `pip_wait` and its relatives: the root waits for its tasks.

use crate::caller::{self, caller};
use crate::errno::{Errno, code};
use pip_core::Task;
use std::ffi::c_int;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// `pip_wait`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_wait(pipid: c_int, status: *mut c_int) -> c_int {
    // SAFETY: the C caller's pointer.
    code(unsafe { wait(pipid, status, true) })
}

/// `pip_trywait`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_trywait(pipid: c_int, status: *mut c_int) -> c_int {
    // SAFETY: as above.
    code(unsafe { wait(pipid, status, false) })
}

/// `pip_wait_any`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_wait_any(pipid: *mut c_int, status: *mut c_int) -> c_int {
    // SAFETY: as above.
    code(unsafe { wait_any(pipid, status, true) })
}

/// `pip_trywait_any`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_trywait_any(pipid: *mut c_int, status: *mut c_int) -> c_int {
    // SAFETY: as above.
    code(unsafe { wait_any(pipid, status, false) })
}

/// # Safety
/// `place` is null or valid.
unsafe fn wait(pipid: c_int, place: *mut c_int, block: bool) -> Result<(), Errno> {
    let caller = caller()?;
    let state = caller::root().ok_or(Errno::EPERM)?;
    let id = caller.resolve(pipid)?.ok_or(Errno::EDEADLK)?;
    let mut task = Task::of(state.root.registry(), id).ok_or(Errno::ECHILD)?;
    let status = if block { Some(task.wait()?) } else { task.try_wait()? };
    // SAFETY: the caller's promise.
    unsafe { store(place, status.ok_or(Errno::ECHILD)?) };
    Ok(())
}

/// # Safety
/// The places are null or valid.
unsafe fn wait_any(pipid: *mut c_int, place: *mut c_int, block: bool) -> Result<(), Errno> {
    caller()?;
    let state = caller::root().ok_or(Errno::EPERM)?;
    let (id, status) = state.root.wait_any(block)?.ok_or(Errno::ECHILD)?;
    // SAFETY: the caller's promise.
    unsafe {
        if !pipid.is_null() {
            pipid.write(id as c_int);
        }
        store(place, status);
    }
    Ok(())
}

/// # Safety
/// `place` is null or valid.
unsafe fn store(place: *mut c_int, status: ExitStatus) {
    if !place.is_null() {
        // SAFETY: the caller's promise.
        unsafe { place.write(status.into_raw()) };
    }
}
