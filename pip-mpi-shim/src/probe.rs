//! Probes (MPI-4.0 section 3.8): what a receive would get, without or with taking it.

use crate::abi::{self, Comm, Message, Outcome, Status};
use crate::completion;
use crate::engine::{self, Engine, Lane};
use crate::operation::{self, Checked};
use crate::request::{Kind, Matched, Operation};
use core::ffi::c_int;

fn outcome((source, tag, bytes): (u32, i32, usize)) -> Outcome {
    Outcome { source: source as i32, tag, bytes, cancelled: false, error: abi::SUCCESS }
}

/// Repeats `look` until it finds something.
fn until<R>(lane: Lane, mut look: impl FnMut(&mut Engine) -> Option<R>) -> Option<R> {
    let mut found = None;
    completion::wait_until(Some(lane), || {
        found = engine::with(lane, &mut look).flatten();
        found.is_some()
    });
    found
}

/// MPI_Probe; None leaves the call to the library.
pub fn wait(source: c_int, tag: c_int, comm: Comm, status: *mut Status) -> Option<c_int> {
    let Checked::Ours(operation) = operation::probe(source, tag, comm) else { return None };
    let found = until(operation.lane, |engine| engine.probe(operation.context, operation.pattern()))?;
    // SAFETY: the program's status.
    unsafe { outcome(found).store(status) };
    Some(abi::SUCCESS)
}

/// MPI_Iprobe.
pub fn test(source: c_int, tag: c_int, comm: Comm, flag: *mut c_int, status: *mut Status) -> Option<c_int> {
    let Checked::Ours(operation) = operation::probe(source, tag, comm) else { return None };
    let found = engine::with(operation.lane, |engine| {
        engine.progress();
        engine.probe(operation.context, operation.pattern())
    })?;
    // SAFETY: the program's flag and status.
    unsafe {
        *flag = c_int::from(found.is_some());
        match found {
            Some(found) => outcome(found).store(status),
            None => completion::idle(),
        }
    }
    Some(abi::SUCCESS)
}

/// Keeps a taken message in a slot and fills the program's handle and status.
fn hand_over(operation: Operation, matched: Matched, message: *mut Message, status: *mut Status) -> Option<c_int> {
    let found = outcome((matched.source, matched.tag, matched.message.len()));
    let handle = engine::with(operation.lane, |engine| {
        let index = engine.requests.insert(Kind::Message(matched), Some(operation));
        engine.handle(index)
    })?;
    // SAFETY: the program's message and status.
    unsafe {
        *message = handle.request();
        found.store(status);
    }
    Some(abi::SUCCESS)
}

/// MPI_Mprobe.
pub fn wait_and_take(source: c_int, tag: c_int, comm: Comm, message: *mut Message, status: *mut Status) -> Option<c_int> {
    let Checked::Ours(operation) = operation::probe(source, tag, comm) else { return None };
    let matched = until(operation.lane, |engine| engine.take(operation.context, operation.pattern()))?;
    hand_over(operation, matched, message, status)
}

/// MPI_Improbe.
pub fn test_and_take(
    source: c_int,
    tag: c_int,
    comm: Comm,
    flag: *mut c_int,
    message: *mut Message,
    status: *mut Status,
) -> Option<c_int> {
    let Checked::Ours(operation) = operation::probe(source, tag, comm) else { return None };
    let matched = engine::with(operation.lane, |engine| {
        engine.progress();
        engine.take(operation.context, operation.pattern())
    })?;
    // SAFETY: the program's flag.
    unsafe { *flag = c_int::from(matched.is_some()) };
    match matched {
        Some(matched) => hand_over(operation, matched, message, status),
        None => {
            completion::idle();
            Some(abi::SUCCESS)
        }
    }
}
