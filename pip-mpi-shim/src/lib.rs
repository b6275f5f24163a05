#![doc = include_str!("../README.md")]

// Pure: neither MPI nor the operating system.
pub mod claims;
pub mod layout;
pub mod marks;
pub mod matching;
mod primitive;
mod recent;
pub mod rendezvous;
pub mod ring;
pub mod spaces;

macro_rules! modules {
    ($($name:ident)*) => { $( #[cfg(not(loom))] mod $name; )* };
}

// What is shared with the peers, and how a rank waits for them.
modules! { contexts handles job pmi quota waiting }
// The MPI library underneath.
modules! { abi arrays datatype library one_node polling real }
// The state of this rank and what works on it.
modules! { offnode adoption background batch buffered communicator completion engine failure incoming lifecycle mailbox operation outgoing probe receive }
modules! { queues report request send sendrecv stats taking upkeep }
// One-sided communication.
modules! { window }
// Collective communication.
modules! { collective }
#[cfg(loom)]
mod collective {
    pub mod meeting; // pure, too
}
// The surface.
modules! { exports }
#[cfg(not(loom))]
pub mod tunables;
