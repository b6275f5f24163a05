//! What can go wrong when an array is shared, and what a name holds, in words.

use super::Peer;
use core::fmt;

/// Who may write what is shared under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// Nobody, ever ([`Sharing::freeze`](super::Sharing::freeze)).
    Frozen = 1,
    /// Nobody before the exporter takes it back ([`Phase::lend`](super::Phase::lend)).
    Lent = 2,
    /// Everybody, atomically ([`Sharing::share_atomics`](super::Sharing::share_atomics)).
    Atomics = 3,
}

impl Kind {
    pub(super) fn from_number(number: u32) -> Option<Kind> {
        [Kind::Frozen, Kind::Lent, Kind::Atomics].into_iter().find(|kind| *kind as u32 == number)
    }
}

/// What a name holds, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// None for "plain data, frozen or lent": what [`Sharing::import`](super::Sharing::import) takes.
    pub kind: Option<Kind>,
    /// The element type's name.
    pub type_name: String,
    /// Bytes per element.
    pub size: usize,
    /// Alignment of the elements in bytes.
    pub align: usize,
}

impl fmt::Display for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            None => "plain",
            Some(Kind::Frozen) => "frozen",
            Some(Kind::Lent) => "lent",
            Some(Kind::Atomics) => "atomic",
        };
        let (name, size, align) = (&self.type_name, self.size, self.align);
        write!(f, "{kind} elements of type {name} ({size} bytes each, aligned to {align})")
    }
}

/// Why an array was not exported or imported.
#[derive(Debug, thiserror::Error)]
pub enum SharingError {
    /// The caller already shares something under this name.
    #[error("this {0} already shares something as {1:?}; withdraw that first or take another name")]
    Exists(&'static str, String),
    /// The kernel gives no memory for the table of names.
    #[error("no memory to share {0:?}; vm.max_map_count (sysctl) and ulimit -v limit all tasks together")]
    NoMemory(String),
    /// No task can have this id.
    #[error("there is no task {0}: ids run from 0 to {1}")]
    NoSuchTask(usize, usize),
    /// The exporter has ended, so nothing can be had from it any more.
    #[error(
        "{peer} has ended, so {name:?} cannot be imported from it; import before it ends, or hold what was imported"
    )]
    Cancelled {
        /// The exporter.
        peer: Peer,
        /// The name.
        name: String,
    },
    /// The caller waits for itself.
    #[error("{0:?} is to be imported from the caller itself, which has not exported it: that would wait for ever")]
    Deadlock(String),
    /// Exporter and importer disagree about the elements or about who may write.
    #[error("{name:?} of {peer} holds {exported}, but {wanted} were asked for")]
    WrongType {
        /// The exporter.
        peer: Peer,
        /// The name.
        name: String,
        /// What it exported.
        exported: Box<Contents>,
        /// What the importer asked for.
        wanted: Box<Contents>,
    },
    /// The exporter was built with another version of this library.
    #[error(
        "{peer} shares {name:?} in another way than this version of the library knows; build both with the same one"
    )]
    Foreign {
        /// The exporter.
        peer: Peer,
        /// The name.
        name: String,
    },
    /// A process that the root or task forked, or a hook of the root in a task's process.
    #[error(
        "process {0} is neither the root nor the task for which sharing was set up; share before fork, or from there"
    )]
    NotHere(u32),
}
