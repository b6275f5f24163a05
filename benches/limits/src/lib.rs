//! What the machine allows, measured without MPI: the numbers that every table of this project prints beside its own.
//!
//! Two threads stand for two ranks, each pinned to a core. [`handoff`] bounces one cache line between them: no message is
//! faster. [`copy`] copies out of the other core's cache: no long message is faster than both cores doing that.
//! Nothing here knows of MPI or of any rival.

mod copy;
mod cores;
mod handoff;
mod pair;
mod vector;

pub use copy::{Copy, MESSAGE_SIZES, Times, copy};
pub use cores::{Cores, allowed_cores};
pub use handoff::{BUSY_ABOVE, FAR_ABOVE, Handoff, NEAR_BELOW, ROUND_TRIPS, State, handoff};
pub use pair::TooBusy;
