//! What goes wrong with a window: one sentence if the program is to be ended for it, and a call of the window's error handler
//! (MPI-4.0 section 9.3).

use super::Window;
use super::target::Place;
use crate::{abi, real};
use core::ffi::c_int;

/// An error that the shim found in a call on a window.
#[derive(Debug)]
pub enum Failure {
    /// A target's part has `bytes` bytes; not those from `low` to `high` (exclusive) relative to the place.
    Range { place: Place, unit: i64, low: isize, high: isize, bytes: usize },
    /// Origin and target describe different numbers of bytes.
    Lengths { origin: usize, target: usize },
    /// A call that does not fit the epochs that are open.
    Epoch(&'static str),
    /// An operation that is not defined for a type.
    Operation,
    /// A type that cannot be used here.
    Type(&'static str),
    /// No rank of the window.
    Rank(c_int),
    /// A null pointer where a result should go.
    Null,
}

impl Failure {
    fn class(&self) -> c_int {
        match self {
            Failure::Range { .. } => abi::ERR_RMA_RANGE,
            Failure::Lengths { .. } | Failure::Type(_) => abi::ERR_TYPE,
            Failure::Epoch(_) => abi::ERR_RMA_SYNC,
            Failure::Operation => abi::ERR_OP,
            Failure::Rank(_) => abi::ERR_RANK,
            Failure::Null => abi::ERR_ARG,
        }
    }

    fn sentence(&self) -> String {
        match self {
            Failure::Range { place: Place { rank, displacement }, unit, low, high, bytes } => format!(
                "bytes {low} to {high} from displacement {displacement} (in units of {unit} bytes) are outside of the window of \
                 rank {rank}, which has {bytes} bytes; check displacement, count and datatype of the target"
            ),
            Failure::Lengths { origin, target } => format!(
                "the origin describes {origin} bytes and the target {target}; counts and datatypes must describe equally many"
            ),
            Failure::Epoch(why) | Failure::Type(why) => (*why).to_owned(),
            Failure::Rank(rank) => format!("the window has no rank {rank}"),
            Failure::Null => "the address for a result is NULL".to_owned(),
            Failure::Operation => "the operation is not defined for elements of the datatype (MPI-4.0 section 6.9.2)".to_owned(),
        }
    }

    /// Calls the error handler of the window, and returns the class for programs whose handler lets them go on.
    /// `function` is what the program called.
    #[cold]
    pub fn raise(&self, function: &str, window: &Window) -> c_int {
        let mut handler = abi::ERRORS_ARE_FATAL;
        // SAFETY: a window of the program; its handler's handle goes to a local and is given back.
        unsafe {
            real::Win_get_errhandler(window.handle, &mut handler);
            if handler == abi::ERRORS_ARE_FATAL {
                eprintln!("pip-mpi: rank {}: {function}: {}", window.job.rank, self.sentence());
            } else {
                real::Errhandler_free(&mut handler);
            }
            real::Win_call_errhandler(window.handle, self.class());
        }
        self.class()
    }
}
