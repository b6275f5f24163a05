//! What can go wrong with a field, in words.

use super::{Dtype, MAX_BUFFERS, MIN_BUFFERS};
use crate::sharing::{Peer, SharingError};
use core::ops::Range;
use std::time::Duration;

/// Why a field was not exported, attached or read.
#[derive(Debug, thiserror::Error)]
pub enum FieldError {
    /// As for arrays: the name is taken, the exporter has ended or was built with another version, and so on.
    #[error(transparent)]
    Sharing(#[from] SharingError),
    /// No dimensions, too many, an empty one, or more elements than memory can hold.
    #[error("shape {0:?}: an array has 1 to {max} dimensions, none of them 0, and fits into memory", max = super::MAX_DIMS)]
    BadShape(Vec<usize>),
    /// A window that is not inside.
    #[error("window {0:?} does not lie in an array of shape {1:?}; give one range of indices per dimension")]
    BadWindow(Vec<Range<usize>>, Vec<usize>),
    /// A number of buffers outside the limits.
    #[error(
        "{0} buffers: give {MIN_BUFFERS} to {MAX_BUFFERS}, which is two more than arrays are held at a time by readers"
    )]
    BadBuffers(usize),
    /// No memory for the buffers.
    #[error("no memory for {0} buffers of {1} bytes; give fewer buffers or a smaller array")]
    NoMemory(usize, usize),
    /// A step that is not after the last one, or the largest number of all, which stands for none.
    #[error("step {0} cannot follow step {1}: steps grow, and end before 2^64 - 1")]
    BadStep(u64, u64),
    /// Exporter and reader disagree about the elements.
    #[error("{name:?} of {peer} holds elements of type {exported}, but {wanted} was asked for")]
    WrongType {
        /// The exporter.
        peer: Peer,
        /// The name.
        name: String,
        /// Its elements.
        exported: Dtype,
        /// What was asked for.
        wanted: Dtype,
    },
    /// Nobody exported it in time.
    #[error(
        "no task exported {0:?} within {1:?}; check the name, and that the exporter runs in the same address space"
    )]
    Unknown(String, Duration),
    /// Several tasks export the name and none was chosen.
    #[error("{0:?} is exported by {1:?}; say whose is wanted")]
    Ambiguous(String, Vec<Peer>),
    /// The step did not come in time.
    #[error("step {1} of {0:?} did not come within {2:?}; the newest is {newest}", newest = newest(.3))]
    Late(String, u64, Duration, Option<u64>),
    /// The exporter has ended or withdrawn the field, and there will be no such step.
    #[error("{0} has ended or withdrawn {1:?} before step {2}; the newest was {newest}", newest = newest(.3))]
    Ended(Peer, String, u64, Option<u64>),
    /// The exporter has written a later step into the buffer.
    #[error("step {1} of {0:?} is not there, or not any more: ask for one that has just been published")]
    Gone(String, u64),
    /// As many arrays are held as the field allows.
    #[error("all {1} places of readers of {0:?} are taken; let go of steps, or export it with more than {buffers} buffers", buffers = .1 + 2)]
    Crowded(String, usize),
}

fn newest(step: &Option<u64>) -> String {
    step.map_or_else(|| "none".to_owned(), |step| step.to_string())
}
