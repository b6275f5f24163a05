//! Collective communication (MPI-4.0 chapter 6) of ranks that share an address space: each reads the buffers of its peers.
//!
//! | module | what it is |
//! |---|---|
//! | `meeting` | the block that the ranks of a communicator share: seats with cards, gates. Pure |
//! | `circle` | a communicator's meeting as one rank has it; whom to wake |
//! | `call`, `cards` | one call of one rank, which never blocks; what stands on a card |
//! | `data`, `operator` | buffers as blocks; reductions in the order of ranks |
//! | `moving`, `exchanging`, `reducing`, `short`, `neighbors` | the operations |
//! | `tasks` | from the arguments of an MPI function to an operation |
//! | `between` | the same among ranks in several address spaces |
//! | `keeping` | operations and datatypes that are freed too early |
//! | `running` | calls that block, and calls that are made in the background |

pub mod between;
mod call;
mod cards;
mod circle;
mod data;
mod exchanging;
mod keeping;
pub mod meeting;
mod moving;
mod neighbors;
mod operator;
mod reducing;
mod running;
pub mod short;
pub mod tasks;

pub use call::Trouble;
pub use circle::{Circle, sweep};
pub use data::Array;
pub use keeping::is_kept;
pub use moving::Barrier;
pub use neighbors::exchange as with_neighbors;
pub use reducing::Shape;
pub use running::{About, Again, blocking, nonblocking, patiently, persistent, is_pending, progress, quickly, start, wait_for_library};

use crate::abi::Comm;
use crate::communicator::{self, Communicator};
use std::sync::Arc;

/// The communicator and its circle, if its collective operations are done here: the one place that decides. All ranks of a
/// communicator come to the same answer.
#[inline]
fn circle_of(comm: Comm) -> Option<(&'static Communicator, &'static Arc<Circle>)> {
    let communicator = communicator::get(comm)?;
    let circle = communicator.circle.as_ref()?;
    (crate::engine::is_active() && crate::tunables::get().collectives != 0).then_some((communicator, circle))
}
