//! Maps a program or its loader for a new task, and hooks it.

use super::{SpawnOptions, nul};
use crate::image::{self, Image};
use crate::mapping::Mapping;
use crate::registry::{Entry, Registry};
use crate::stack::Start;
use crate::{Error, Program, hooking, preload_name};
use core::sync::atomic::Ordering;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

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
        let start = start_of(&image, program);
        return Ok(Loaded { mappings: vec![image.into_mapping()], start, args: options.args.clone() });
    };
    // The loader runs as a command and maps the program itself, so $ORIGIN is the program's own directory; as the kernel's
    // interpreter it would ask /proc/self/exe, which is the root's for every task.
    let image = map(loader)?;
    entry.r_debug.store(loader.r_debug().map_or(0, |offset| image.address(offset)), Ordering::Release);
    let start = start_of(&image, loader);
    let c_path = |p: &Path| CString::new(p.as_os_str().as_bytes()).map_err(|_| nul(p.display()));
    let mut args = vec![c_path(loader.path())?];
    if let Some(library) = &options.library {
        let name = preload_name(library).map_err(|e| Error::System("libpip.so", e))?;
        args.extend([c"--preload".to_owned(), c_path(&name)?]);
    }
    args.extend([c"--argv0".to_owned(), options.args.first().cloned().unwrap_or_default(), path.clone()]);
    args.extend(options.args.iter().skip(1).cloned());
    let mut mappings = vec![image.into_mapping()];
    if program.elf.fixed {
        // The loader will map over it without asking whether the range is free; this asks.
        mappings.push(image::reserve_fixed(&program.elf, program.path())?);
    }
    Ok(Loaded { mappings, start, args })
}

fn start_of(image: &Image, program: &Program) -> Start {
    let elf = &program.elf;
    Start { entry: image.address(elf.entry), phdr: image.address(elf.phdr), phnum: elf.phnum }
}
