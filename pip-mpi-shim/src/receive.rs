//! Receives: blocking, non-blocking, persistent, and of matched messages.

use crate::abi::{self, Message, Outcome, Request, Status};
use crate::completion;
use crate::engine::{self, Direct, Engine};
use crate::layout::View;
use crate::operation::{self, Arguments, Checked};
use crate::request::{Index, Kind, Matched, Operation, Persistent, handle_of, index_of};
use core::ffi::c_int;

/// MPI_Recv; None leaves the call to the MPI library.
#[inline]
pub fn blocking(arguments: Arguments, status: *mut Status) -> Option<c_int> {
    let operation = match arguments.check_receive() {
        Checked::Ours(operation) => operation,
        Checked::ProcNull => {
            // SAFETY: the program's status.
            unsafe { Outcome::PROC_NULL.store(status) };
            return Some(abi::SUCCESS);
        }
        Checked::Library => return None,
    };
    if let Some(outcome) = engine::with(|engine| directly(engine, &operation))? {
        // SAFETY: as above.
        unsafe { outcome.store(status) };
        return Some(completion::report(arguments.comm, &operation.view, &outcome));
    }
    let index = engine::with(|engine| post(engine, operation))?;
    Some(completion::wait_status(index, status))
}

/// Polls the mailboxes for a while; None if the receive must be posted to go on.
#[inline]
fn directly(engine: &mut Engine, operation: &Operation) -> Option<Outcome> {
    // Long enough for a peer that is about to send; then the general path looks after everything else too.
    const POLLS: usize = 2000;
    let polls = if engine.job.crowded || engine::is_shared() { 1 } else { POLLS };
    for _ in 0..polls {
        if !engine.may_receive_directly(operation.context) {
            return None;
        }
        match engine.receive_directly(operation.context, operation.pattern(), &operation.view) {
            Direct::Received(outcome) => return Some(outcome),
            Direct::Blocked => return None,
            Direct::Nothing => {}
        }
    }
    None
}

/// Posts a receive in a slot of its own.
pub fn post(engine: &mut Engine, operation: Operation) -> Index {
    let (context, pattern) = (operation.context, operation.pattern());
    let index = engine.requests.insert(Kind::Receive, Some(operation));
    engine.post(index, context, pattern);
    index
}

/// MPI_Irecv.
#[inline]
pub fn nonblocking(arguments: Arguments, request: *mut Request) -> Option<c_int> {
    match arguments.check_receive() {
        Checked::Ours(operation) => {
            let (context, pattern) = (operation.context, operation.pattern());
            let index = engine::with(|engine| {
                let index = engine.requests.insert(Kind::Receive, Some(operation));
                engine.post(index, context, pattern);
                index
            })?;
            // SAFETY: MPI gives a request to fill.
            unsafe { *request = handle_of(index) };
            Some(abi::SUCCESS)
        }
        Checked::ProcNull | Checked::Library => None,
    }
}

/// MPI_Recv_init.
pub fn init(arguments: Arguments, request: *mut Request) -> Option<c_int> {
    let (kind, operation, persistent) = match arguments.check_receive() {
        Checked::Ours(operation) => (Kind::Receive, Some(operation), Persistent::Receive),
        Checked::ProcNull => (Kind::Nothing, None, Persistent::Nothing),
        Checked::Library => return None,
    };
    completion::init(kind, operation, persistent, request)
}

/// MPI_Mrecv and MPI_Imrecv: opens a message that a matched probe took. With `request` it fills that, else `status`.
pub fn matched(
    buffer: abi::Buffer,
    count: abi::Count,
    datatype: abi::Datatype,
    message: *mut Message,
    status: *mut Status,
    request: Option<*mut Request>,
) -> Option<c_int> {
    // SAFETY: MPI gives a message handle.
    let index = index_of(unsafe { *message })?;
    let (view, layout) = operation::data(buffer, count, datatype)?;
    let (outcome, comm) = engine::with(|engine| {
        let slot = engine.requests.get(index)?;
        let comm = slot.operation.as_ref().map_or(abi::COMM_WORLD, |operation| operation.comm);
        let Kind::Message(Matched { source, tag, message }) = std::mem::replace(&mut slot.kind, Kind::Receive) else {
            return None;
        };
        let outcome = engine.open(message, &view, source, tag)?;
        match request {
            None => engine.requests.remove(index),
            Some(_) => {
                let slot = engine.requests.get(index)?;
                (slot.complete, slot.outcome) = (true, outcome);
            }
        }
        Some((outcome, comm))
    })??;
    drop(layout);
    // SAFETY: the program's message, request and status.
    unsafe {
        *message = abi::MESSAGE_NULL;
        match request {
            Some(request) => {
                *request = handle_of(index);
                return Some(abi::SUCCESS);
            }
            None => outcome.store(status),
        }
    }
    Some(completion::report(comm, &view, &outcome))
}

/// The view of an operation in a slot, for messages about it.
pub fn view_of(engine: &mut Engine, index: Index) -> View {
    let operation = engine.requests.get(index).and_then(|slot| slot.operation.as_ref());
    operation.map_or(View::bytes(core::ptr::null_mut(), 0), |operation| operation.view)
}
