//! `pip_spawn` and `pip_task_spawn`.

use crate::caller::{self, Caller, PIPID_ANY, caller};
use crate::errno::{Errno, code};
use crate::{cores, debugging, messages};
use pip_core::hooks::Hook;
use pip_core::settings::option;
use pip_core::{Error, Program, SpawnHooks, SpawnOptions, current, search_path, settings};
use std::ffi::{CStr, CString, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// `pip_spawn_program_t`
#[repr(C)]
pub struct SpawnProgram {
    prog: *const c_char,
    argv: *const *const c_char,
    envv: *const *const c_char,
    funcname: *const c_char,
    arg: *mut c_void,
    aux: *mut c_void,
    reserved: [*mut c_void; 2],
}

/// `pip_spawn_hook_t`
#[repr(C)]
pub struct SpawnHook {
    before: Option<Hook>,
    after: Option<Hook>,
    hookarg: *mut c_void,
    reserved: [*mut c_void; 5],
}

/// `pip_spawn`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_spawn(
    filename: *const c_char,
    argv: *const *const c_char,
    envv: *const *const c_char,
    coreno: c_int,
    pipid: *mut c_int,
    before: Option<Hook>,
    after: Option<Hook>,
    hookarg: *mut c_void,
) -> c_int {
    let null = std::ptr::null_mut();
    let program = SpawnProgram {
        prog: filename,
        argv,
        envv,
        funcname: std::ptr::null(),
        arg: null,
        aux: null,
        reserved: [null; 2],
    };
    let hook = SpawnHook { before, after, hookarg, reserved: [null; 5] };
    if filename.is_null() {
        return libc::EINVAL;
    }
    // SAFETY: the C caller's arguments, and two locals.
    code(unsafe { spawn(&program, coreno as u32, pipid, Some(&hook)) })
}

/// `pip_task_spawn`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_task_spawn(
    program: *const SpawnProgram,
    coreno: u32,
    _options: u32,
    pipid: *mut c_int,
    hook: *const SpawnHook,
) -> c_int {
    // SAFETY: the C caller's arguments are null or valid.
    code(unsafe {
        match program.as_ref() {
            None => Err(Errno::EINVAL),
            Some(program) => spawn(program, coreno, pipid, hook.as_ref()),
        }
    })
}

/// # Safety
/// The pointers are null or what pip.h says.
unsafe fn spawn(program: &SpawnProgram, coreno: u32, place: *mut c_int, hook: Option<&SpawnHook>) -> Result<(), Errno> {
    let caller = caller()?;
    // SAFETY: the caller's promise, here and below.
    let args = unsafe { strings(program.argv) };
    if program.prog.is_null() || (program.funcname.is_null() && args.is_empty()) {
        return Err(Errno::EINVAL);
    }
    // SAFETY: null or valid.
    let wanted = match unsafe { place.as_ref() }.copied().unwrap_or(PIPID_ANY) {
        PIPID_ANY => None,
        id => Some(usize::try_from(id).ok().filter(|id| *id < caller.registry.capacity()).ok_or(Errno::EINVAL)?),
    };
    let affinity = cores::choose(coreno)?;
    // SAFETY: a C string.
    let name = unsafe { CStr::from_ptr(program.prog) };
    let file = open(OsStr::from_bytes(name.to_bytes()))?;
    let options = SpawnOptions {
        args: if args.is_empty() { vec![name.to_owned()] } else { args },
        // SAFETY: null or a list of C strings.
        env: unsafe { if program.envv.is_null() { strings(environ.cast()) } else { strings(program.envv) } },
        affinity,
        id: wanted,
        stack_size: Some(settings::stack_size(|text| messages::warn(&text))),
        library: debugging::own_path(),
        // SAFETY: null or a C string.
        function: (!program.funcname.is_null()).then(|| unsafe { CStr::from_ptr(program.funcname).to_owned() }),
        argument: program.arg,
        aux: program.aux,
        hooks: hook.map_or_else(SpawnHooks::default, |hook| SpawnHooks {
            before: hook.before,
            after: hook.after,
            argument: hook.hookarg,
        }),
        ..SpawnOptions::default()
    };
    let id = start(caller, &file, options)?;
    // SAFETY: null or valid.
    if let Some(place) = unsafe { place.as_mut() } {
        *place = id as c_int;
    }
    Ok(())
}

unsafe extern "C" {
    static environ: *const *const c_char;
}

/// Copies of a null-terminated list of C strings.
///
/// # Safety
/// Null or such a list.
unsafe fn strings(mut list: *const *const c_char) -> Vec<CString> {
    let mut copies = Vec::new();
    // SAFETY: the caller's promise.
    unsafe {
        while !list.is_null() && !(*list).is_null() {
            copies.push(CStr::from_ptr(*list).to_owned());
            list = list.add(1);
        }
    }
    copies
}

/// Programs that were opened, with what tells a changed file: a root that spawns one program many times reads it once.
static OPENED: Mutex<Vec<(PathBuf, FileKey, Arc<Program>)>> = Mutex::new(Vec::new());

fn open(name: &OsStr) -> Result<Arc<Program>, Errno> {
    let opened = std::env::current_dir()
        .map_err(|e| Error::System("the working directory", e))
        .and_then(|cwd| Ok(search_path(name, std::env::var_os("PATH").as_deref(), &cwd)?))
        .and_then(|path| {
            let mut known = OPENED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let key = key(&path);
            if let Some(at) = known.iter().position(|(known, ..)| *known == path) {
                if key == Some(known[at].1) && pip_core::program::may_execute(&path) {
                    return Ok(known[at].2.clone());
                }
                known.remove(at);
            }
            let program = Arc::new(Program::open(&path)?);
            known.extend(key.map(|key| (path, key, program.clone())));
            if known.len() > 32 {
                known.remove(0);
            }
            Ok(program)
        });
    opened.map_err(|error| report(&error))
}

fn report(error: &Error) -> Errno {
    messages::error(&error.to_string());
    Errno::from(error)
}

fn start(caller: Caller, program: &Program, mut options: SpawnOptions) -> Result<usize, Errno> {
    if options.hooks.before.is_none() && options.hooks.after.is_none() {
        options.hooks = SpawnHooks::default();
    } else if caller.id.is_some() {
        messages::error("a task that spawns cannot give hooks: they are functions of the root");
        return Err(Errno::EPERM);
    }
    let stop = debugging::stop_wanted(caller.registry.mode(), options.id);
    options.stop = stop.is_some();
    options.comm = Some(comm(caller, program, options.id));
    options.await_loading = options.function.is_some() || !has_loaded_before(program.path());
    let task = match caller.id {
        None => caller::root().ok_or(Errno::EPERM)?.root.spawn(program, &options),
        Some(_) => current::current().ok_or(Errno::EPERM)?.spawn(program, &options),
    };
    let task = task.map_err(|error| report(&error))?;
    if let Some(stop) = stop {
        debugging::on_stopped(&task, &stop, program.path());
    } else if options.await_loading {
        LOADED.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).extend(key(program.path()));
    }
    Ok(task.id())
}

/// The last digit of the pipid, the mode, and the program's name, which the kernel cuts off: how pips knows a task.
fn comm(caller: Caller, program: &Program, wanted: Option<usize>) -> CString {
    let id = wanted.unwrap_or_else(|| caller.registry.next_id());
    let mode = match caller.registry.option.load(std::sync::atomic::Ordering::Relaxed) as i32 {
        option::PIPCLONE => ';',
        _ => caller.registry.mode().comm_char(),
    };
    let base = program.path().file_name().unwrap_or_default().as_bytes();
    let mut name = format!("{}{mode}", id % 10).into_bytes();
    name.extend_from_slice(&base[..base.len().min(13)]);
    CString::new(name).unwrap_or_default()
}

/// Files that were seen to load: only the first spawn of a program waits whether its libraries are all there.
static LOADED: Mutex<Vec<FileKey>> = Mutex::new(Vec::new());

/// Device, inode, time of the last change of the contents and of the file's properties.
type FileKey = (u64, u64, (i64, i64), (i64, i64));

fn key(path: &Path) -> Option<FileKey> {
    let file = std::fs::metadata(path).ok()?;
    Some((file.dev(), file.ino(), (file.mtime(), file.mtime_nsec()), (file.ctime(), file.ctime_nsec())))
}

fn has_loaded_before(path: &Path) -> bool {
    let loaded = LOADED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    key(path).is_some_and(|key| loaded.contains(&key))
}
