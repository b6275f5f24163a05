//! Completion of a request, the shim's or the library's: MPI_Wait, MPI_Test (MPI-4.0 section 3.7.3), and errors.

use crate::abi::{self, Comm, Outcome, Request, Status};
use crate::collective::{self, Trouble};
use crate::engine::{self, Engine, Lane};
use crate::failure::Failure;
use crate::exports::{Request_get_status, Testany};
use crate::job;
use crate::library;
use crate::request::{Handle, Index, Kind, Operation, Persistent, Received, Request as Slot};
use crate::waiting::{Gate, Patience};
use core::ffi::c_int;

/// Polls of one lane between two of all others.
const OTHER_LANES: usize = 16;

/// Waits, with progress on all sides, until `ready`, which is not asked again once it has said yes: it may have taken
/// something. What it waits for comes in `lane`, or in any.
pub fn wait_until(lane: Option<Lane>, mut ready: impl FnMut() -> bool) {
    wait_at(lane, |_| ready());
}

/// The same where `ready` says at which gate this rank may sleep.
pub fn wait_at<'g>(lane: Option<Lane>, mut ready: impl FnMut(&mut Option<Gate<'g>>) -> bool) {
    let Some(job) = job::current() else { return };
    let (mut done, mut gate) = (false, None);
    let mut ready = |gate: &mut Option<Gate<'g>>| {
        done = done || ready(gate);
        done
    };
    let spin = crate::tunables::get().spin;
    let mut patience = Patience::new(job);
    let mut polls = 0;
    while !ready(&mut gate) {
        polls += 1;
        let any = match lane {
            Some(lane) if polls % OTHER_LANES != 0 => {
                engine::with(lane, Engine::progress).unwrap_or(false) | collective::progress()
            }
            _ => engine::progress(),
        };
        if ready(&mut gate) {
            return;
        }
        if any {
            patience.renew();
        }
        let late_mail = || engine::progress() || ready(&mut None);
        if patience.wait(spin, library::is_busy(), gate, late_mail) {
            library::poll();
        }
    }
}

/// The return code of a receive into `room` bytes: MPI_SUCCESS, or the error its outcome tells of, raised.
#[inline]
pub fn report(function: &str, comm: Comm, room: usize, outcome: &Outcome) -> c_int {
    report_of(function, comm, room, outcome, None)
}

/// The same for a request that may be a collective call in which something went wrong.
#[inline]
fn report_of(function: &str, comm: Comm, room: usize, outcome: &Outcome, trouble: Option<Trouble>) -> c_int {
    if outcome.error == abi::SUCCESS {
        return abi::SUCCESS;
    }
    let failure = trouble.map_or(Failure::Truncated { outcome: *outcome, room }, Failure::Collective);
    failure.raise(function, comm)
}

/// How one request of an array stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// MPI_REQUEST_NULL or a persistent request that was not started.
    Inactive,
    Pending,
    /// Completed now, with this return code; the handle and the status are up to date.
    Done(c_int),
    /// It is no request; the code of the error, which has been raised.
    Invalid(c_int),
}

/// What a handle is that was the shim's, but is no more.
const STALE_IN: &str = "completion of a request";
/// The error.
pub const STALE: Failure = Failure::Request("the request was completed or freed before");

/// Completes the request if it can be; never blocks. Errors of shim requests are raised if
/// `function`, what the program called, is given.
///
/// # Safety
/// `handle` and `status` are the program's.
#[inline]
pub unsafe fn advance(handle: *mut Request, status: *mut Status, function: Option<&'static str>) -> Standing {
    // SAFETY: the program's request and status.
    unsafe {
        if *handle == abi::REQUEST_NULL {
            return Standing::Inactive;
        }
        if let Some(outcome) = complete_at_once(*handle) {
            *handle = abi::REQUEST_NULL;
            outcome.store(status);
            return Standing::Done(abi::SUCCESS);
        }
        let Some(Handle { lane, index }) = Handle::of(*handle) else { return advance_library(handle, status) };
        let Some(mut engine) = engine::enter(lane) else { return Standing::Inactive };
        match engine.requests.get(index).map(|slot| slot.active) {
            Some(true) => {}
            Some(false) => return Standing::Inactive,
            None => {
                drop(engine);
                return Standing::Invalid(STALE.raise(STALE_IN, abi::COMM_WORLD));
            }
        }
        if !is_done(&mut engine, index) {
            return Standing::Pending;
        }
        let Finished { outcome, persistent, comm, room, trouble } = finish(&mut engine, index);
        drop(engine);
        if !persistent {
            *handle = abi::REQUEST_NULL;
        }
        outcome.store(status);
        match function {
            Some(function) => Standing::Done(report_of(function, comm, room, &outcome, trouble)),
            None => Standing::Done(outcome.error),
        }
    }
}

/// Whether the request in slot `index` is complete. A short standard send becomes so even if its receiver does not come.
#[inline]
fn is_done(engine: &mut Engine, index: Index) -> bool {
    if engine.is_complete(index) {
        return true;
    }
    let eager_max = engine.tunables.eager_max;
    let Some(slot) = engine.requests.get(index) else { return true };
    if let Kind::Both(send, receive) = slot.kind {
        return is_done(engine, send) & is_done(engine, receive);
    }
    if slot.may_move(eager_max) {
        if slot.is_overdue() {
            engine.release_sender(index);
        }
    } else if let Some(offer) = slot.offer.as_deref().map(core::ptr::from_ref) {
        // SAFETY: the offer stays where it is until it is complete.
        engine.help(unsafe { &*offer });
    } else if slot.halved.is_some() {
        engine.join(index);
    }
    engine.is_complete(index)
}

/// The outcome of the requests that stand for operations that were complete when they began.
#[inline]
fn complete_at_once(handle: Request) -> Option<Outcome> {
    match handle {
        abi::REQUEST_COMPLETE_SEND => Some(Outcome::EMPTY),
        abi::REQUEST_COMPLETE_RECEIVE => Some(Outcome::PROC_NULL),
        _ => None,
    }
}

/// Whether a request is the MPI library's, and not one of those that are complete from the start.
pub fn is_library(handle: Request) -> bool {
    handle != abi::REQUEST_NULL && complete_at_once(handle).is_none() && Handle::of(handle).is_none()
}

/// The same for a request of the MPI library. MPI_Testany tells an inactive persistent request from a complete one.
unsafe fn advance_library(handle: *mut Request, status: *mut Status) -> Standing {
    let (mut index, mut flag) = (0, 0);
    // SAFETY: as in `advance`.
    let code = unsafe { Testany::real(1, handle, &mut index, &mut flag, status) };
    match (code, flag, index) {
        (abi::SUCCESS, 0, _) => Standing::Pending,
        (abi::SUCCESS, _, abi::UNDEFINED) => Standing::Inactive,
        _ if abi::error_class(code) == abi::ERR_REQUEST => Standing::Invalid(code),
        _ => Standing::Done(code),
    }
}

struct Finished {
    outcome: Outcome,
    persistent: bool,
    comm: Comm,
    /// Bytes that a receive had room for.
    room: usize,
    /// What went wrong in a collective call.
    trouble: Option<Trouble>,
}

/// Takes the outcome of a complete request and frees or deactivates its slot.
#[inline]
fn finish(engine: &mut Engine, index: Index) -> Finished {
    match engine.requests.take_received(index) {
        Some(Received { outcome, comm, room }) => Finished { outcome, persistent: false, comm, room, trouble: None },
        None => finish_any(engine, index),
    }
}

#[inline(never)]
fn finish_any(engine: &mut Engine, index: Index) -> Finished {
    let room = crate::receive::room_of(engine, index);
    engine.settle(index);
    let Some(slot) = engine.requests.get(index) else {
        return Finished { outcome: Outcome::EMPTY, persistent: false, comm: abi::COMM_WORLD, room, trouble: None };
    };
    let (comm, trouble) = about(slot);
    let (outcome, persistent) = (slot.outcome, slot.persistent.is_some());
    if let Kind::Both(send, receive) = slot.kind {
        engine.release(send);
        let received = finish(engine, receive);
        engine.requests.remove(index);
        return received;
    }
    if persistent {
        (slot.active, slot.complete, slot.lands) = (false, false, false);
    } else {
        engine.requests.remove(index);
    }
    Finished { outcome, persistent, comm, room, trouble }
}

/// Whose error handler is called for a request, and what went wrong in a collective one.
fn about(slot: &Slot) -> (Comm, Option<Trouble>) {
    match &slot.kind {
        Kind::Collective(about) => (about.comm, about.trouble),
        _ => (slot.operation.as_ref().map_or(abi::COMM_WORLD, |operation| operation.comm), None),
    }
}

/// Waits for a send whose receiver is probably about to take it: with nothing that is not needed for that.
pub fn watch(handle: Handle) -> c_int {
    const POLLS: usize = 4000;
    let done = engine::with(handle.lane, |engine| {
        let polls = if engine::is_shared() { 1 } else { engine.job.polls(POLLS) };
        for poll in 1..=polls {
            if is_done(engine, handle.index) {
                finish(engine, handle.index);
                return true;
            }
            if poll % 8 == 0 {
                engine.progress();
            }
            core::hint::spin_loop();
        }
        false
    });
    if done == Some(true) { abi::SUCCESS } else { wait_status(handle, abi::STATUS_IGNORE, "MPI_Send") }
}

/// Waits for a request, which is complete afterwards and freed.
pub fn wait_status(handle: Handle, status: *mut Status, function: &'static str) -> c_int {
    let mut handle = handle.request();
    // SAFETY: a local handle and the program's status.
    unsafe { wait(&mut handle, status, function) }
}

/// The lane in which a request is completed; None if that is the library's affair.
#[inline]
pub fn lane_of(handle: Request) -> Option<Lane> {
    Handle::of(handle).map(|handle| handle.lane)
}

/// MPI_Wait.
///
/// # Safety
/// `handle` and `status` are the program's.
#[inline]
pub unsafe fn wait(handle: *mut Request, status: *mut Status, function: &'static str) -> c_int {
    let mut standing = Standing::Pending;
    // SAFETY: the caller's promise, here and below.
    wait_until(lane_of(unsafe { *handle }), || {
        // SAFETY: as above.
        standing = unsafe { advance(handle, status, Some(function)) };
        standing != Standing::Pending
    });
    match standing {
        Standing::Done(code) | Standing::Invalid(code) => code,
        _ => {
            // SAFETY: as above.
            unsafe { Outcome::EMPTY.store(status) };
            abi::SUCCESS
        }
    }
}

/// MPI_Test.
///
/// # Safety
/// As [`wait`]; `flag` may be written.
pub unsafe fn test(handle: *mut Request, flag: *mut c_int, status: *mut Status) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        progress_for(*handle);
        let standing = advance(handle, status, Some("MPI_Test"));
        *flag = c_int::from(standing != Standing::Pending);
        match standing {
            Standing::Done(code) | Standing::Invalid(code) => code,
            Standing::Inactive => {
                Outcome::EMPTY.store(status);
                abi::SUCCESS
            }
            Standing::Pending => {
                idle();
                abi::SUCCESS
            }
        }
    }
}

/// Progress for a program that asks for one request.
fn progress_for(handle: Request) {
    match lane_of(handle) {
        Some(lane) => {
            engine::with(lane, Engine::progress);
            collective::progress();
        }
        None => _ = engine::progress(),
    }
}

/// Nothing to report to a program that asks again and again.
pub fn idle() {
    if engine::lanes() > 1 {
        engine::progress();
    }
    library::poll_seldom(job::current().is_some_and(|job| job.is_crowded()));
}

/// MPI_Request_get_status; None leaves the call to the library.
///
/// # Safety
/// `flag` and `status` are the program's.
pub unsafe fn get_status(handle: Request, flag: *mut c_int, status: *mut Status) -> Option<c_int> {
    progress_for(handle);
    let Handle { lane, index } = Handle::of(handle)?;
    let complete = match is_complete(handle) {
        Ok(complete) => complete,
        Err(code) => return Some(code),
    };
    let (outcome, (comm, trouble), room) = engine::with(lane, |engine| {
        let index = match engine.requests.get(index).map(|slot| &slot.kind) {
            Some(&Kind::Both(_, receive)) => receive,
            _ => index,
        };
        let room = crate::receive::room_of(engine, index);
        match engine.requests.get(index) {
            Some(slot) if slot.active => {
                (slot.outcome, about(slot), room)
            }
            _ => (Outcome::EMPTY, (abi::COMM_WORLD, None), room),
        }
    })?;
    // SAFETY: the caller's promise.
    unsafe {
        *flag = c_int::from(complete);
        if complete {
            outcome.store(status);
            return Some(report_of("MPI_Request_get_status", comm, room, &outcome, trouble));
        }
    }
    idle();
    Some(abi::SUCCESS)
}

/// A persistent request, not started.
pub fn init(kind: Kind, operation: Option<Operation>, persistent: Persistent, request: *mut Request) -> Option<c_int> {
    let lane = operation.as_ref().map_or(0, |operation| operation.lane);
    init_in(lane, kind, operation, persistent, request)
}

/// The same, in a given lane.
pub fn init_in(
    lane: Lane,
    kind: Kind,
    operation: Option<Operation>,
    persistent: Persistent,
    request: *mut Request,
) -> Option<c_int> {
    let handle = engine::with(lane, |engine| {
        let index = engine.requests.insert(kind, operation);
        engine.requests.update(index, |slot| (slot.active, slot.persistent) = (false, Some(persistent)));
        engine.handle(index)
    })?;
    // SAFETY: MPI gives a request to fill.
    unsafe { *request = handle.request() };
    Some(abi::SUCCESS)
}

/// Whether a request is complete or inactive; it stays as it is. An error code, raised, if it is no request.
pub fn is_complete(handle: Request) -> Result<bool, c_int> {
    if handle == abi::REQUEST_NULL || complete_at_once(handle).is_some() {
        return Ok(true);
    }
    let Some(Handle { lane, index }) = Handle::of(handle) else {
        let mut flag = 0;
        // SAFETY: a request of the MPI library; the flag goes to a local.
        let code = unsafe { Request_get_status::real(handle, &mut flag, abi::STATUS_IGNORE) };
        // Other errors are the operation's: it is complete.
        return if abi::error_class(code) == abi::ERR_REQUEST { Err(code) } else { Ok(flag != 0 || code != abi::SUCCESS) };
    };
    let complete = engine::with(lane, |engine| {
        let active = engine.requests.get(index)?.active;
        Some(!active || is_done(engine, index))
    });
    complete.flatten().ok_or_else(|| STALE.raise(STALE_IN, abi::COMM_WORLD))
}
