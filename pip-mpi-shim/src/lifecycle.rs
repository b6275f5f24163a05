//! What a program does with a request besides waiting for it: MPI_Start, MPI_Cancel, MPI_Request_free.

use crate::abi::{self, Request};
use crate::collective::{self, Again};
use crate::engine::{self, Engine};
use crate::failure::Failure;
use crate::rendezvous::Rendezvous;
use crate::request::{Handle, Index, Kind, Persistent};
use crate::send;
use core::ffi::c_int;
use std::sync::Arc;

/// The slot of a handle; None if it is the library's, or was freed, which the library will say.
fn slot_of(handle: Request) -> Option<Handle> {
    let handle = Handle::of(handle)?;
    engine::with(handle.lane, |engine| engine.requests.get(handle.index).is_some())?.then_some(handle)
}

/// MPI_Start; None leaves the call to the library.
pub fn start(handle: Request) -> Option<c_int> {
    let handle = slot_of(handle)?;
    let started = engine::with(handle.lane, |engine| start_slot(engine, handle.index))?;
    Some(match started {
        Err(failure) => failure.raise("MPI_Start", abi::COMM_WORLD),
        Ok(again) => {
            // Outside of the engine: it may be over at once, or call functions of the program.
            if let Some(again) = again {
                collective::start(again, handle);
            }
            abi::SUCCESS
        }
    })
}

/// What is left to do if it is a collective operation.
fn start_slot(engine: &mut Engine, index: Index) -> Result<Option<Arc<Again>>, Failure> {
    let wrong = Failure::Request("the request is active, or not persistent");
    let slot = engine.requests.get(index).ok_or(wrong)?;
    let persistent = slot.persistent.clone().filter(|_| !slot.active).ok_or(wrong)?;
    (slot.active, slot.complete, slot.lands, slot.outcome) = (true, false, false, abi::Outcome::EMPTY);
    match persistent {
        Persistent::Collective(again) => {
            if let Kind::Collective(about) = &mut slot.kind {
                about.trouble = None;
            }
            return Ok(Some(again));
        }
        Persistent::Send(mode) => send::start_in(engine, mode, index, false)
            .inspect_err(|_| engine.requests.update(index, |slot| slot.active = false))?,
        Persistent::Receive => {
            let operation = slot.operation.as_ref().ok_or(wrong)?;
            let (context, pattern) = (operation.context, operation.pattern());
            engine.post(index, context, pattern);
        }
        Persistent::Nothing => {
            (slot.complete, slot.outcome) = (true, abi::Outcome::PROC_NULL);
        }
    }
    Ok(None)
}

/// MPI_Cancel; None leaves the call to the library. Cancels what has not been matched.
pub fn cancel(handle: Request) -> Option<c_int> {
    if handle == abi::REQUEST_COMPLETE_SEND {
        return Some(abi::SUCCESS); // out of our hands: it will be received
    }
    let Handle { lane, index } = slot_of(handle)?;
    if engine::with(lane, |engine| engine.requests.get(index).is_some_and(|slot| !slot.active))? {
        return Some(Failure::Request("the persistent request was not started").raise("MPI_Cancel", abi::COMM_WORLD));
    }
    engine::with(lane, |engine| {
        engine.progress(); // what has arrived is matched
        if engine.is_complete(index) {
            return;
        }
        let Some(slot) = engine.requests.get(index) else { return };
        let cancelled = match (&slot.kind, slot.operation.as_ref()) {
            (Kind::Receive, Some(operation)) => {
                let (context, pattern) = (operation.context, operation.pattern());
                engine.unpost(index, context, pattern)
            }
            (Kind::Send, Some(operation)) if !engine.job.is_local(operation.peer_world) => {
                engine.cancel_away(index); // the answer comes later
                false
            }
            (Kind::Send, _) => {
                let recalled = engine.recall(index);
                let offer = engine.requests.get(index).and_then(|slot| slot.offer.as_deref());
                let taken_back = recalled && offer.is_some_and(Rendezvous::cancel);
                if taken_back {
                    // The receiver has yet to see that the offer is void, and nothing tells when it has.
                    std::mem::forget(engine.requests.part(index));
                    engine.offering -= 1;
                }
                taken_back
            }
            _ => false,
        };
        if cancelled {
            engine.requests.update(index, |slot| (slot.complete, slot.outcome.cancelled) = (true, true));
        }
    })?;
    Some(abi::SUCCESS)
}

/// MPI_Request_free; None leaves the call to the library.
///
/// # Safety
/// `handle` is the program's.
pub unsafe fn free(handle: *mut Request) -> Option<c_int> {
    // SAFETY: the caller's promise.
    let Handle { lane, index } = slot_of(unsafe { *handle })?;
    engine::with(lane, |engine| {
        let inactive = engine.requests.get(index).is_some_and(|slot| !slot.active);
        if inactive || engine.is_complete(index) {
            engine.release(index);
        } else if let Some(parked) = engine.requests.part(index) {
            engine.parked.push(parked);
            engine.requests.remove(index);
        } else {
            engine.detached.push(index);
        }
    })?;
    // SAFETY: as above.
    unsafe { *handle = abi::REQUEST_NULL };
    Some(abi::SUCCESS)
}
