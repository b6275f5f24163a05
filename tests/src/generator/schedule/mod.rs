//! From steps to instructions of each rank. Here a case becomes legal: no order that is chosen can deadlock under an MPI that
//! keeps the standard, whichever way messages and receives are matched.

mod cancelling;
mod completing;
mod exchange;
mod ordered;
mod receiving;
mod ring;
mod sending;
mod threads;

use super::case::{Kind, Step};
use super::script::Script;
use super::transfer::Scope;

pub use receiving::PROBING;

/// Number of MPI_PROC_NULL in scripts.
const NULL_PEER: i64 = -2;

/// Writes what all ranks do in a step.
pub fn step(script: &mut Script, scope: &Scope, step: &Step) {
    match step.kind {
        Kind::Exchange => exchange::write(script, scope, step),
        Kind::Ordered => ordered::write(script, scope, step),
        Kind::Sink => ordered::write_sink(script, scope, step),
        Kind::Ring => ring::write(script, scope, step),
        Kind::CancelReceive => cancelling::write_receives(script, scope, step),
        Kind::CancelSend => cancelling::write_sends(script, scope, step),
        Kind::Threads(shared) => threads::write(script, scope, step, shared),
    }
}

/// The next number of each rank.
struct Slots(Vec<usize>);

impl Slots {
    fn new(ranks: usize) -> Slots {
        Slots(vec![0; ranks])
    }

    fn next(&mut self, rank: usize) -> usize {
        self.0[rank] += 1;
        self.0[rank] - 1
    }
}

/// All ranks of the scope compare what came with the model.
fn check(script: &mut Script, scope: &Scope) {
    for rank in 0..scope.ranks {
        script.line(rank, scope.thread, "check -");
    }
}

/// A barrier of all ranks, where the scope has one.
fn barrier(script: &mut Script, scope: &Scope) {
    if let Some(slot) = scope.barrier {
        for rank in 0..scope.ranks {
            script.line(rank, scope.thread, format!("barrier - comm={slot}"));
        }
    }
}
