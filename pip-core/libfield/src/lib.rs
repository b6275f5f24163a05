//! `libpip_field.so`: fields, the arrays that a task writes step by step and others read in place, for C (`pip/field.h`) and
//! Python (`procinproc`). The functions are thin: check, translate, call `pip_core::sharing::field`, translate back.
//!
//! Other than libpip.so this library takes nothing over: a program may load it whenever it wants.
#![allow(clippy::missing_safety_doc)] // C callers read pip/field.h

mod exporting;
mod failure;
mod reading;

use failure::Failure;
use pip_core::sharing::{Peer, Sharing};
use std::ffi::{CStr, c_char, c_int};
use std::time::Duration;

/// PIP_PIPID_ROOT and PIP_PIPID_ANY.
const PIPID_ROOT: c_int = -748;
const PIPID_ANY: c_int = -750;

/// The calling task.
fn sharing() -> Result<Sharing, Failure> {
    pip_core::current::current().map(|task| task.sharing()).ok_or(Failure::NoTask)
}

/// # Safety
/// Null or a C string that lives as long as the result is used.
unsafe fn text<'a>(text: *const c_char, what: &'static str) -> Result<&'a str, Failure> {
    if text.is_null() {
        return Err(Failure::Argument(what, "null".to_owned()));
    }
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map_err(|_| Failure::Argument(what, format!("{text:?}, which is not UTF-8")))
}

/// Seconds; negative is for ever.
fn timeout(seconds: f64) -> Result<Duration, Failure> {
    if seconds < 0.0 || seconds == f64::INFINITY {
        return Ok(Duration::MAX);
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| Failure::Argument("timeout", seconds.to_string()))
}

/// None: whoever it is.
fn peer(pipid: c_int) -> Result<Option<Peer>, Failure> {
    match (pipid, usize::try_from(pipid)) {
        (_, Ok(id)) => Ok(Some(Peer::Task(id))),
        (PIPID_ROOT, _) => Ok(Some(Peer::Root)),
        (PIPID_ANY, _) => Ok(None),
        _ => Err(Failure::Argument("pipid", pipid.to_string())),
    }
}

fn pipid(peer: Peer) -> c_int {
    match peer {
        Peer::Root => PIPID_ROOT,
        Peer::Task(id) => id as c_int,
    }
}
