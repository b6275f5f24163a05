//! What every MPI benchmark program of this workspace needs, whichever suite it belongs to.
//!
//! It knows MPI and memory, and nothing of a suite's options, tables or timing rules. It must never know which
//! launcher or MPI library runs it: the same binary has to measure all of them.

mod buffers;
mod collective;
mod datatype;
mod exposure;
pub mod library;
pub mod memory;
mod output;
mod raw;
mod shared_window;
mod window;
mod world;

pub use buffers::{Buffer, page_size};
pub use collective::{Call, Neighborhood, Operation, Pattern, Pending, neighborhood, sides};
pub use datatype::{Datatype, Element};
pub use exposure::Exposure;
pub use mpi::Threading;
pub use output::emit;
pub use raw::any_source;
pub use shared_window::SharedWindow;
pub use window::{Creation, Lock, Window};
pub use world::{Part, Requests, World};
