//! The three ways to get at the neighbours' points.

mod edges;
mod put;
mod sendrecv;
mod shared;

use anyhow::Result;

use crate::cart::Cart;
use crate::comm::Comm;
use crate::field::Problem;
use crate::options::Variant;

/// One rank's part of a field that all ranks sweep together.
pub trait Halo {
    /// Sees to it that the neighbours' points can be read, then sweeps. All ranks call it.
    fn step(&mut self);

    /// The points and ghosts after the last step.
    fn now(&self) -> &[f64];
}

/// The field at its start, for ranks that do it this way. All ranks call it.
///
/// # Errors
/// On all ranks, if there is no memory for a rank's part or for a window.
pub fn start<'a>(variant: Variant, problem: Problem, cart: &'a Cart, node: &'a Comm) -> Result<Box<dyn Halo + 'a>> {
    Ok(match variant {
        Variant::Sendrecv => Box::new(sendrecv::Sendrecv::new(problem, cart)?),
        Variant::Put => Box::new(put::Put::new(problem, cart, node)?),
        Variant::Shared => Box::new(shared::Shared::new(problem, cart, node)?),
    })
}
