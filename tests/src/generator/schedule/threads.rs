//! Several threads of each rank, each with steps of its own: on a communicator of its own, or on one that all share, where
//! their tags differ.

use super::super::case::{Kind, Step};
use super::super::communicators::Communicator;
use super::super::script::Script;
use super::super::transfer::Scope;

/// Numbers of the communicators that threads and their steps make for themselves.
const OF_THREADS: usize = 40;
const TEMPORARY: usize = 50;

/// Writes a step of threads.
pub fn write(script: &mut Script, scope: &Scope, step: &Step, shared: bool) {
    let world = &scope.communicators[0];
    let threads = step.inner.len();
    let own: Vec<Communicator> = if shared {
        Vec::new()
    } else {
        (0..threads).map(|thread| world.dup(script, None, OF_THREADS + thread)).collect()
    };
    script.everybody(&format!("threads - count={threads}"));
    for (thread, steps) in step.inner.iter().enumerate() {
        let scope = Scope {
            thread: Some(thread),
            tags: 10_000 * (thread as i64 + 1),
            communicators: own.get(thread).map_or(scope.communicators, std::slice::from_ref),
            barrier: own.get(thread).map(|communicator| communicator.slot),
            temporary: TEMPORARY + thread,
            ..scope.clone()
        };
        // Buffers for buffered sends are the process's: those of all threads are attached before they start.
        for step in steps.iter().filter(|step| !matches!(step.kind, Kind::Threads(_))) {
            super::step(script, &scope, step);
        }
    }
    script.everybody("join");
    for communicator in &own {
        for rank in communicator.members() {
            script.line(rank, None, format!("free_comm - slot={}", communicator.slot));
        }
    }
}
