//! `pip_init` and `pip_fin`.

use crate::caller::{self, PIPID_ROOT, caller, set_root};
use crate::errno::{Errno, code};
use crate::{messages, signals};
use pip_core::settings::{self, ModeError};
use pip_core::{Mode, Root, faults};
use std::ffi::{c_int, c_void};
use std::sync::atomic::Ordering;

/// PIP_NTASKS_MAX
const DEFAULT_TASKS: i32 = 300;

/// `pip_init`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pip_init(
    pipid: *mut c_int,
    ntasks: *mut c_int,
    root_export: *mut *mut c_void,
    options: c_int,
) -> c_int {
    // SAFETY: the C caller's pointers are null or valid, here and below.
    let (pipid, ntasks, root_export) = unsafe { (pipid.as_mut(), ntasks.as_mut(), root_export.as_mut()) };
    let (id, count) = match caller::find() {
        Some(task) if task.id.is_some() => {
            let exported = task.registry.root_entry().export().load(Ordering::Acquire);
            if let Some(place) = root_export.filter(|_| !exported.is_null()) {
                *place = exported;
            }
            (caller::pipid(task.id), task.registry.capacity() as i32)
        }
        Some(_) => return Errno::EBUSY.0,
        None => {
            let count = ntasks.as_deref().copied().unwrap_or(DEFAULT_TASKS);
            if let Err(errno) = init_root(count, root_export.map_or(std::ptr::null_mut(), |place| *place), options) {
                return errno.0;
            }
            (PIPID_ROOT, count)
        }
    };
    if let Some(place) = pipid {
        *place = id;
    }
    if let Some(place) = ntasks {
        *place = count;
    }
    0
}

fn init_root(count: i32, export: *mut c_void, options: c_int) -> Result<(), Errno> {
    let count = usize::try_from(count).ok().filter(|count| *count > 0).ok_or(Errno::EINVAL)?;
    if count > pip_core::registry::CAPACITY_LIMIT {
        return Err(Errno::EOVERFLOW);
    }
    let choice = settings::choose(options).map_err(|error| match error {
        ModeError::Options(_) => Errno::EINVAL,
        _ => {
            messages::warn(&error.to_string());
            Errno::EPERM
        }
    })?;
    if signals::is_blocked(libc::SIGCHLD) {
        messages::error("SIGCHLD is blocked, but waiting for tasks needs it: unblock it before pip_init");
        return Err(Errno::EPERM);
    }
    let root = Root::with_mode(count, choice.mode).map_err(|error| {
        messages::error(&error.to_string());
        Errno::from(&error)
    })?;
    root.registry().option.store(choice.option as u32, Ordering::Release);
    root.registry().root_entry().export().store(export, Ordering::Release);
    // SAFETY: cannot fail.
    let own_handle = unsafe { libc::pthread_self() };
    root.registry().root_entry().handle.store(own_handle as usize, Ordering::Release);
    signals::keep_statuses();
    signals::block(libc::SIGCHLD);
    if choice.mode == Mode::Process {
        signals::install_abort_handler(root.registry());
    }
    name_root(if choice.option == settings::option::PIPCLONE { ';' } else { choice.mode.comm_char() });
    set_root(Some(root));
    crate::debugging::prepare();
    Ok(())
}

/// The command name `R:program`, by which pips knows a root.
fn name_root(mode: char) {
    let own = std::fs::read("/proc/self/comm").unwrap_or_default();
    let own = own.strip_suffix(b"\n").unwrap_or(&own);
    let mut name = [0u8; 16];
    name[0] = b'R';
    name[1] = mode as u8;
    let len = own.len().min(13);
    name[2..2 + len].copy_from_slice(&own[..len]);
    // SAFETY: a C string of at most 16 bytes.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}

/// `pip_fin`
#[unsafe(no_mangle)]
pub extern "C" fn pip_fin() -> c_int {
    code((|| {
        let caller = caller()?;
        if caller.id.is_some() {
            faults::uninstall();
            return Ok(());
        }
        let state = caller::root().ok_or(Errno::EPERM)?;
        state.root.finish().map_err(|error| Errno::from(&error))?;
        set_root(None);
        signals::restore();
        Ok(())
    })())
}

/// `pip_is_initialized`
#[unsafe(no_mangle)]
pub extern "C" fn pip_is_initialized() -> c_int {
    caller::find().is_some().into()
}
