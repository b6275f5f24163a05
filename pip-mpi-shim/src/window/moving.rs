//! MPI_Put and MPI_Get (MPI-4.0 section 12.3): copies by the caller, typed to typed.

use super::failure::Failure;
use super::remote::{Action, COPY, Errand, Held, Remote};
use super::Window;
use super::target::{Answer, Place, Trouble, on_target};
use crate::abi::{Count, Datatype, Request, Win};
use crate::layout::{Layout, View, copy};
use crate::operation;
use core::ffi::{c_int, c_void};
use std::sync::Arc;

/// The arguments that all operations have.
#[derive(Debug, Clone, Copy)]
pub struct Transfer {
    /// The MPI function's name.
    pub function: &'static str,
    pub origin: *mut c_void,
    pub origin_count: Count,
    pub origin_type: Datatype,
    pub target: c_int,
    pub displacement: Count,
    pub target_count: Count,
    pub target_type: Datatype,
    pub win: Win,
    /// Whether the program wants a request.
    pub requested: bool,
}

/// Data with what its view refers to.
type Data = (View, Option<Arc<Layout>>);

impl Transfer {
    /// Gives both sides' data to `work`, or to `action` in another address space.
    #[inline(always)]
    fn carry_out(&self, action: Action, work: impl FnOnce(&View, &View)) -> Answer {
        on_target(self.function, (self.win, self.target), |window, rank| {
            let origin = operation::data(self.origin, self.origin_count, self.origin_type).ok_or(Trouble::Library)?;
            let place = Place { rank, displacement: self.displacement };
            let target = window.view(place, self.target_count, self.target_type)?;
            if origin.0.len() != target.0.len() {
                return Err(Failure::Lengths { origin: origin.0.len(), target: target.0.len() }.into());
            }
            if let Some(remote) = window.away(rank) {
                return Ok(self.send_for(window, remote, action, origin, target));
            }
            work(&origin.0, &target.0);
            Ok(None)
        })
    }

    #[cold]
    #[inline(never)]
    fn send_for(&self, window: &Window, remote: &Remote, action: Action, origin: Data, target: Data) -> Option<Request> {
        let (origin, target) = (Held::new(origin.0, origin.1), Held::new(target.0, target.1));
        let (origin, result) = if action == Action::Get { (None, Some(origin)) } else { (Some(origin), None) };
        let errand = Errand { action, work: COPY, origin, target, result, requested: self.requested };
        window.begin(remote, self.target as u32, errand)
    }
}

/// MPI_Put.
#[inline(always)]
pub fn put(transfer: &Transfer) -> Answer {
    // SAFETY: memory of the program's arguments; the target's was checked against its part of the window.
    transfer.carry_out(Action::Put, |origin, target| unsafe { copy(origin, target, origin.len()) })
}

/// MPI_Get.
#[inline(always)]
pub fn get(transfer: &Transfer) -> Answer {
    // SAFETY: as in `put`.
    transfer.carry_out(Action::Get, |origin, target| unsafe { copy(target, origin, origin.len()) })
}
