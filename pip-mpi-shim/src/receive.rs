//! Receives: blocking, non-blocking, persistent, and of matched messages.

use crate::abi::{self, Message, Outcome, Request, Status};
use crate::communicator::{self, Communicator};
use crate::completion;
use crate::engine::{self, Engine};
use crate::exports::Recv_c;
use crate::failure::Failure;
use crate::incoming::Direct;
use crate::layout::View;
use crate::matching::Pattern;
use crate::operation::{self, Arguments, Checked};
use crate::request::{Handle, Index, Kind, Matched, Operation, Persistent};
use core::ffi::c_int;

/// MPI_Recv; None leaves the call to the MPI library.
#[inline(always)]
pub fn blocking(arguments: Arguments, status: *mut Status) -> Option<c_int> {
    match directly(&arguments) {
        Some(outcome) if outcome.error == abi::SUCCESS => {
            // SAFETY: the program's status.
            unsafe { outcome.store(status) };
            Some(abi::SUCCESS)
        }
        Some(outcome) => truncated(&arguments, &outcome, status),
        None => general(arguments, status),
    }
}

#[cold]
fn truncated(arguments: &Arguments, outcome: &Outcome, status: *mut Status) -> Option<c_int> {
    // SAFETY: the program's status.
    unsafe { outcome.store(status) };
    let view = arguments.plain()?;
    Some(completion::report("MPI_Recv", arguments.comm, view.len(), outcome))
}

#[inline(never)]
fn general(arguments: Arguments, status: *mut Status) -> Option<c_int> {
    let operation = match arguments.check_receive() {
        Checked::Ours(operation) => operation,
        Checked::ProcNull | Checked::Library => return None,
    };
    let handle = engine::with(operation.lane, |engine| {
        let index = post(engine, operation);
        engine.handle(index)
    })?;
    Some(completion::wait_status(handle, status, "MPI_Recv"))
}

/// Polls the sender's mailbox for a while, with nothing that is not needed for most receives; None if the receive must be
/// posted to go on.
#[inline(always)]
fn directly(arguments: &Arguments) -> Option<Outcome> {
    let view = arguments.plain()?;
    let communicator = communicator::get(arguments.comm)?;
    let (context, pattern) = (communicator.context, arguments.pattern(communicator)?);
    let world = pattern.source.map(|source| communicator.world_rank(source));
    let mut engine = engine::enter(communicator.lane)?;
    // From another space nothing comes into a mailbox.
    if !communicator.local && !world.is_some_and(|world| engine.job.is_local(world)) {
        return None;
    }
    poll(&mut engine, world, context, pattern, &view)
}

#[inline(always)]
fn poll(engine: &mut Engine, world: Option<u32>, context: u32, pattern: Pattern, view: &View) -> Option<Outcome> {
    // Long enough for a peer that is about to send; then the general path looks after everything else too.
    const POLLS: usize = 1000;
    if !engine.may_receive_directly(context) {
        return None;
    }
    engine.mail.accept(engine.job, engine.tunables);
    let polls = if engine::is_shared() { 1 } else { engine.job.polls(POLLS) };
    for _ in 0..polls {
        let found = match world {
            Some(world) => engine.receive_directly(world, context, pattern, view),
            None => from_anyone(engine, context, pattern, view),
        };
        match found {
            Direct::Received(outcome) => return Some(outcome),
            Direct::Blocked => return None,
            // The pause keeps polls in flight from being thrown away when the line changes, which costs more.
            Direct::Nothing => core::hint::spin_loop(),
        }
    }
    None
}

#[inline(never)]
fn from_anyone(engine: &mut Engine, context: u32, pattern: Pattern, view: &View) -> Direct {
    if engine.mail.marks().is_some() {
        return Direct::Blocked;
    }
    for i in 0..engine.mail.peer_count() {
        match engine.receive_directly(engine.mail.peer(i), context, pattern, view) {
            Direct::Nothing => {}
            found => return found,
        }
    }
    Direct::Nothing
}

/// Posts a receive in a slot of its own.
pub fn post(engine: &mut Engine, operation: Operation) -> Index {
    let (context, pattern) = (operation.context, operation.pattern());
    let index = engine.requests.insert(Kind::Receive, Some(operation));
    engine.post(index, context, pattern);
    index
}

/// MPI_Irecv.
#[inline(always)]
pub fn nonblocking(arguments: Arguments, request: *mut Request) -> Option<c_int> {
    if let Some(handle) = plainly(&arguments) {
        // SAFETY: MPI gives a request to fill.
        unsafe { *request = handle.request() };
        return Some(abi::SUCCESS);
    }
    general_nonblocking(arguments, request)
}

/// A receive of a predefined type, with nothing that is not needed for that.
#[inline(always)]
fn plainly(arguments: &Arguments) -> Option<Handle> {
    let view = arguments.plain()?;
    let communicator = communicator::get(arguments.comm)?;
    let pattern = arguments.pattern(communicator)?;
    let &Communicator { context, lane, rank, .. } = communicator;
    // No closure: what it captures would be moved in other pieces than it was put together in, which stalls.
    let mut engine = engine::enter(lane)?;
    let index = engine.requests.insert(
        Kind::Receive,
        Some(Operation {
            comm: arguments.comm,
            context,
            lane,
            own_rank: rank,
            peer: pattern.source,
            peer_world: 0,
            tag: pattern.tag,
            view,
            layout: None,
        }),
    );
    engine.post(index, context, pattern);
    Some(engine.handle(index))
}

#[inline(never)]
fn general_nonblocking(arguments: Arguments, request: *mut Request) -> Option<c_int> {
    match arguments.check_receive() {
        Checked::Ours(operation) => {
            let handle = engine::with(operation.lane, |engine| {
                let index = post(engine, operation);
                engine.handle(index)
            })?;
            // SAFETY: MPI gives a request to fill.
            unsafe { *request = handle.request() };
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
    let handle = Handle::of(unsafe { *message })?;
    let index = handle.index;
    if status.is_null() || request.is_some_and(<*mut Request>::is_null) {
        return Some(Failure::Null.raise("MPI_Mrecv", abi::COMM_WORLD));
    }
    let Some((view, layout)) = operation::data(buffer, count, datatype) else {
        // The library reports what is wrong with them; the message stays as it is.
        // SAFETY: the program's arguments, for a receive that transfers nothing.
        return Some(unsafe { Recv_c::real(buffer, count, datatype, abi::PROC_NULL, 0, abi::COMM_WORLD, abi::STATUS_IGNORE) });
    };
    engine::with(handle.lane, |engine| {
        let slot = engine.requests.get(index)?;
        if let Some(operation) = &mut slot.operation {
            // The sender may copy on, by this layout, after the program has freed the datatype.
            (operation.view, operation.layout) = (view, layout);
        }
        let Kind::Message(Matched { source, tag, message }) = std::mem::replace(&mut slot.kind, Kind::Receive) else {
            return None;
        };
        engine.open(index, message, source, tag).then_some(())
    })??;
    // SAFETY: the program's message, request and status.
    unsafe {
        *message = abi::MESSAGE_NULL;
        if let Some(request) = request {
            *request = handle.request();
            return Some(abi::SUCCESS);
        }
    }
    Some(completion::wait_status(handle, status, "MPI_Mrecv"))
}

/// Bytes that the operation in a slot has room for.
pub fn room_of(engine: &mut Engine, index: Index) -> usize {
    let operation = engine.requests.get(index).and_then(|slot| slot.operation.as_ref());
    operation.map_or(0, |operation| operation.view.len())
}
