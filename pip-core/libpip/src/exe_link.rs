//! /proc/self/exe of a task names its own program. The kernel knows only the root's, so the functions by which programs ask
//! (readlink, realpath and their checked forms) are answered here.

use crate::next::next;
use pip_core::current::current;
use std::ffi::{CStr, CString, c_char, c_int};

/// The task's program, if `path` is one of the names of the link.
///
/// # Safety
/// `path` is null or a C string.
unsafe fn program_behind(path: *const c_char) -> Option<CString> {
    if path.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    let path = unsafe { CStr::from_ptr(path) }.to_bytes();
    let whose = path.strip_prefix(b"/proc/")?.strip_suffix(b"/exe")?;
    let own = || whose == std::process::id().to_string().as_bytes();
    if whose != b"self" && whose != b"thread-self" && !own() {
        return None;
    }
    let program = current()?.entry().program()?.to_owned();
    let real = std::fs::canonicalize(std::ffi::OsStr::from_bytes(program.to_bytes())).ok();
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    Some(real.and_then(|path| CString::new(path.into_os_string().into_vec()).ok()).unwrap_or(program))
}

/// As readlink does: no NUL, cut off at `size`.
///
/// # Safety
/// `buffer` has `size` bytes.
unsafe fn copy_link(target: &CStr, buffer: *mut c_char, size: usize) -> isize {
    let len = target.to_bytes().len().min(size);
    // SAFETY: the caller's promise.
    unsafe { std::ptr::copy_nonoverlapping(target.as_ptr(), buffer, len) };
    len as isize
}

#[unsafe(no_mangle)]
unsafe extern "C" fn readlink(path: *const c_char, buffer: *mut c_char, size: usize) -> isize {
    let real = next!(c"readlink" as unsafe extern "C" fn(*const c_char, *mut c_char, usize) -> isize);
    // SAFETY: the C caller's arguments.
    unsafe {
        match program_behind(path) {
            Some(program) => copy_link(&program, buffer, size),
            None => real(path, buffer, size),
        }
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn readlinkat(directory: c_int, path: *const c_char, buffer: *mut c_char, size: usize) -> isize {
    let real = next!(c"readlinkat" as unsafe extern "C" fn(c_int, *const c_char, *mut c_char, usize) -> isize);
    // SAFETY: as above; a path from the root does not depend on the directory.
    unsafe {
        match program_behind(path) {
            Some(program) => copy_link(&program, buffer, size),
            None => real(directory, path, buffer, size),
        }
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __readlink_chk(path: *const c_char, buffer: *mut c_char, size: usize, room: usize) -> isize {
    let real = next!(c"__readlink_chk" as unsafe extern "C" fn(*const c_char, *mut c_char, usize, usize) -> isize);
    // SAFETY: as above; what does not fit is the real function's to complain about.
    unsafe {
        match program_behind(path) {
            Some(program) if size <= room => copy_link(&program, buffer, size),
            _ => real(path, buffer, size, room),
        }
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __readlinkat_chk(
    directory: c_int,
    path: *const c_char,
    buffer: *mut c_char,
    size: usize,
    room: usize,
) -> isize {
    type Real = unsafe extern "C" fn(c_int, *const c_char, *mut c_char, usize, usize) -> isize;
    let real = next!(c"__readlinkat_chk" as Real);
    // SAFETY: as above.
    unsafe {
        match program_behind(path) {
            Some(program) if size <= room => copy_link(&program, buffer, size),
            _ => real(directory, path, buffer, size, room),
        }
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn realpath(path: *const c_char, resolved: *mut c_char) -> *mut c_char {
    let real = next!(c"realpath" as unsafe extern "C" fn(*const c_char, *mut c_char) -> *mut c_char);
    // SAFETY: as above.
    unsafe {
        match program_behind(path) {
            Some(program) => real(program.as_ptr(), resolved),
            None => real(path, resolved),
        }
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __realpath_chk(path: *const c_char, resolved: *mut c_char, room: usize) -> *mut c_char {
    let real = next!(c"__realpath_chk" as unsafe extern "C" fn(*const c_char, *mut c_char, usize) -> *mut c_char);
    // SAFETY: as above.
    unsafe {
        match program_behind(path) {
            Some(program) => real(program.as_ptr(), resolved, room),
            None => real(path, resolved, room),
        }
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn canonicalize_file_name(path: *const c_char) -> *mut c_char {
    // SAFETY: as above; this is what the GNU function is defined to be.
    unsafe { realpath(path, std::ptr::null_mut()) }
}
