//! Legal MPI programs from seeds, played under stock MPICH and under PiP.
//!
//! A [`case::Case`] is drawn from a seed ([`draw`]) and is plain data that can be made smaller ([`shrink`]). What is decided
//! about ranks, types and lengths ([`communicators`], [`types`], [`transfer`]) and about order ([`schedule`]) becomes a
//! script for the interpreter in `programs/generated`, which checks everything that arrives against a model of matching.
//! [`play`] launches many cases at once, finds the one that failed, and compares results with stock MPICH's.
//!
//! [`one_sided`] does the same for windows and their operations, [`collective`] for collective operations.
//!
//! `target/release/generate-traffic --cases 10000` is the long run; `--case SEED --ranks N` plays one case again.

pub mod case;
pub mod collective;
pub mod communicators;
pub mod draw;
pub mod one_sided;
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

/// What can be drawn from a seed, played, and made smaller.
pub trait Program: Clone {
    /// What plays it: a source below `programs`.
    const PLAYER: &'static str;
    /// What `generate-traffic` is told to draw one again.
    const OPTION: &'static str;
    /// The program of a seed.
    fn draw(seed: u64, ranks: usize) -> Self;
    /// From which it was drawn.
    fn seed(&self) -> u64;
    /// Ranks of MPI_COMM_WORLD.
    fn ranks(&self) -> usize;
    /// Whether it needs MPI_THREAD_MULTIPLE.
    fn threaded(&self) -> bool;
    /// Whether stock MPICH plays it right, so that results can be compared.
    fn stock(&self) -> bool;
    /// What the player plays, without the line that begins it.
    fn script(&self) -> String;
    /// Programs with a little less, those with much less first.
    fn smaller(&self) -> Vec<Self>;
}

impl Program for Case {
    const PLAYER: &'static str = "generated/interpreter.c";
    const OPTION: &'static str = "";

    fn draw(seed: u64, ranks: usize) -> Case {
        draw::case(seed, ranks)
    }

    fn seed(&self) -> u64 {
        self.seed
    }

    fn ranks(&self) -> usize {
        self.ranks
    }

    fn threaded(&self) -> bool {
        self.threaded
    }

    fn stock(&self) -> bool {
        self.stock
    }

    fn script(&self) -> String {
        script_of(self)
    }

    fn smaller(&self) -> Vec<Case> {
        shrink::candidates(self)
    }
}

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
