//! What `-info` prints.

use crate::shim_library;
use anyhow::{Context, Result};
use std::ffi::{CStr, CString, c_char};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What `-version` prints.
pub const VERSION: &str = concat!("pip-mpiexec ", env!("CARGO_PKG_VERSION"), "\n");

/// The version, where the ranks' library is, and its settings.
pub fn text() -> Result<String> {
    let library = shim_library::find()?;
    let settings = settings(&library)?;
    // What is preloaded may be another name for the file, without spaces.
    let library = library.canonicalize().unwrap_or(library);
    Ok(format!("{VERSION}library of the ranks: {}\n\n{settings}", library.display()))
}

/// The table of settings as the library tells it: it alone knows the defaults.
fn settings(library: &Path) -> Result<String> {
    let name = CString::new(library.as_os_str().as_bytes()).context("a NUL in the library's path")?;
    // SAFETY: C strings; the library has no constructor, and its function takes nothing and returns a text for good.
    unsafe {
        let handle = libc::dlopen(name.as_ptr(), libc::RTLD_LAZY | libc::RTLD_LOCAL);
        let function = if handle.is_null() { handle } else { libc::dlsym(handle, c"pip_mpi_settings".as_ptr()) };
        if function.is_null() {
            let why = CStr::from_ptr(libc::dlerror()).to_string_lossy().into_owned();
            anyhow::bail!("{} cannot tell its settings: {why}", library.display());
        }
        let function: extern "C" fn() -> *const c_char = core::mem::transmute(function);
        Ok(CStr::from_ptr(function()).to_string_lossy().into_owned())
    }
}
