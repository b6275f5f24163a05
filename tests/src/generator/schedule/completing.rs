//! Lines that complete requests: in any order, in several calls, in all ways.

use super::super::random::Random;
use super::super::script::Script;
use super::super::transfer::Scope;

const HOW: [&str; 9] =
    ["waitall", "waitany", "waitsome", "testall", "testany", "testsome", "wait", "test", "get_status"];

/// A request under way.
#[derive(Debug, Clone, Copy)]
pub struct Pending {
    /// Its number.
    pub slot: usize,
    /// Whether nobody looks at its status.
    pub is_send: bool,
}

/// Completes all of these requests of a rank.
pub fn write(script: &mut Script, scope: &Scope, rank: usize, mut pending: Vec<Pending>, random: &mut Random) {
    random.shuffle(&mut pending);
    let calls = random.between(1, 3);
    let size = pending.len().div_ceil(calls).max(1);
    for chunk in pending.chunks(size) {
        let mut slots: Vec<String> = chunk.iter().map(|request| request.slot.to_string()).collect();
        if random.chance(20) {
            slots.insert(random.below(slots.len() + 1), "-1".to_owned());
        }
        let ignore = chunk.iter().all(|request| request.is_send) && random.chance(50);
        let (how, ignore) = if ignore { ("waitall", " ignore=1") } else { (random.pick(&HOW), "") };
        script.line(rank, scope.thread, format!("complete {how} slots={}{ignore}", slots.join(",")));
    }
}
