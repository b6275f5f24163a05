//! Where a function or variable of a task is: looked up in the files of what the task's ld.so has loaded, so that local symbols
//! are found too.

use crate::registry::Entry;
use core::ffi::{CStr, c_char};
use core::sync::atomic::Ordering;
use object::read::elf::ElfFile64;
use object::{Object, ObjectSymbol, ReadCache, SymbolKind};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// What a search found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbol {
    /// A global symbol, at this address.
    Global(usize),
    /// A local symbol, the only one of its name.
    Local(usize),
    /// No such symbol.
    None,
    /// Several local symbols and no global one.
    Many,
}

/// The head of glibc's `struct r_debug` (link.h).
#[repr(C)]
struct Debug {
    version: i32,
    map: *const LinkMap,
}

/// The head of glibc's `struct link_map` (link.h).
#[repr(C)]
struct LinkMap {
    address: usize,
    name: *const c_char,
    dynamic: usize,
    next: *const LinkMap,
}

/// The objects a task has loaded, in search order: load bias and file. The vdso and what has no file are left out.
pub fn objects(entry: &Entry) -> Vec<(usize, PathBuf)> {
    let mut found = Vec::new();
    let debug = entry.r_debug.load(Ordering::Acquire) as *const Debug;
    // SAFETY: null, or the task's ld.so keeps this structure and list up to date for debuggers; its objects stay loaded unless
    // the task closes them at this very moment, as with any debugger that reads it.
    unsafe {
        let mut map = debug.as_ref().map_or(core::ptr::null(), |debug| debug.map);
        let mut first = true;
        while let Some(object) = map.as_ref() {
            let name = if object.name.is_null() { c"" } else { CStr::from_ptr(object.name) };
            let path = match (first, entry.program()) {
                (true, Some(program)) => program.to_bytes(),
                _ => name.to_bytes(),
            };
            if path.starts_with(b"/") {
                found.push((object.address, PathBuf::from(OsStr::from_bytes(path))));
            }
            first = false;
            map = object.next;
        }
    }
    found
}

/// Looks for a defined symbol `name`: the first global one in search order, else a local one. `function`: only code will do.
pub fn find(entry: &Entry, name: &CStr, function: bool) -> Symbol {
    let mut locals = Vec::new();
    for (bias, path) in objects(entry) {
        let Ok(file) = std::fs::File::open(&path) else { continue };
        let data = ReadCache::new(file);
        let Ok(elf) = ElfFile64::<object::LittleEndian, _>::parse(&data) else { continue };
        let here = elf.dynamic_symbols().chain(elf.symbols());
        let fits = |symbol: &object::read::elf::ElfSymbol<_, _>| {
            symbol.is_definition()
                && symbol.name_bytes() == Ok(name.to_bytes())
                && (!function || symbol.kind() == SymbolKind::Text)
        };
        for symbol in here.filter(fits) {
            let address = bias + symbol.address() as usize;
            if symbol.is_global() || symbol.is_weak() {
                return Symbol::Global(address);
            }
            locals.push(address);
        }
    }
    match locals.as_slice() {
        [] => Symbol::None,
        [one] => Symbol::Local(*one),
        _ => Symbol::Many,
    }
}
