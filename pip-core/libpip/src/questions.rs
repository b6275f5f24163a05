//! Questions about the caller, the tasks and the mode.

use crate::caller::{self, caller};
use crate::errno::{Errno, code};
use pip_core::Mode;
use pip_core::settings::option;
use pip_core::symbols::{self, Symbol};
use std::ffi::{CStr, c_char, c_double, c_int, c_void};
use std::sync::atomic::Ordering;

/// Stores an answer where the C caller wants it, which may be nowhere.
fn answer<T>(place: *mut T, value: Result<T, Errno>) -> c_int {
    code(value.map(|value| {
        if !place.is_null() {
            // SAFETY: the C caller's pointer to a place of this type.
            unsafe { place.write(value) };
        }
    }))
}

/// `pip_get_pipid`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_get_pipid(pipid: *mut c_int) -> c_int {
    answer(pipid, caller().map(|caller| caller::pipid(caller.id)))
}

/// `pip_get_ntasks`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_get_ntasks(ntasks: *mut c_int) -> c_int {
    answer(ntasks, caller().map(|caller| caller.registry.capacity() as c_int))
}

/// `pip_get_mode`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_get_mode(mode: *mut c_int) -> c_int {
    answer(
        mode,
        caller().map(|caller| match caller.registry.option.load(Ordering::Acquire) as i32 {
            option::PTHREAD => option::PTHREAD,
            option::PIPCLONE => option::PIPCLONE,
            _ if caller.registry.mode() == Mode::Thread => option::PTHREAD,
            _ => option::PRELOAD,
        }),
    )
}

/// `pip_get_mode_str`
#[unsafe(no_mangle)]
pub extern "C" fn pip_get_mode_str() -> *const c_char {
    let Ok(caller) = caller() else { return std::ptr::null() };
    let name = match caller.registry.option.load(Ordering::Acquire) as i32 {
        _ if caller.registry.mode() == Mode::Thread => c"pthread",
        option::PRELOAD => c"process:preload",
        option::PIPCLONE => c"process:pipclone",
        _ => c"process",
    };
    name.as_ptr()
}

/// `pip_get_system_id`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_get_system_id(pipid: c_int, id: *mut usize) -> c_int {
    let find = || {
        let caller = caller()?;
        let entry = caller.entry_of(pipid)?;
        if !caller.is_living(entry) {
            return Err(Errno::ESRCH);
        }
        Ok(match caller.registry.mode() {
            Mode::Process => entry.pid() as usize,
            Mode::Thread => entry.handle.load(Ordering::Acquire),
        })
    };
    answer(id, find())
}

/// `pip_get_addr`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_get_addr(pipid: c_int, symbol: *const c_char, address: *mut *mut c_void) -> c_int {
    let find = || {
        let caller = caller()?;
        let entry = caller.entry_of(pipid)?;
        if symbol.is_null() || address.is_null() {
            return Err(Errno::EINVAL);
        }
        if !caller.is_living(entry) {
            return Err(Errno::ESRCH);
        }
        // SAFETY: the C caller's string.
        match symbols::find(entry, unsafe { CStr::from_ptr(symbol) }, false) {
            Symbol::Global(at) | Symbol::Local(at) => Ok(at as *mut c_void),
            Symbol::None | Symbol::Many => Err(Errno::ENOENT),
        }
    };
    answer(address, find())
}

/// `pip_isa_root`
#[unsafe(no_mangle)]
pub extern "C" fn pip_isa_root() -> c_int {
    caller::find().is_some_and(|caller| caller.id.is_none()).into()
}

/// `pip_isa_task`
#[unsafe(no_mangle)]
pub extern "C" fn pip_isa_task() -> c_int {
    caller::find().is_some_and(|caller| caller.id.is_some()).into()
}

/// `pip_is_threaded`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_is_threaded(flag: *mut c_int) -> c_int {
    answer(flag, caller().map(|caller| (caller.registry.mode() == Mode::Thread).into()))
}

/// `pip_is_shared_fd`: threads share their process's descriptors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_is_shared_fd(flag: *mut c_int) -> c_int {
    // SAFETY: the same pointer with the same meaning.
    unsafe { pip_is_threaded(flag) }
}

/// `pip_gettime`
#[unsafe(no_mangle)]
pub extern "C" fn pip_gettime() -> c_double {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0.0, |time| time.as_secs_f64())
}
