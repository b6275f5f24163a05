//! The importer's side: finds the array of a name, checks that it is what was asked for, and holds it.

use super::descriptor::Descriptor;
use super::readers::Reader;
use super::{Contents, Kind, Peer, Sharing, SharingError};
use crate::registry::{Entry, Hold, Lookup, State};
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;

/// How long an importer sleeps before it looks whether the exporter was killed, which leaves no word.
const TICK_MS: u64 = 20;

/// Somebody's array, to be read as a slice. While it lives, a lender does not get the array back, and the memory stays mapped even
/// if the exporter ends and is waited for.
#[derive(Debug)]
pub struct Imported<T: 'static> {
    data: NonNull<[T]>,
    kind: Kind,
    // The reader's word is in memory that the hold keeps, so it goes first.
    _reader: Reader,
    _hold: Hold,
    elements: PhantomData<&'static [T]>,
}

// SAFETY: as good as a `&[T]`; the reader's word and the hold are atomic counters that any thread may change.
unsafe impl<T: Sync> Send for Imported<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Imported<T> {}

impl<T> Imported<T> {
    /// Who may write the array.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

impl<T> Deref for Imported<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: exported as an array of T, for which type name, size and alignment were compared; mapped while the hold lives,
        // and, unless T is atomic, written by nobody while the reader's note stands.
        unsafe { self.data.as_ref() }
    }
}

/// What one look at the exporter's names gave.
pub(super) enum Found<T: 'static> {
    Array(Imported<T>),
    /// Not exported yet; what [`crate::registry::Names::wait`] takes.
    NotYet(u32),
}

/// One wish to import.
pub(super) struct Request<'a> {
    pub sharing: &'a Sharing,
    pub peer: Peer,
    pub name: &'a str,
    /// None: frozen or lent.
    pub kind: Option<Kind>,
}

impl Request<'_> {
    pub(super) fn wait<T>(&self) -> Result<Imported<T>, SharingError> {
        let exporter = self.sharing.entry_of(self.peer)?;
        loop {
            match self.find(exporter)? {
                Found::Array(array) => return Ok(array),
                Found::NotYet(_) if core::ptr::eq(exporter, self.sharing.own_entry()) => {
                    return Err(SharingError::Deadlock(self.name.to_owned()));
                }
                Found::NotYet(changes) => exporter.names().wait(changes, TICK_MS),
            }
        }
    }

    pub(super) fn find<T>(&self, exporter: &'static Entry) -> Result<Found<T>, SharingError> {
        self.sharing.check()?;
        let key = super::key(self.name);
        let Some(hold) = Hold::take(exporter) else {
            // A task that has not been spawned yet may still come.
            return match (exporter.state(), exporter.names().lookup(&key)) {
                (State::Free | State::Starting | State::Alive, Lookup::NotYet(changes)) => Ok(Found::NotYet(changes)),
                (State::Starting | State::Alive, _) => Ok(Found::NotYet(0)), // just being spawned
                _ => Err(self.cancelled()),
            };
        };
        loop {
            let found = exporter.names().lookup(&key);
            let is_root = core::ptr::eq(exporter, self.sharing.registry.root_entry());
            if !is_root && !crate::task::is_living(self.sharing.registry, exporter) {
                return Err(self.cancelled());
            }
            let address = match found {
                Lookup::Closed => return Err(self.cancelled()),
                Lookup::NotYet(changes) => return Ok(Found::NotYet(changes)),
                Lookup::Found(address) => address,
            };
            // SAFETY: only this module exports names with its prefix, and the hold keeps the exporter's memory.
            let descriptor = unsafe { Descriptor::at(address) };
            let reader = descriptor.and_then(|descriptor| Reader::enter(descriptor, self.sharing));
            let reader = reader.ok_or_else(|| self.foreign())?;
            // If it was withdrawn meanwhile, its exporter may have looked for readers before this one came.
            if exporter.names().lookup(&key) == Lookup::Found(address) {
                return self.take(reader, hold).map(Found::Array);
            }
        }
    }

    /// Compares what is there with what was asked for.
    fn take<T>(&self, reader: Reader, hold: Hold) -> Result<Imported<T>, SharingError> {
        let descriptor = reader.descriptor();
        let kind = descriptor.kind().ok_or_else(|| self.foreign())?;
        let right_kind = self.kind.map_or(kind != Kind::Atomics, |wanted| wanted == kind);
        let (pointer, len) = descriptor.data();
        let Some(first) = NonNull::new(pointer as *mut T).filter(|_| right_kind && descriptor.holds::<T>()) else {
            let wanted = Box::new(Contents {
                kind: self.kind,
                type_name: core::any::type_name::<T>().to_owned(),
                size: size_of::<T>(),
                align: align_of::<T>(),
            });
            let (peer, name, exported) = (self.peer, self.name.to_owned(), Box::new(descriptor.contents()));
            return Err(SharingError::WrongType { peer, name, exported, wanted });
        };
        let data = NonNull::slice_from_raw_parts(first, len);
        Ok(Imported { data, kind, _reader: reader, _hold: hold, elements: PhantomData })
    }

    fn cancelled(&self) -> SharingError {
        SharingError::Cancelled { peer: self.peer, name: self.name.to_owned() }
    }

    fn foreign(&self) -> SharingError {
        SharingError::Foreign { peer: self.peer, name: self.name.to_owned() }
    }
}
