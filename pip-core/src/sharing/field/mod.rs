//! Fields: named arrays that their exporter writes step after step, without ever waiting for those who read them, and that
//! readers see whole: no step is changed while somebody holds it.
//!
//! A field has several buffers. The exporter fills one, publishes it as a step and goes on with another that nobody reads, be it
//! a solver that computes right there (no copy) or a program that copies its array in. A reader waits for a step on a futex and
//! holds it while it reads in place. With `n` buffers `n - 2` steps can be held at a time; who comes later is told
//! so, and the exporter does not notice. Nor does it notice readers that are slow, stopped or killed.
//!
//! ```no_run
//! # use pip_core::sharing::{Peer, field::{FieldError, Layout}};
//! # use std::time::Duration;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // In the simulation, a task:
//! let sharing = pip_core::current::current().ok_or("not a task")?.sharing();
//! let mut u = sharing.export_field::<f64>("u", &Layout::dense(&[512, 512])?, 4)?;
//! for step in 1..=1000 {
//!     let (old, new) = u.both();
//!     new.iter_mut().zip(old).for_each(|(new, old)| *new = old + 1.0);
//!     u.publish(step)?;
//! }
//!
//! // In the analysis, another task:
//! let u = sharing.attach_field::<f64>(Peer::Task(0), "u", Duration::from_secs(10))?;
//! let mut next = 0;
//! loop {
//!     match u.next(next, Duration::MAX) {
//!         Ok(step) => {
//!             println!("step {}: {}", step.step(), step.row(&[256])[256]);
//!             next = step.step() + 1;
//!         }
//!         Err(FieldError::Ended(..)) => break,
//!         Err(error) => return Err(error.into()),
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The description of a field knows no Rust: `libpip_field.so` is the same for C (`pip/field.h`) and Python (`procinproc`).

mod block;
mod dtype;
mod error;
mod layout;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use block::{MAX_BUFFERS, MIN_BUFFERS};
pub use dtype::{Dtype, Element};
pub use error::FieldError;
pub use layout::{Layout, MAX_DIMS};
pub use reader::{FieldReader, Held, Reader, Step};
pub use writer::{FieldWriter, Writer};

use super::{Peer, Sharing};
use crate::registry::{Entry, Lookup, State};
use std::time::{Duration, Instant};

/// Prefix of the names in the table that are this module's.
const PREFIX: &str = "field:";

/// How often to look through all tasks for a name.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

fn key(name: &str) -> Vec<u8> {
    [PREFIX, name].concat().into_bytes()
}

impl Sharing {
    /// Exports an array of this layout as `name`, in `buffers` buffers of zeros: two more than steps are held at a time.
    pub fn export_field<T: Element>(
        &self,
        name: &str,
        layout: &Layout,
        buffers: usize,
    ) -> Result<FieldWriter<T>, FieldError> {
        Writer::export(*self, name, T::DTYPE, layout, buffers).map(FieldWriter::new)
    }

    /// The field that `peer` exports as `name`; waits until it does, at most `timeout` ([`Duration::MAX`]: for ever).
    pub fn attach_field<T: Element>(
        &self,
        peer: Peer,
        name: &str,
        timeout: Duration,
    ) -> Result<FieldReader<T>, FieldError> {
        FieldReader::new(Reader::attach(*self, peer, name, timeout)?)
    }

    /// The root and the tasks that export a field as `name` now, in the order of their ids, the root last.
    pub fn field_exporters(&self, name: &str) -> Vec<Peer> {
        let key = key(name);
        let tasks = (0..self.registry.capacity()).map(Peer::Task);
        let exports = |peer: &Peer| {
            self.entry_of(*peer).is_ok_and(|entry| {
                entry.state() == State::Alive
                    && matches!(entry.names().lookup(&key), Lookup::Found(_))
                    && self.is_exporting(*peer, entry)
            })
        };
        tasks.chain([Peer::Root]).filter(exports).collect()
    }

    /// The one that exports a field as `name`; waits until there is one, at most `timeout`.
    pub fn field_exporter(&self, name: &str, timeout: Duration) -> Result<Peer, FieldError> {
        let until = Instant::now().checked_add(timeout);
        loop {
            match self.field_exporters(name)[..] {
                [peer] => return Ok(peer),
                [] if until.is_some_and(|until| until <= Instant::now()) => {
                    return Err(FieldError::Unknown(name.to_owned(), timeout));
                }
                [] => std::thread::sleep(LOOK_AGAIN),
                ref several => return Err(FieldError::Ambiguous(name.to_owned(), several.to_vec())),
            }
        }
    }

    /// Whether what an entry that is held exports is still its: the root is always there.
    fn is_exporting(&self, peer: Peer, exporter: &Entry) -> bool {
        peer == Peer::Root || crate::task::is_living(self.registry, exporter)
    }
}
