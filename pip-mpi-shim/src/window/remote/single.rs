//! MPI_Fetch_and_op and MPI_Compare_and_swap on targets in other address spaces.

use super::{Action, Errand, Held, Remote, Work};
use crate::abi::Request;
use crate::layout::View;
use crate::window::{Update, Window};
use core::ffi::c_void;

impl Update {
    /// Begins it on a target in another address space.
    #[cold]
    #[inline(never)]
    pub fn send_for(
        &self,
        window: &Window,
        remote: &Remote,
        (action, work): (Action, Work),
        origin: Option<Held>,
        target: Held,
    ) -> Option<Request> {
        let result = Some(row(self.result, work.span as usize));
        window.begin(remote, self.target as u32, Errand { action, work, origin, target, result, requested: false })
    }
}

/// Bytes in a row.
#[cold]
#[inline(never)]
pub fn row(at: *const c_void, bytes: usize) -> Held {
    Held::new(View::bytes(at.cast_mut().cast(), bytes), None)
}

/// What MPI_Compare_and_swap compares with, and what it puts there.
///
/// # Safety
/// Both are `size` bytes.
#[cold]
#[inline(never)]
pub unsafe fn pair(compare: *const u8, new: *const u8, size: usize) -> Held {
    // SAFETY: the caller's promise.
    let bytes = |at: *const u8| unsafe { core::slice::from_raw_parts(at, size) };
    Held::own([bytes(compare), bytes(new)].concat().into())
}
