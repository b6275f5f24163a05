//! `printpipmode`: the execution mode that a root started now would get.

use crate::manual::{self, Tool};
use crate::{places, signals};
use anyhow::{Context, Result, ensure};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;
use std::ptr::null_mut;

/// The tool's options and page.
pub fn tool() -> Tool {
    Tool {
        command: manual::command("printpipmode", "Print the PiP execution mode"),
        sections: &[
            (
                "Description",
                "Initialises PiP and prints the mode this gave: process, process:preload or process:pipclone (where \
                 PIP_MODE asks for these names), or pthread. Run by pip-exec(1), it prints the mode of the task it is.",
            ),
            ("Exit status", "0, or 1 if PiP cannot be initialised; one line says why."),
            ("See also", "pip-mode(1), libpip(7)"),
        ],
    }
}

/// Runs the tool.
pub fn main() -> ExitCode {
    signals::default_pipe();
    if let Err(error) = tool().parse(std::env::args_os()) {
        return tool().give_up(&error, 2);
    }
    match mode() {
        Ok(mode) => {
            println!("{mode}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("printpipmode: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn mode() -> Result<String> {
    type Init = unsafe extern "C" fn(*mut c_int, *mut c_int, *mut *mut c_void, c_int) -> c_int;
    type ModeName = unsafe extern "C" fn() -> *const c_char;
    // A task has the library already; a second copy would take itself for a root.
    let (init, name) = match (symbol(null_mut(), c"pip_init"), symbol(null_mut(), c"pip_get_mode_str")) {
        (Some(init), Some(name)) => (init, name),
        _ => {
            let path = places::libpip()?;
            let c_path = CString::new(path.as_os_str().as_bytes())?;
            // SAFETY: loads the library of this installation; it is never closed.
            let library = unsafe { libc::dlopen(c_path.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
            ensure!(!library.is_null(), "{} cannot be loaded: {}", path.display(), loading_error());
            let missing = || format!("{} is another library; install PiP again", path.display());
            (
                symbol(library, c"pip_init").with_context(missing)?,
                symbol(library, c"pip_get_mode_str").with_context(missing)?,
            )
        }
    };
    // SAFETY: pip_init and pip_get_mode_str have these types in pip/pip.h; null pointers ask for defaults.
    let name = unsafe {
        let error = std::mem::transmute::<*mut c_void, Init>(init)(null_mut(), null_mut(), null_mut(), 0);
        ensure!(error == 0, "pip_init: {}; check PIP_MODE", std::io::Error::from_raw_os_error(error));
        std::mem::transmute::<*mut c_void, ModeName>(name)()
    };
    ensure!(!name.is_null(), "pip_get_mode_str knows no mode");
    // SAFETY: a C string of the library, which stays loaded.
    Ok(unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned())
}

/// The address of a function in a library, or with null anywhere in this process.
fn symbol(library: *mut c_void, name: &CStr) -> Option<*mut c_void> {
    // SAFETY: RTLD_DEFAULT is null; any other library was opened by `mode`.
    Some(unsafe { libc::dlsym(library, name.as_ptr()) }).filter(|address| !address.is_null())
}

/// Why the last dlopen failed.
pub(crate) fn loading_error() -> String {
    // SAFETY: asked right after dlopen failed, in the only thread; the text is copied.
    let text = unsafe { libc::dlerror() };
    if text.is_null() {
        return "unknown reason".to_owned();
    }
    // SAFETY: not null, so a C string.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
