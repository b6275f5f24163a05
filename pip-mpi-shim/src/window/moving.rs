//! MPI_Put and MPI_Get (MPI-4.0 section 12.3): copies by the caller, typed to typed.

use super::failure::Failure;
use super::target::{Answer, Place, Trouble, on_target};
use crate::abi::{Count, Datatype, Win};
use crate::layout::{View, copy};
use crate::operation;
use core::ffi::{c_int, c_void};

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
}

impl Transfer {
    /// Gives both sides' data to `work`.
    #[inline(always)]
    fn carry_out(&self, work: impl FnOnce(&View, &View)) -> Answer {
        on_target(self.function, (self.win, self.target), |window, rank| {
            let (origin, _layout) =
                operation::data(self.origin, self.origin_count, self.origin_type).ok_or(Trouble::Library)?;
            let place = Place { rank, displacement: self.displacement };
            let (target, _layout) = window.view(place, self.target_count, self.target_type)?;
            if origin.len() != target.len() {
                return Err(Failure::Lengths { origin: origin.len(), target: target.len() }.into());
            }
            work(&origin, &target);
            Ok(())
        })
    }
}

/// MPI_Put.
#[inline(always)]
pub fn put(transfer: &Transfer) -> Answer {
    // SAFETY: memory of the program's arguments; the target's was checked against its part of the window.
    transfer.carry_out(|origin, target| unsafe { copy(origin, target, origin.len()) })
}

/// MPI_Get.
#[inline(always)]
pub fn get(transfer: &Transfer) -> Answer {
    // SAFETY: as in `put`.
    transfer.carry_out(|origin, target| unsafe { copy(target, origin, origin.len()) })
}
