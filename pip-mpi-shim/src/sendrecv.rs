//! A send and a receive in one call (MPI-4.0 section 3.10).

use crate::abi::{self, Outcome, Request, Status};
use crate::completion;
use crate::engine::{self, Engine, Lane};
use crate::failure::Failure;
use crate::layout::View;
use crate::operation::{Arguments, Checked};
use crate::receive;
use crate::request::{Handle, Index, Kind, Mode, Operation};
use crate::send;
use core::ffi::c_int;

/// Both halves, where None is MPI_PROC_NULL; the outer None leaves the call to the library.
fn check(out: &Arguments, into: &Arguments) -> Option<(Option<Operation>, Option<Operation>)> {
    let half = |checked| match checked {
        Checked::Ours(operation) => Some(Some(operation)),
        Checked::ProcNull => Some(None),
        Checked::Library => None,
    };
    Some((half(out.check_send())?, half(into.check_receive())?))
}

/// A slot that is complete from the start, for a half with MPI_PROC_NULL.
fn nothing(engine: &mut Engine, outcome: Outcome) -> Index {
    let index = engine.requests.insert(Kind::Receive, None);
    engine.requests.update(index, |slot| (slot.complete, slot.outcome) = (true, outcome));
    index
}

/// Starts both halves in slots of their own: (send, receive). With `replace` the data is sent from a copy.
fn start(lane: Lane, out: Option<Operation>, into: Option<Operation>, replace: bool, blocking: bool) -> Option<Result<(Index, Index), Failure>> {
    engine::with(lane, |engine| {
        let copy = out.as_ref().filter(|_| replace).map(|operation| {
            // SAFETY: the program's buffer.
            unsafe { operation.view.gather() }
        });
        let receive = match into {
            Some(operation) => receive::post(engine, operation),
            None => nothing(engine, Outcome::PROC_NULL),
        };
        let send = match out {
            None => nothing(engine, Outcome::EMPTY),
            Some(mut operation) => {
                if let Some(data) = &copy {
                    operation.view = View::bytes(data.as_ptr().cast_mut(), data.len());
                }
                let index = send::start(engine, Mode::Standard, operation, blocking)?;
                engine.requests.update(index, |slot| slot.data = copy);
                index
            }
        };
        Ok((send, receive))
    })
}

fn lane_of(out: &Option<Operation>, into: &Option<Operation>) -> Lane {
    out.as_ref().or(into.as_ref()).map_or(0, |operation| operation.lane)
}

fn run(out: Arguments, into: Arguments, replace: bool, status: *mut Status) -> Option<c_int> {
    let (send, receive) = check(&out, &into)?;
    let lane = lane_of(&send, &receive);
    match start(lane, send, receive, replace, true)? {
        Err(failure) => Some(failure.raise("MPI_Sendrecv", out.comm)),
        Ok((send, receive)) => {
            let sent = completion::watch(Handle { lane, index: send });
            let received = completion::wait_status(Handle { lane, index: receive }, status, "MPI_Sendrecv");
            Some(if received != abi::SUCCESS { received } else { sent })
        }
    }
}

fn run_nonblocking(out: Arguments, into: Arguments, replace: bool, request: *mut Request) -> Option<c_int> {
    let (send, receive) = check(&out, &into)?;
    let lane = lane_of(&send, &receive);
    match start(lane, send, receive, replace, false)? {
        Err(failure) => Some(failure.raise("MPI_Sendrecv", out.comm)),
        Ok((send, receive)) => {
            let index = engine::with(lane, |engine| engine.requests.insert(Kind::Both(send, receive), None))?;
            // SAFETY: MPI gives a request to fill.
            unsafe { *request = Handle { lane, index }.request() };
            Some(abi::SUCCESS)
        }
    }
}

/// MPI_Sendrecv; None leaves the call to the library.
pub fn blocking(out: Arguments, into: Arguments, status: *mut Status) -> Option<c_int> {
    run(out, into, false, status)
}

/// MPI_Sendrecv_replace.
pub fn replace(out: Arguments, into: Arguments, status: *mut Status) -> Option<c_int> {
    run(out, into, true, status)
}

/// MPI_Isendrecv.
pub fn nonblocking(out: Arguments, into: Arguments, request: *mut Request) -> Option<c_int> {
    run_nonblocking(out, into, false, request)
}

/// MPI_Isendrecv_replace.
pub fn nonblocking_replace(out: Arguments, into: Arguments, request: *mut Request) -> Option<c_int> {
    run_nonblocking(out, into, true, request)
}
