//! `pip-python`: the system's Python as a position-independent program, so that it can be a task as often as wanted.
//!
//! Debian's python3 is linked to fixed addresses, and only one such program fits an address space. Its interpreter is
//! also there as a shared library, which this program loads and hands its arguments to.

use crate::manual::{self, Tool};
use crate::places;
use crate::print_mode::loading_error;
use std::env;
use std::ffi::{CString, OsString, c_char, c_int};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const SYSTEM_PYTHON: &str = "/usr/bin/python3";

/// The tool's options and page.
pub fn tool() -> Tool {
    Tool {
        command: manual::command("pip-python", "Python as a program that can be a PiP task")
            .disable_help_flag(true)
            .override_usage("pip-python [OPTIONS AND ARGUMENTS OF python3]"),
        sections: &[
            (
                "Description",
                "Does what /usr/bin/python3 does, with the same options, modules and packages, but is a \
                 position-independent program: any number of PiP tasks can run it. In an active virtual environment \
                 (VIRTUAL_ENV) that was made with /usr/bin/python3, the packages of the environment are used. The module \
                 procinproc, arrays that tasks share by name, can be imported; it needs numpy.\n\n\
                 Python's shared library must be installed; on Debian it is the package libpython3.X for python3.X.",
            ),
            ("Exit status", "That of Python; 127 if Python or its shared library is not installed."),
            ("Examples", "    pip-exec -n 4 pip-python script.py"),
            ("See also", "python3(1), pip-exec(1)"),
        ],
    }
}

/// Why there is no Python to run.
#[derive(Debug, thiserror::Error)]
enum PythonError {
    #[error("{SYSTEM_PYTHON} is not installed; on Debian: apt-get install python3")]
    NoPython,
    #[error("{SYSTEM_PYTHON} is {}, whose version cannot be told from that name", .0.display())]
    Unknown(PathBuf),
    #[error("{library} cannot be loaded ({reason}); on Debian: apt-get install {package}")]
    NoLibrary { library: String, package: String, reason: String },
    #[error("{0} has no Py_BytesMain; Python 3.8 or newer is needed")]
    Old(String),
    #[error("an argument contains a NUL byte")]
    Nul,
}

/// Runs the tool.
pub fn main() -> ExitCode {
    match run(env::args_os().skip(1)) {
        Ok(code) => ExitCode::from(code as u8),
        Err(error) => {
            eprintln!("pip-python: {error}");
            ExitCode::from(127)
        }
    }
}

fn run(args: impl Iterator<Item = OsString>) -> Result<c_int, PythonError> {
    let python = Path::new(SYSTEM_PYTHON).canonicalize().map_err(|_| PythonError::NoPython)?;
    let name = python.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let package = format!("lib{name}");
    if !is_version(name) {
        return Err(PythonError::Unknown(python));
    }
    let library = format!("{package}.so.1.0");
    let c_library = CString::new(library.as_str()).map_err(|_| PythonError::Nul)?;
    // Global: extension modules find the interpreter's functions through it.
    // SAFETY: loads the system's library, which stays loaded.
    let handle = unsafe { libc::dlopen(c_library.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
    if handle.is_null() {
        return Err(PythonError::NoLibrary { library, package, reason: loading_error() });
    }
    // SAFETY: an open library and a C string.
    let main = unsafe { libc::dlsym(handle, c"Py_BytesMain".as_ptr()) };
    if main.is_null() {
        return Err(PythonError::Old(library));
    }
    add_module();
    // Python derives sys.executable, its prefix and the packages from argv[0].
    let words = std::iter::once(program(&python).into_os_string()).chain(args);
    let words: Vec<CString> =
        words.map(|word| CString::new(word.into_vec())).collect::<Result<_, _>>().map_err(|_| PythonError::Nul)?;
    let mut argv: Vec<*mut c_char> = words.iter().map(|word| word.as_ptr().cast_mut()).collect();
    argv.push(std::ptr::null_mut());
    // SAFETY: Py_BytesMain has this type since Python 3.8; argv ends in null and outlives the call.
    Ok(unsafe {
        let main = std::mem::transmute::<*mut libc::c_void, extern "C" fn(c_int, *mut *mut c_char) -> c_int>(main);
        main(words.len() as c_int, argv.as_mut_ptr())
    })
}

/// Lets Python find this installation's module, behind those of the user.
fn add_module() {
    let Some((folder, library)) = places::python_module() else { return };
    let before = env::var_os("PYTHONPATH").filter(|value| !value.is_empty());
    let folders = before.iter().flat_map(env::split_paths).chain([folder]);
    if let Ok(value) = env::join_paths(folders) {
        // SAFETY: nobody else reads the environment meanwhile: this process has no other thread yet.
        unsafe { env::set_var("PYTHONPATH", value) };
    }
    if env::var_os("PIP_FIELD_LIB").is_none() {
        // SAFETY: as above.
        unsafe { env::set_var("PIP_FIELD_LIB", library) };
    }
}

/// Whether a file's name is that of a Python 3, such as `python3.11`.
fn is_version(name: &str) -> bool {
    name.strip_prefix("python3.").is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit()))
}

/// What Python is told it was started as: the active virtual environment's python if that is the system's too.
fn program(python: &Path) -> PathBuf {
    let environment = env::var_os("VIRTUAL_ENV").map(|folder| Path::new(&folder).join("bin/python3"));
    let own = |path: &PathBuf| {
        path.canonicalize().is_ok_and(|target| target.as_os_str().as_bytes() == python.as_os_str().as_bytes())
    };
    environment.filter(own).unwrap_or_else(|| SYSTEM_PYTHON.into())
}

#[cfg(test)]
mod tests {
    use super::is_version;

    #[test]
    fn versions_of_python() {
        assert!(is_version("python3.11") && is_version("python3.9"));
        assert!(
            !is_version("python3") && !is_version("python3.") && !is_version("python3.11d") && !is_version("pypy3")
        );
    }
}
