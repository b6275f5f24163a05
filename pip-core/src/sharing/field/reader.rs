//! The readers' side of a field: find it, wait for a step, hold a step while it is read.

use super::block::{Block, Owner};
use super::{Dtype, Element, FieldError, Layout, key};
use crate::registry::{Entry, Hold, Lookup, State};
use crate::sharing::{Peer, Sharing, SharingError, readers};
use core::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a reader sleeps before it looks whether the exporter was killed, which leaves no word.
const TICK: Duration = Duration::from_millis(20);

/// Somebody's field by its code of elements; [`FieldReader`] is the same for a Rust type. While it or a step of it lives, the
/// memory stays mapped even if the exporter ends.
#[derive(Debug, Clone)]
pub struct Reader(Arc<Attached>);

#[derive(Debug)]
struct Attached {
    sharing: Sharing,
    peer: Peer,
    name: String,
    exporter: &'static Entry,
    block: &'static Block,
    dtype: Dtype,
    layout: Layout,
    owner: Owner,
    _hold: Hold,
}

impl Reader {
    /// The field that `peer` exports as `name`; waits until it does, at most `timeout`.
    pub fn attach(sharing: Sharing, peer: Peer, name: &str, timeout: Duration) -> Result<Reader, FieldError> {
        let exporter = sharing.entry_of(peer)?;
        let until = Instant::now().checked_add(timeout);
        loop {
            sharing.check()?;
            let changes = match find(sharing, peer, exporter, name)? {
                Ok(found) => return Ok(found),
                Err(changes) => changes,
            };
            let left = left(until).ok_or_else(|| FieldError::Unknown(name.to_owned(), timeout))?;
            if core::ptr::eq(exporter, sharing.own_entry()) && until.is_none() {
                return Err(SharingError::Deadlock(name.to_owned()).into());
            }
            exporter.names().wait(changes, left.min(TICK).as_millis() as u64 + 1);
        }
    }

    /// The elements.
    pub fn dtype(&self) -> Dtype {
        self.0.dtype
    }

    /// Where elements are in a buffer.
    pub fn layout(&self) -> &Layout {
        &self.0.layout
    }

    /// The exporter.
    pub fn peer(&self) -> Peer {
        self.0.peer
    }

    /// The newest step; None before the first.
    pub fn newest(&self) -> Option<u64> {
        self.0.block.latest()
    }

    /// How many steps readers may hold at a time, all of them together.
    pub fn places(&self) -> usize {
        self.0.block.places()
    }

    /// Whether the exporter may still publish.
    pub fn is_live(&self) -> bool {
        !self.0.block.is_closed() && self.0.sharing.is_exporting(self.0.peer, self.0.exporter)
    }

    /// Sleeps until `step` or a later one is published, and returns the newest. A step that came before the exporter's end
    /// is returned after it too.
    pub fn wait(&self, step: u64, timeout: Duration) -> Result<u64, FieldError> {
        let until = Instant::now().checked_add(timeout);
        let enough = || self.newest().filter(|newest| *newest >= step);
        loop {
            if let Some(newest) = enough() {
                return Ok(newest);
            }
            // What was published just before the end counts.
            if !self.is_live() {
                let (peer, name) = (self.0.peer, self.0.name.clone());
                return enough().ok_or_else(|| FieldError::Ended(peer, name, step, self.newest()));
            }
            let late = || FieldError::Late(self.0.name.clone(), step, timeout, self.newest());
            let left = left(until).ok_or_else(late)?;
            let over = || enough().is_some() || self.0.block.is_closed();
            self.0.block.sleep(left.min(TICK).as_millis() as u64 + 1, over);
        }
    }

    /// Holds a step that was published and is still there, so that it can be read for as long as wanted.
    pub fn hold(&self, step: u64) -> Result<Held, FieldError> {
        let attached = &self.0;
        attached.sharing.check()?;
        let registry = attached.sharing.registry;
        let lives = |owner: Owner| readers::lives(registry, owner.index(), owner.pid());
        let place = attached.block.enter(attached.owner, lives);
        let place = place.ok_or_else(|| FieldError::Crowded(attached.name.clone(), attached.block.places()))?;
        // Made first: its drop leaves the place.
        let mut held = Held { attached: Arc::clone(attached), place, address: 0, step };
        let gone = || FieldError::Gone(attached.name.clone(), step);
        let is_step = step != u64::MAX;
        let buffer = is_step.then(|| attached.block.hold(place, attached.owner, step)).flatten().ok_or_else(gone)?;
        held.address = attached.block.address(buffer);
        Ok(held)
    }

    /// Waits for `step` or a later one and holds the newest.
    pub fn next(&self, step: u64, timeout: Duration) -> Result<Held, FieldError> {
        loop {
            let newest = self.wait(step, timeout)?;
            match self.hold(newest) {
                // With the field went its steps.
                Err(_) if self.0.block.is_closed() => {
                    return Err(FieldError::Ended(self.0.peer, self.0.name.clone(), step, Some(newest)));
                }
                // The exporter was faster: a newer one is there.
                Err(FieldError::Gone(..)) if self.newest() != Some(newest) => {}
                result => return result,
            }
        }
    }
}

/// What is left until then; None if nothing.
fn left(until: Option<Instant>) -> Option<Duration> {
    match until {
        None => Some(Duration::MAX),
        Some(until) => until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()),
    }
}

/// One look at the exporter's names; the inner error is what [`crate::registry::Names::wait`] takes.
fn find(sharing: Sharing, peer: Peer, exporter: &'static Entry, name: &str) -> Result<Result<Reader, u32>, FieldError> {
    let key = key(name);
    let cancelled = || SharingError::Cancelled { peer, name: name.to_owned() };
    let Some(hold) = Hold::take(exporter) else {
        // A task that has not been spawned yet may still come.
        return match (exporter.state(), exporter.names().lookup(&key)) {
            (State::Free | State::Starting | State::Alive, Lookup::NotYet(changes)) => Ok(Err(changes)),
            (State::Starting | State::Alive, _) => Ok(Err(0)), // just being spawned
            _ => Err(cancelled().into()),
        };
    };
    let found = exporter.names().lookup(&key);
    if !sharing.is_exporting(peer, exporter) {
        return Err(cancelled().into());
    }
    let address = match found {
        Lookup::Closed => return Err(cancelled().into()),
        Lookup::NotYet(changes) => return Ok(Err(changes)),
        Lookup::Found(address) => address,
    };
    let foreign = || SharingError::Foreign { peer, name: name.to_owned() };
    // SAFETY: only this module exports names with its prefix, and the hold keeps the exporter's memory.
    let block = unsafe { Block::at(address) }.ok_or_else(foreign)?;
    let (dtype, layout) = block.dtype().zip(block.layout()).ok_or_else(foreign)?;
    let own = sharing.own_entry();
    let owner = Owner::new(own.pid(), sharing.registry.index(own));
    let name = name.to_owned();
    let attached = Attached { sharing, peer, name, exporter, block, dtype, layout, owner, _hold: hold };
    Ok(Ok(Reader(Arc::new(attached))))
}

/// A step that is held: nobody writes it before this is dropped.
#[derive(Debug)]
pub struct Held {
    attached: Arc<Attached>,
    place: usize,
    address: usize,
    step: u64,
}

impl Held {
    /// The step.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Where its buffer begins.
    pub fn address(&self) -> usize {
        self.address
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // The place is the parent's in a process that was forked meanwhile.
        if self.attached.sharing.check().is_ok() {
            self.attached.block.leave(self.place);
        }
    }
}

/// Somebody's field, to be read step by step.
#[derive(Debug, Clone)]
pub struct FieldReader<T: Element> {
    reader: Reader,
    element: PhantomData<T>,
}

impl<T: Element> FieldReader<T> {
    pub(super) fn new(reader: Reader) -> Result<FieldReader<T>, FieldError> {
        let (exported, wanted) = (reader.dtype(), T::DTYPE);
        if exported != wanted {
            let (peer, name) = (reader.peer(), reader.0.name.clone());
            return Err(FieldError::WrongType { peer, name, exported, wanted });
        }
        Ok(FieldReader { reader, element: PhantomData })
    }

    /// [`Reader::wait`].
    pub fn wait(&self, step: u64, timeout: Duration) -> Result<u64, FieldError> {
        self.reader.wait(step, timeout)
    }

    /// [`Reader::hold`].
    pub fn hold(&self, step: u64) -> Result<Step<T>, FieldError> {
        self.reader.hold(step).map(Step::new)
    }

    /// [`Reader::next`].
    pub fn next(&self, step: u64, timeout: Duration) -> Result<Step<T>, FieldError> {
        self.reader.next(step, timeout).map(Step::new)
    }

    /// Everything that needs no element type.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }
}

/// A step of a field, read in place.
#[derive(Debug)]
pub struct Step<T: Element> {
    held: Held,
    element: PhantomData<T>,
}

impl<T: Element> Step<T> {
    fn new(held: Held) -> Step<T> {
        Step { held, element: PhantomData }
    }

    /// The step.
    pub fn step(&self) -> u64 {
        self.held.step
    }

    /// Where elements are in the buffer.
    pub fn layout(&self) -> &Layout {
        &self.held.attached.layout
    }

    /// The whole buffer, with what lies outside the array; [`Layout`] says where the elements are.
    pub fn buffer(&self) -> &[T] {
        // SAFETY: the exporter made the buffer for elements of this code, aligned to a cache line; it is mapped while the
        // exporter's memory is held, and written by nobody while the step is.
        unsafe { core::slice::from_raw_parts(self.held.address as *const T, self.held.attached.layout.len()) }
    }

    /// The neighbours along the last dimension that the other indices name: a row of a matrix. Panics as [`Layout::row`].
    pub fn row(&self, indices: &[usize]) -> &[T] {
        &self.buffer()[self.held.attached.layout.row(indices)]
    }
}
