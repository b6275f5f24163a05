//! From the arguments of a one-sided operation to the memory it works on.

use super::failure::Failure;
use super::{Flavor, Window};
use crate::abi::{self, Count, Datatype, Request};
use crate::datatype;
use crate::layout::{Layout, View};
use crate::stats;
use core::ffi::c_int;
use std::sync::Arc;

/// How a call on a window ends.
#[derive(Debug)]
pub enum Answer {
    /// With this return code.
    Done(c_int),
    /// It has begun, and this request says when it is complete.
    Begun(Request),
    /// The window is the MPI library's.
    Foreign,
    /// Something is wrong that the MPI library shall report, for its window of this process alone: `target` stands for the rank.
    Refused { target: c_int },
}

/// Why an operation does not take place.
#[derive(Debug)]
pub enum Trouble {
    /// The library reports it.
    Library,
    /// The shim does.
    Found(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Trouble {
        Trouble::Found(failure)
    }
}

/// For a call on `target` whose arguments the MPI library shall report as wrong.
pub fn refuse(win: abi::Win, target: c_int) -> Answer {
    super::window(win).map_or(Answer::Foreign, |window| window.refuse(target))
}

/// Where in a target's part an operation works.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Rank in the window.
    pub rank: u32,
    /// In the target's units.
    pub displacement: Count,
}

/// Runs `operation` on the window `win`, if it is the shim's and `target` is within an epoch. It returns a request if it was to
/// make one and is not complete.
#[inline(always)]
pub fn on_target(
    function: &'static str,
    (win, target): (abi::Win, c_int),
    operation: impl FnOnce(&'static Window, u32) -> Result<Option<Request>, Trouble>,
) -> Answer {
    let Some(window) = super::window(win) else { return Answer::Foreign };
    if target == abi::PROC_NULL {
        return Answer::Done(abi::SUCCESS);
    }
    let rank = target as u32;
    if !window.has(target) || !window.epochs.admits(rank) {
        return window.refuse(target);
    }
    match operation(window, rank) {
        Ok(request) => {
            stats::ONE_SIDED.add();
            request.map_or(Answer::Done(abi::SUCCESS), Answer::Begun)
        }
        Err(Trouble::Library) => window.refuse(target),
        Err(Trouble::Found(failure)) => Answer::Done(failure.raise(function, window)),
    }
}

impl Window {
    /// Whether the window has a rank of this number.
    #[inline(always)]
    pub fn has(&self, target: c_int) -> bool {
        (target as u32) < self.size()
    }

    /// Lets the library report what is wrong. In its window rank 0 stands for all ranks.
    pub fn refuse(&self, target: c_int) -> Answer {
        Answer::Refused { target: if self.has(target) { 0 } else { target } }
    }

    /// Address of a place whose bytes from `low` to `high` (exclusive) are accessed.
    #[inline(always)]
    pub fn address(&self, place: Place, low: isize, high: isize) -> Result<*mut u8, Trouble> {
        let part = &self.parts[place.rank as usize];
        if self.flavor == Flavor::Dynamic {
            return Ok(core::ptr::with_exposed_provenance_mut(place.displacement as usize)); // an address (section 12.2.4)
        }
        if place.displacement < 0 {
            return Err(Trouble::Library);
        }
        let offset = place.displacement.checked_mul(part.unit).map(|offset| offset as isize);
        let ends = offset.and_then(|offset| Some((offset, offset.checked_add(low)?, offset.checked_add(high)?)));
        match ends {
            Some((offset, from, to)) if (from >= 0 && to <= part.bytes as isize) || low == high => {
                Ok(part.base.wrapping_offset(offset))
            }
            _ => Err(Failure::Range { place, unit: part.unit, low, high, bytes: part.bytes }.into()),
        }
    }

    /// `count` elements of `datatype` at a place. The layout must outlive the view's use.
    #[inline(always)]
    pub fn view(
        &self,
        place: Place,
        count: Count,
        datatype: Datatype,
    ) -> Result<(View, Option<Arc<Layout>>), Trouble> {
        let elements = usize::try_from(count).map_err(|_| Trouble::Library)?;
        if let Some(size) = abi::builtin_size(datatype) {
            let bytes = size.checked_mul(elements).ok_or(Trouble::Library)?;
            return Ok((View::bytes(self.address(place, 0, bytes as isize)?, bytes), None));
        }
        let layout = datatype::layout(datatype).ok_or(Trouble::Library)?;
        let (low, high) = layout.bounds(elements);
        let view = layout.view(self.address(place, low, high)?, elements);
        Ok((view, Some(layout)))
    }
}
