//! Sends in all modes: blocking, non-blocking, persistent.

use crate::abi::{self, Request};
use crate::buffered;
use crate::communicator;
use crate::completion;
use crate::engine::{self, Engine};
use crate::failure::Failure;
use crate::operation::{Arguments, Checked};
use crate::request::{self, Index, Kind, Mode, Operation, Persistent};
use crate::ring::{Envelope, LINES_MAX};
use core::ffi::c_int;

fn envelope(operation: &Operation) -> Envelope {
    Envelope { context: operation.context, source: operation.own_rank, tag: operation.tag.unwrap_or(0) }
}

/// Whether the message leaves the sender's hands at once.
#[inline]
fn is_eager(engine: &mut Engine, mode: Mode, operation: &Operation, copy_max: usize) -> bool {
    let len = operation.view.len();
    match mode {
        Mode::Standard if len <= copy_max => true,
        Mode::Standard => len <= engine.tunables.eager_max && engine.copies(operation.peer_world, len),
        Mode::Synchronous => false,
        // Without room in the attached buffer it is an error, however short.
        Mode::Buffered => len <= engine.tunables.eager_max && buffered::fits(len),
    }
}

/// MPI_Send and its modes; None leaves the call to the MPI library.
#[inline(always)]
pub fn blocking(mode: Mode, arguments: Arguments) -> Option<c_int> {
    if mode == Mode::Standard && short(&arguments).is_some() {
        return Some(abi::SUCCESS);
    }
    general(mode, arguments)
}

/// The way of most messages, with nothing that is not needed for them: a predefined type and few bytes.
#[inline(always)]
fn short(arguments: &Arguments) -> Option<()> {
    let view = arguments.plain()?;
    let communicator = communicator::get(arguments.comm)?;
    let usual = view.len() <= LINES_MAX
        && (arguments.peer as u32) < communicator.size
        && (0..=abi::TAG_UB).contains(&arguments.tag);
    if !usual {
        return None;
    }
    let envelope = Envelope { context: communicator.context, source: communicator.rank, tag: arguments.tag };
    let world = communicator.world_rank(arguments.peer as u32);
    engine::enter(communicator.lane)?.send_eager(world, envelope, &view);
    Some(())
}

#[inline(never)]
fn general(mode: Mode, arguments: Arguments) -> Option<c_int> {
    let operation = match arguments.check_send() {
        Checked::Ours(operation) => operation,
        Checked::ProcNull => return None, // the library checks the rest of the arguments and does nothing
        Checked::Library => return library(&arguments),
    };
    let started = engine::with(operation.lane, |engine| {
        if is_eager(engine, mode, &operation, LINES_MAX) {
            engine.send_eager(operation.peer_world, envelope(&operation), &operation.view);
            return Ok(None);
        }
        start(engine, mode, operation, true).map(|index| Some(engine.handle(index)))
    })?;
    match started {
        Ok(Some(handle)) => Some(completion::watch(handle)),
        Ok(None) => Some(abi::SUCCESS),
        Err(failure) => Some(failure.raise("MPI_Bsend", arguments.comm)),
    }
}

/// MPI_Isend and its modes.
#[inline(always)]
pub fn nonblocking(mode: Mode, arguments: Arguments, request: *mut Request) -> Option<c_int> {
    if mode == Mode::Standard && short(&arguments).is_some() {
        // SAFETY: MPI gives a request to fill.
        unsafe { *request = abi::REQUEST_COMPLETE_SEND };
        return Some(abi::SUCCESS);
    }
    general_nonblocking(mode, arguments, request)
}

#[inline(never)]
fn general_nonblocking(mode: Mode, arguments: Arguments, request: *mut Request) -> Option<c_int> {
    let operation = match arguments.check_send() {
        Checked::Ours(operation) => operation,
        Checked::ProcNull => return None, // the library's request is complete at once
        Checked::Library => return library(&arguments),
    };
    let started = engine::with(operation.lane, |engine| {
        if is_eager(engine, mode, &operation, engine.tunables.copy_max) {
            engine.send_eager(operation.peer_world, envelope(&operation), &operation.view);
            return Ok(abi::REQUEST_COMPLETE_SEND);
        }
        start(engine, mode, operation, false).map(|index| engine.handle(index).request())
    })?;
    match started {
        Ok(handle) => {
            // SAFETY: MPI gives a request to fill.
            unsafe { *request = handle };
            Some(abi::SUCCESS)
        }
        Err(failure) => Some(failure.raise("MPI_Bsend", arguments.comm)),
    }
}

/// Starts a send in a slot of its own; the slot is complete when the send is. `blocking` if the caller watches it from
/// here on until it is.
pub fn start(engine: &mut Engine, mode: Mode, operation: Operation, blocking: bool) -> Result<Index, Failure> {
    let index = engine.requests.insert(Kind::Send, Some(operation));
    start_in(engine, mode, index, blocking).inspect_err(|_| engine.requests.remove(index))?;
    Ok(index)
}

/// Starts the send that slot `index` describes.
pub fn start_in(engine: &mut Engine, mode: Mode, index: Index, blocking: bool) -> Result<(), Failure> {
    let Some(operation) = engine.requests.get(index).and_then(|r| r.operation.clone()) else {
        return Err(completion::STALE);
    };
    let (world, view) = (operation.peer_world, operation.view);
    // A blocking sender waits for the receiver anyway.
    let copy_max = if blocking { LINES_MAX } else { engine.tunables.copy_max };
    if is_eager(engine, mode, &operation, copy_max) {
        engine.send_eager(world, envelope(&operation), &view);
        engine.requests.update(index, |slot| slot.complete = true);
    } else if mode == Mode::Buffered {
        buffered::reserve(view.len()).ok_or(Failure::NoSpace(view.len()))?;
        // SAFETY: the program's send buffer.
        let data = unsafe { view.gather() };
        engine.send_owned(world, envelope(&operation), data);
        engine.requests.update(index, |slot| slot.complete = true);
    } else {
        engine.requests.update(index, |slot| (slot.standard, slot.started) = (mode == Mode::Standard, request::now()));
        let may_move = mode == Mode::Standard && view.len() <= engine.tunables.eager_max;
        engine.send_offer(world, envelope(&operation), &view, index, blocking && !may_move);
    }
    Ok(())
}

/// MPI_Send_init and its modes.
pub fn init(mode: Mode, arguments: Arguments, request: *mut Request) -> Option<c_int> {
    let (kind, operation, persistent) = match arguments.check_send() {
        Checked::Ours(operation) => (Kind::Send, Some(operation), Persistent::Send(mode)),
        Checked::ProcNull => (Kind::Nothing, None, Persistent::Nothing),
        Checked::Library => return None,
    };
    completion::init(kind, operation, persistent, request)
}

/// Counts a message that the MPI library will carry.
fn library(arguments: &Arguments) -> Option<c_int> {
    let bytes = crate::operation::data(arguments.buffer, arguments.count, arguments.datatype).map_or(0, |d| d.0.len());
    engine::with(0, |engine| engine.stats.library.add(bytes));
    None
}
