//! Datatypes of the MPI library as layouts: taken apart once through MPI_Type_get_contents, then kept by handle.

mod contents;
mod elements;

pub use elements::{Elements, Unfit, elements};

use crate::abi::{self, Comm, Datatype};
use crate::layout::Layout;
use crate::real;
use contents::{Pairs, take_apart};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

static KNOWN: LazyLock<Mutex<HashMap<Datatype, Arc<Layout>>>> = LazyLock::new(Mutex::default);

/// The layout of a derived datatype; None if it is not fit for communication, which the MPI library will say.
pub fn layout(datatype: Datatype) -> Option<Arc<Layout>> {
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(layout) = known().get(&datatype) {
        return Some(layout.clone());
    }
    if !is_committed(datatype) {
        return None;
    }
    let layout = Arc::new(take_apart(datatype, Pairs::Split)?);
    known().insert(datatype, layout.clone());
    Some(layout)
}

/// After MPI_Type_free: the handle may come back for another type.
pub fn forget(datatype: Datatype) {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).remove(&datatype);
    elements::forget(datatype);
}

/// A communicator of this process alone that returns errors, to ask the MPI library about arguments. There is none in a
/// program of sessions, which have nothing to make one from.
static JUDGE: OnceLock<Comm> = OnceLock::new();

/// After MPI_Init: at once, so that it does not take the handle of a communicator that the program frees.
pub fn appoint() {
    let mut judge = abi::COMM_NULL;
    // SAFETY: the result goes to a local.
    unsafe {
        if real::Comm_dup(abi::COMM_SELF, &mut judge) == abi::SUCCESS {
            real::Comm_set_errhandler(judge, abi::ERRORS_RETURN);
            let _ = JUDGE.set(judge);
        }
    }
}

/// Before MPI_Finalize.
pub fn dismiss() {
    if let Some(mut judge) = JUDGE.get().copied() {
        // SAFETY: our own communicator, which nobody uses any more.
        unsafe { real::Comm_free(&mut judge) };
    }
}

/// Nothing in MPI's interface tells whether a type was committed; but a send to nobody fails if it was not.
fn is_committed(datatype: Datatype) -> bool {
    // SAFETY: nothing is read from there, since nothing is sent.
    JUDGE.get().is_none_or(|&judge| unsafe { real::Send(core::ptr::dangling(), 1, datatype, abi::PROC_NULL, 0, judge) } == abi::SUCCESS)
}
