//! Legal MPI programs from seeds, played under stock MPICH and under PiP.
//!
//! A [`case::Case`] is drawn from a seed ([`draw`]) and is plain data that can be made smaller ([`shrink`]). What is decided
//! about ranks, types and lengths ([`communicators`], [`types`], [`transfer`]) and about order ([`schedule`]) becomes a
//! script for the interpreter in `programs/generated`, which checks everything that arrives against a model of matching.
//! [`play`] launches many cases at once, finds the one that failed, and compares results with stock MPICH's.
//!
//! `target/release/generate-traffic --cases 10000` is the long run; `--case SEED --ranks N` plays one case again.

pub mod case;
pub mod communicators;
pub mod draw;
pub mod play;
pub mod random;
pub mod schedule;
pub mod script;
pub mod shrink;
pub mod transfer;
pub mod types;

use case::Case;
use script::Script;
use transfer::Scope;

/// Number of the communicator that a step makes for itself.
const TEMPORARY: usize = 39;

/// What the interpreter plays for a case, without the line that begins it.
pub fn script_of(case: &Case) -> String {
    let mut script = Script::default();
    let communicators = communicators::derive(&mut script, case.ranks, &case.communicators);
    let types = types::make(&mut script, &case.types);
    let scope = Scope {
        ranks: case.ranks,
        stock: case.stock,
        communicators: &communicators,
        types: &types,
        thread: None,
        tags: 0,
        barrier: Some(0),
        temporary: TEMPORARY,
    };
    for step in &case.steps {
        script.with_buffers(|script| schedule::step(script, &scope, step));
    }
    script.into_text()
}
