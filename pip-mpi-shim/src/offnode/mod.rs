//! Messages to ranks in other address spaces. MPICH carries them, on private duplicates of MPI_COMM_WORLD: a *header* for each
//! message, with the data behind it where they are short, which goes into the same queues as messages of this space; and for
//! long and synchronous ones a second message under a tag of its own, which the receiver asks for once it has found the
//! receive, straight from buffer to buffer. So wildcards, probes and the order of messages are as exact as within a space, and
//! the sender of a long message need not come back here for it to move.
//!
//! Headers also carry what ranks tell each other about windows (see [`crate::window`]), and second messages long copies to and from them.
//!
//! Headers of a lane from one rank to another stay in order since MPICH keeps the order of messages with the same tag, which is
//! the lane. The second message is sent in synchronous mode: once that is complete its receive was found, so that its tag can
//! be used again.

mod agreement;
mod cancelling;
mod channel;
mod header;
mod idup;
mod receiving;
mod sending;
mod shapes;

pub use agreement::{Vote, agree, close, is_free, open, provide, quiet, thread_level};
pub use channel::{Channel, Purpose, about, fatal};
pub use header::{Header, Kind};
pub use idup::{announce_context, announced_context};
pub use receiving::Away;
pub use shapes::Described;
