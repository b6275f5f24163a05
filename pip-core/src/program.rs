//! From a name on a command line to an opened ELF program that can be a task, or the sentence that says why not.

use crate::elf::{self, Elf};
use crate::error::ProgramError;
use crate::hooking::Site;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

/// An opened program whose ELF headers have been checked; see [`Program::open`].
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    pub(crate) file: File,
    pub(crate) elf: Elf,
    pub(crate) loader: Option<Arc<Program>>,
    code: OnceLock<Code>,
}

/// What a loader or static program has that spawning wants to know.
#[derive(Debug)]
struct Code {
    sites: Vec<Site>,
    r_debug: Option<usize>,
}

impl Program {
    /// Opens `path` and checks that it can be started as a task: an executable x86-64 ELF program, dynamic PIE, static
    /// PIE or (as far as its addresses are free) non-PIE, whose dynamic loader is usable too.
    pub fn open(path: &Path) -> Result<Program, ProgramError> {
        let program = Program::open_one(path)?;
        let of_library = program.elf.needed.iter().find_map(|name| sanitizer(name));
        if let Some(runtime) = of_library.or_else(|| elf::static_sanitizer(&program.file)) {
            return Err(ProgramError::Sanitizer(path.to_owned(), runtime.to_owned()));
        }
        let interpreter = program.elf.interpreter.clone();
        if interpreter.is_none() && !program.elf.pie && !program.elf.fixed {
            return Err(ProgramError::NotAProgram(path.to_owned(), "a shared library"));
        }
        program.check_start()?;
        let Some(interpreter) = interpreter else { return Ok(program) };
        let failed =
            |reason: String| ProgramError::Loader { program: path.to_owned(), loader: interpreter.clone(), reason };
        let loader = Program::open_loader(&interpreter).map_err(|e| failed(e.to_string()))?;
        if loader.elf.fixed || loader.elf.interpreter.is_some() {
            return Err(failed("it is not a position-independent loader".to_owned()));
        }
        Ok(Program { loader: Some(loader), ..program })
    }

    fn check_start(&self) -> Result<(), ProgramError> {
        if self.elf.can_start() {
            return Ok(());
        }
        Err(ProgramError::Damaged(self.path.clone(), "the entry point is not in executable memory".to_owned()))
    }

    /// A loader is read once: almost all programs have the same.
    fn open_loader(path: &Path) -> Result<Arc<Program>, ProgramError> {
        type Known = ((u64, u64, i64, i64), Arc<Program>);
        static KNOWN: Mutex<Vec<Known>> = Mutex::new(Vec::new());
        let mut known = KNOWN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let file = std::fs::metadata(path).map_err(|e| ProgramError::Io(path.to_owned(), e))?;
        let key = (file.dev(), file.ino(), file.mtime(), file.mtime_nsec());
        if let Some((_, loader)) = known.iter().find(|(other, loader)| *other == key && loader.path == path) {
            return Ok(loader.clone());
        }
        let loader = Arc::new(Program::open_one(path)?);
        loader.check_start()?;
        known.push((key, loader.clone()));
        Ok(loader)
    }

    fn open_one(path: &Path) -> Result<Program, ProgramError> {
        let io_error = |e: io::Error| match e.raw_os_error() {
            Some(libc::ENOENT | libc::ENOTDIR) => ProgramError::NotFound(path.to_owned()),
            Some(libc::EACCES) => ProgramError::NotExecutable(path.to_owned()),
            _ => ProgramError::Io(path.to_owned(), e),
        };
        // Asked before open: opening a FIFO would wait for a writer.
        let metadata = std::fs::metadata(path).map_err(io_error)?;
        if !metadata.is_file() {
            return Err(ProgramError::NotRegular(path.to_owned()));
        }
        if !may_execute(path) {
            return Err(ProgramError::NotExecutable(path.to_owned()));
        }
        let setuid = metadata.mode() & libc::S_ISUID != 0 && metadata.uid() != effective_uid();
        if setuid || metadata.mode() & (libc::S_ISGID | libc::S_IXGRP) == libc::S_ISGID | libc::S_IXGRP {
            return Err(ProgramError::SetId(path.to_owned()));
        }
        // Executable but not readable, where this fails.
        let file = File::open(path).map_err(|e| ProgramError::Io(path.to_owned(), e))?;
        let elf = elf::read(&file, path)?;
        Ok(Program { path: path.to_owned(), file, elf, loader: None, code: OnceLock::new() })
    }

    /// The places to hook in the code that maps memory for this program before its libc does: the loader's, or its own if it is
    /// static.
    pub(crate) fn sites(&self) -> &[Site] {
        match &self.loader {
            Some(loader) => loader.sites(),
            None => &self.code().sites,
        }
    }

    /// Offset of `_r_debug` in a loader's image.
    pub(crate) fn r_debug(&self) -> Option<usize> {
        self.code().r_debug
    }

    fn code(&self) -> &Code {
        self.code.get_or_init(|| Code { sites: elf::sites(&self.elf, &self.file), r_debug: elf::r_debug(&self.file) })
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The libraries that it says it needs.
    pub fn needed(&self) -> &[String] {
        &self.elf.needed
    }

    /// Whether a dynamic loader starts it.
    pub fn is_dynamic(&self) -> bool {
        self.loader.is_some()
    }

    /// Whether it is a non-PIE program, which needs fixed addresses.
    pub fn is_fixed(&self) -> bool {
        self.elf.fixed
    }
}

/// Finds `name` as execvp does: a name with a slash is a path (relative to `cwd`), any other is looked for in the
/// directories of `path` (the value of PATH; if absent, the system's default).
pub fn search_path(name: &OsStr, path: Option<&OsStr>, cwd: &Path) -> Result<PathBuf, ProgramError> {
    if name.as_bytes().contains(&b'/') {
        return Ok(cwd.join(name));
    }
    let path = path.unwrap_or(OsStr::new("/bin:/usr/bin"));
    let candidates = path.as_bytes().split(|&b| b == b':').map(|dir| cwd.join(OsStr::from_bytes(dir)).join(name));
    let mut forbidden = None;
    for candidate in candidates.filter(|candidate| candidate.is_file()) {
        if may_execute(&candidate) {
            return Ok(candidate);
        }
        forbidden.get_or_insert(candidate);
    }
    Err(match forbidden {
        Some(found) => ProgramError::NotExecutable(found),
        None => ProgramError::NotInPath(name.to_string_lossy().into_owned()),
    })
}

/// Whether the caller may execute the file.
pub fn may_execute(path: &Path) -> bool {
    let Ok(path) = std::ffi::CString::new(path.as_os_str().as_bytes()) else { return false };
    // SAFETY: a NUL-terminated path that outlives the call.
    unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), libc::X_OK, libc::AT_EACCESS) == 0 }
}

fn effective_uid() -> u32 {
    // SAFETY: cannot fail and touches nothing.
    unsafe { libc::geteuid() }
}

/// The sanitizer a DT_NEEDED library belongs to.
fn sanitizer(library: &str) -> Option<&'static str> {
    let known =
        [("libasan.", "AddressSanitizer"), ("libtsan.", "ThreadSanitizer"), ("libhwasan.", "HWAddressSanitizer")];
    known.iter().find(|(prefix, _)| library.starts_with(prefix)).map(|(_, name)| *name)
}
