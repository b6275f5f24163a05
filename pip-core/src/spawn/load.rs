//! Maps a program or its loader for a new task, and hooks it.

use super::{SpawnOptions, c_string, nul};
use crate::image::{self, Image};
use crate::mapping::Mapping;
use crate::registry::{Entry, Registry};
use crate::stack::Start;
use crate::{Error, Program, hooking};
use core::sync::atomic::Ordering;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What was mapped, where it starts and with which arguments.
pub struct Loaded {
    pub mappings: Vec<Mapping>,
    pub start: Start,
    pub args: Vec<CString>,
}

/// Maps the program or its loader.
pub fn load(
    registry: &Registry,
    entry: &Entry,
    program: &Program,
    path: &CString,
    options: &SpawnOptions,
) -> Result<Loaded, Error> {
    let map = |p: &Program| -> Result<Image, Error> {
        let image = Image::map(&p.elf, &p.file, p.path())?;
        let places = p.sites().iter().map(|site| (image.file_address(&p.elf, site.offset), site.kind));
        hooking::hook(registry, entry, places);
        image.protect_code(&p.elf)?;
        Ok(image)
    };
    let Some(loader) = &program.loader else {
        let image = map(program)?;
        entry.load_bias.store(image.address(0), Ordering::Relaxed);
        let (program_entry, phdr) = (image.address(program.elf.entry), image.address(program.elf.phdr));
        let start = Start { entry: program_entry, phdr, phnum: program.elf.phnum, base: 0, program_entry };
        return Ok(Loaded { mappings: vec![image.into_mapping()], start, args: options.args.clone() });
    };
    // The loader runs as a command and maps the program itself, so $ORIGIN is the program's own directory; as the kernel's
    // interpreter it would ask /proc/self/exe, which is the root's for every task.
    let image = map(loader)?;
    entry.r_debug.store(loader.r_debug().map_or(0, |offset| image.address(offset)), Ordering::Release);
    let (at, phdr, phnum) = (image.address(loader.elf.entry), image.address(loader.elf.phdr), loader.elf.phnum);
    let c_path = |p: &Path| CString::new(p.as_os_str().as_bytes()).map_err(|_| nul(p.display()));
    let mut args = vec![c_path(loader.path())?];
    if let Some(library) = &options.library {
        args.extend([c"--preload".to_owned(), preloadable(library)?]);
    }
    args.extend([c"--argv0".to_owned(), options.args.first().cloned().unwrap_or_default(), path.clone()]);
    args.extend(options.args.iter().skip(1).cloned());
    let mut mappings = vec![image.into_mapping()];
    if program.elf.fixed {
        // The loader will map over it without asking whether the range is free; this asks.
        mappings.push(image::reserve_fixed(&program.elf, program.path())?);
    }
    Ok(Loaded { mappings, start: Start { entry: at, phdr, phnum, base: 0, program_entry: at }, args })
}

/// ld.so takes spaces and colons for separators, so a path with one goes through a descriptor of the root's.
fn preloadable(library: &Path) -> Result<CString, Error> {
    static OPENED: std::sync::Mutex<Vec<(PathBuf, CString)>> = std::sync::Mutex::new(Vec::new());
    if !library.as_os_str().as_bytes().iter().any(|byte| b" :".contains(byte)) {
        return CString::new(library.as_os_str().as_bytes()).map_err(|_| nul(library.display()));
    }
    let mut opened = OPENED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some((_, name)) = opened.iter().find(|(path, _)| path == library) {
        return Ok(name.clone());
    }
    let file = std::fs::File::open(library).map_err(|e| Error::System("libpip.so", e))?;
    let name = c_string(format!("/proc/{}/fd/{}", std::process::id(), std::os::fd::IntoRawFd::into_raw_fd(file)))?;
    opened.push((library.to_owned(), name.clone()));
    Ok(name)
}
