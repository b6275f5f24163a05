//! Memory of malloc whose pointer the others get: tasks by a name, threads from a word.

use super::calls::{Call, Failure};
use super::lap::{Lap, not_null, zero};
use crate::board::Board;
use crate::worker::function;
use libc::{c_char, c_int, c_void};
use pip_core::current::current;
use std::ffi::CStr;
use std::sync::Once;
use std::sync::atomic::Ordering;

/// Under which name tasks export it.
const NAME: &CStr = c"segment";

/// From here on malloc maps: fixed, since glibc raises it whenever a mapped block is freed.
const MAP_FROM: c_int = 128 << 10;

pub fn allocate(lap: &Lap, bytes: usize, alignment: Option<usize>) -> Result<*mut u8, Failure> {
    static FIXED: Once = Once::new();
    // SAFETY: mallopt takes the allocator's lock.
    FIXED.call_once(|| unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAP_FROM);
    });
    lap.take(Call::Malloc, || {
        // SAFETY: an allocation, which `free` below gives back.
        not_null(unsafe { alignment.map_or_else(|| libc::malloc(bytes), |alignment| libc::memalign(alignment, bytes)) })
    })
}

pub fn free(lap: &Lap, address: *mut u8) -> Result<(), Failure> {
    lap.take(Call::Free, || {
        // SAFETY: `allocate` gave it to this worker, whose libc's it is, and nobody uses it any more.
        unsafe { libc::free(address.cast()) };
        Ok(())
    })
}

pub fn export(board: &Board, lap: &Lap, address: *mut u8) -> Result<(), Failure> {
    type NamedExport = unsafe extern "C" fn(*mut c_void, *const c_char, ...) -> c_int;
    // SAFETY: this is its type in pip.h.
    let export = unsafe { std::mem::transmute::<*mut c_void, NamedExport>(function(c"pip_named_export")) };
    // SAFETY: a format without arguments.
    lap.take(Call::Export, || zero(unsafe { export(address.cast(), NAME.as_ptr()) }))?;
    let owner = current().map_or(0, |task| task.id());
    board.handle.store(owner as u64, Ordering::Release);
    Ok(())
}

/// So that the next segment can have the name; the C interface has no function for it, so it is not timed.
pub fn withdraw_name() {
    if let Some(task) = current() {
        task.entry().names().withdraw(NAME.to_bytes());
    }
}

pub fn import(board: &Board, lap: &Lap) -> Result<*mut u8, Failure> {
    type NamedImport = unsafe extern "C" fn(c_int, *mut *mut c_void, *const c_char, ...) -> c_int;
    // SAFETY: this is its type in pip.h.
    let import = unsafe { std::mem::transmute::<*mut c_void, NamedImport>(function(c"pip_named_import")) };
    let (owner, mut found) = (board.handle.load(Ordering::Acquire) as c_int, std::ptr::null_mut());
    // SAFETY: a local to fill and a format without arguments.
    lap.take(Call::Import, || zero(unsafe { import(owner, &mut found, NAME.as_ptr()) }))?;
    Ok(found.cast())
}

pub fn store(board: &Board, lap: &Lap, address: *mut u8) -> Result<(), Failure> {
    lap.take(Call::Store, || {
        board.handle.store(address.expose_provenance() as u64, Ordering::Release);
        Ok(())
    })
}

pub fn load(board: &Board, lap: &Lap) -> Result<*mut u8, Failure> {
    lap.take(Call::Load, || Ok(std::ptr::with_exposed_provenance_mut(board.handle.load(Ordering::Acquire) as usize)))
}
