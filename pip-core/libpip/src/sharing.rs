//! Exports and imports, plain and named, and the aux pointer.

use crate::caller::caller;
use crate::errno::{Errno, code};
use crate::variadic::{VaList, format, variadic};
use pip_core::registry::{Lookup, NameError, State};
use std::ffi::{c_char, c_int, c_void};
use std::sync::atomic::Ordering;

/// `pip_export`
#[unsafe(no_mangle)]
pub extern "C" fn pip_export(pointer: *mut c_void) -> c_int {
    code(caller().and_then(|caller| {
        if pointer.is_null() {
            return Err(Errno::EINVAL);
        }
        let cell = caller.entry().export();
        let first = cell.compare_exchange(std::ptr::null_mut(), pointer, Ordering::AcqRel, Ordering::Relaxed);
        first.map(drop).map_err(|_| Errno::EBUSY)
    }))
}

/// `pip_import`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_import(pipid: c_int, place: *mut *mut c_void) -> c_int {
    code((|| {
        let caller = caller()?;
        let entry = caller.entry_of(pipid)?;
        if !caller.is_living(entry) {
            return Err(Errno::ESRCH);
        }
        if !place.is_null() {
            // SAFETY: the C caller's pointer.
            unsafe { place.write(entry.export().load(Ordering::Acquire)) };
        }
        Ok(())
    })())
}

unsafe extern "C" fn named_export(pointer: *mut c_void, name: *const c_char, args: VaList) -> c_int {
    code(caller().and_then(|caller| {
        // SAFETY: the C caller's format and arguments.
        let name = unsafe { format(name, args) };
        caller.entry().names().export(&name, pointer as usize).map_err(|error| match error {
            NameError::Exists => Errno::EBUSY,
            NameError::NoMemory => Errno::ENOMEM,
        })
    }))
}

unsafe extern "C" fn named_import(pipid: c_int, place: *mut *mut c_void, name: *const c_char, args: VaList) -> c_int {
    // SAFETY: the C caller's arguments.
    code(unsafe { import(pipid, place, &format(name, args), true) })
}

unsafe extern "C" fn named_tryimport(
    pipid: c_int,
    place: *mut *mut c_void,
    name: *const c_char,
    args: VaList,
) -> c_int {
    // SAFETY: as above.
    code(unsafe { import(pipid, place, &format(name, args), false) })
}

/// How long an importer sleeps before it looks whether the exporter was killed, which leaves no word.
const TICK_MS: u64 = 20;

/// # Safety
/// `place` is null or valid.
unsafe fn import(pipid: c_int, place: *mut *mut c_void, name: &[u8], block: bool) -> Result<(), Errno> {
    let caller = caller()?;
    let entry = caller.entry_of(pipid)?;
    // A task that has not been spawned yet may still come.
    let may_export = || !matches!(entry.state(), State::Alive | State::Ended) || caller.is_living(entry);
    let value = loop {
        match entry.names().lookup(name) {
            Lookup::Closed => return Err(Errno::ECANCELED),
            Lookup::Found(value) if caller.is_living(entry) => break value,
            _ if !may_export() => return Err(Errno::ECANCELED),
            _ if std::ptr::eq(entry, caller.entry()) => return Err(Errno::EDEADLK),
            Lookup::NotYet(_) if !block => return Err(Errno::EAGAIN),
            Lookup::NotYet(changes) => entry.names().wait(changes, TICK_MS),
            Lookup::Found(_) => {}
        }
    };
    if !place.is_null() {
        // SAFETY: the caller's promise.
        unsafe { place.write(value as *mut c_void) };
    }
    Ok(())
}

variadic!(pip_named_export, 16, "rdx", named_export);
variadic!(pip_named_import, 24, "rcx", named_import);
variadic!(pip_named_tryimport, 24, "rcx", named_tryimport);

/// `pip_set_aux`
#[unsafe(no_mangle)]
pub extern "C" fn pip_set_aux(aux: *mut c_void) -> c_int {
    code(caller().map(|caller| caller.entry().aux().store(aux, Ordering::Release)))
}

/// `pip_get_aux`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_get_aux(place: *mut *mut c_void) -> c_int {
    code(caller().map(|caller| {
        if !place.is_null() {
            // SAFETY: the C caller's pointer.
            unsafe { place.write(caller.entry().aux().load(Ordering::Acquire)) };
        }
    }))
}
