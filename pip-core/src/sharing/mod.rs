//! Typed arrays that root and tasks share: exported by name, imported as slices, without copies and without unsafe code.
//!
//! The way in which an array is exported says who may write it from then on:
//!
//! * [`Sharing::freeze`]: nobody any more;
//! * [`Phase::lend`]: the exporter, but only after it took the array back, which waits for the readers. A simulation lends its
//!   field to an analysis and goes on with the next step when that has looked at it;
//! * [`Sharing::share_atomics`]: everybody, one element at a time.
//!
//! An array that its exporter writes step after step without waiting for anybody is a [`field`].
//!
//! An importer names the exporter, the name and the element type; a wrong type is an error, not a wild pointer. What it
//! [`Imported`] stays mapped while it is used, whatever becomes of the exporter.
//!
//! ```no_run
//! # use pip_core::sharing::{Peer, SharingError};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // In the simulation, a task:
//! let sharing = pip_core::current::current().ok_or("not a task")?.sharing();
//! let mut field = vec![0.0f64; 1 << 20];
//! sharing.phase(|phase| -> Result<(), SharingError> {
//!     let mut field = &mut field[..];
//!     for step in 0..100 {
//!         field.fill(step as f64);
//!         let lent = phase.lend("field", field)?;
//!         // ... what needs no writing ...
//!         field = lent.take_back();
//!     }
//!     Ok(())
//! })?;
//!
//! // In the root:
//! # let root = pip_core::Root::new(1)?;
//! let field = root.sharing().import::<f64>(Peer::Task(0), "field")?;
//! println!("{}", field.iter().sum::<f64>());
//! # Ok(())
//! # }
//! ```
//!
//! Names are those of `pip_named_export`, with a prefix of their own, so that C programs do not take one for their own.

mod descriptor;
mod error;
mod exported;
pub mod field;
mod import;
mod lending;
mod readers;
#[cfg(test)]
mod tests;

pub use error::{Contents, Kind, SharingError};
pub use exported::{Atomic, Frozen, SharedAtomics};
pub use import::Imported;
pub use lending::{Lent, Phase};

use crate::current::Current;
use crate::registry::{Entry, NameError, Registry};
use crate::{Mode, Root};
use bytemuck::Pod;
use core::fmt;
use descriptor::Descriptor;
use exported::Export;
use import::{Found, Request};

/// Whom to import from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Peer {
    /// The root.
    Root,
    /// The task with this id.
    Task(usize),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Root => f.write_str("the root"),
            Peer::Task(id) => write!(f, "task {id}"),
        }
    }
}

/// The root or a task, as one that exports and imports.
#[derive(Debug, Clone, Copy)]
pub struct Sharing {
    registry: &'static Registry,
    /// None for the root.
    id: Option<usize>,
}

impl Root {
    /// The root's side of sharing.
    pub fn sharing(&self) -> Sharing {
        Sharing { registry: self.registry(), id: None }
    }
}

impl Current {
    /// This task's side of sharing.
    pub fn sharing(&self) -> Sharing {
        Sharing { registry: self.registry(), id: Some(self.id()) }
    }
}

/// Prefix of the names in the table that are this module's.
const PREFIX: &str = "rust:";

fn key(name: &str) -> Vec<u8> {
    [PREFIX, name].concat().into_bytes()
}

impl Sharing {
    /// Exports `data`, which nobody writes any more, as `name`; until the caller ends, or [`Frozen::withdraw`].
    pub fn freeze<T: Pod>(&self, name: &str, data: &'static [T]) -> Result<Frozen<T>, SharingError> {
        let (key, descriptor) = self.export(name, Kind::Frozen, data)?;
        Ok(Frozen::new(data, Export { sharing: *self, key, descriptor }))
    }

    /// Exports `data`, which everybody may write, as `name`; until the caller ends, or [`SharedAtomics::withdraw`].
    pub fn share_atomics<A: Atomic>(&self, name: &str, data: &'static [A]) -> Result<SharedAtomics<A>, SharingError> {
        let (key, descriptor) = self.export(name, Kind::Atomics, data)?;
        Ok(SharedAtomics::new(data, Export { sharing: *self, key, descriptor }))
    }

    /// What `peer` froze or lent as `name`; waits until it does. Like `pip_named_import`, with a type.
    pub fn import<T: Pod>(&self, peer: Peer, name: &str) -> Result<Imported<T>, SharingError> {
        self.request(peer, name, None).wait()
    }

    /// Like [`Sharing::import`]; None if there is nothing of that name yet, or not at the moment.
    pub fn try_import<T: Pod>(&self, peer: Peer, name: &str) -> Result<Option<Imported<T>>, SharingError> {
        self.now(self.request(peer, name, None))
    }

    /// The atomics that `peer` shares as `name`; waits until it does.
    pub fn import_atomics<A: Atomic>(&self, peer: Peer, name: &str) -> Result<Imported<A>, SharingError> {
        self.request(peer, name, Some(Kind::Atomics)).wait()
    }

    /// Like [`Sharing::import_atomics`]; None if there is nothing of that name yet.
    pub fn try_import_atomics<A: Atomic>(&self, peer: Peer, name: &str) -> Result<Option<Imported<A>>, SharingError> {
        self.now(self.request(peer, name, Some(Kind::Atomics)))
    }

    fn request<'a>(&'a self, peer: Peer, name: &'a str, kind: Option<Kind>) -> Request<'a> {
        Request { sharing: self, peer, name, kind }
    }

    fn now<T>(&self, request: Request<'_>) -> Result<Option<Imported<T>>, SharingError> {
        Ok(match request.find(self.entry_of(request.peer)?)? {
            Found::Array(array) => Some(array),
            Found::NotYet(_) => None,
        })
    }

    fn export<T>(
        &self,
        name: &str,
        kind: Kind,
        data: *const [T],
    ) -> Result<(Vec<u8>, &'static Descriptor), SharingError> {
        self.check()?;
        let key = key(name);
        let descriptor = Descriptor::new(self.registry, kind, data);
        match self.own_entry().names().export(&key, descriptor.address()) {
            Ok(()) => Ok((key, descriptor)),
            Err(error) => {
                descriptor.recycle();
                let who = if self.id.is_some() { "task" } else { "root" };
                Err(match error {
                    NameError::Exists => SharingError::Exists(who, name.to_owned()),
                    NameError::NoMemory => SharingError::NoMemory(name.to_owned()),
                })
            }
        }
    }

    /// Whether the calling process is the one that this was made for.
    fn check(&self) -> Result<(), SharingError> {
        let own = match self.registry.mode() {
            Mode::Process => self.own_entry().pid(),
            Mode::Thread => self.registry.root_pid(),
        };
        let pid = std::process::id();
        if own as u32 == pid { Ok(()) } else { Err(SharingError::NotHere(pid)) }
    }

    fn own_entry(&self) -> &'static Entry {
        self.id.and_then(|id| self.registry.entry(id)).unwrap_or(self.registry.root_entry())
    }

    fn entry_of(&self, peer: Peer) -> Result<&'static Entry, SharingError> {
        match peer {
            Peer::Root => Ok(self.registry.root_entry()),
            Peer::Task(id) => {
                self.registry.entry(id).ok_or(SharingError::NoSuchTask(id, self.registry.capacity().saturating_sub(1)))
            }
        }
    }
}
