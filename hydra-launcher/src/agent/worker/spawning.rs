//! Spawned ranks of this node: the launcher orders them, and serves them from then on as the others.

use super::Worker;
use crate::agent::launch;
use crate::agent::rank::Rank;
use crate::nodes::link::LinkError;
use crate::nodes::protocol::{Report, Spawn};

impl Worker {
    /// Starts the node's part of a group, and tells.
    pub(super) fn spawn(&mut self, spawn: &Spawn) -> Result<(), LinkError> {
        self.spawns += 1;
        // All others may have ended.
        (self.done, self.sessions_killed) = (false, false);
        self.outputs.iter_mut().for_each(crate::stdio::output::Output::reopen);
        launch::raise_descriptor_limit(launch::DESCRIPTORS_PER_RANK * (self.ranks.len() + spawn.ranks().count()));
        let started = match self.spawner.start(spawn) {
            Ok(started) => started.keep(),
            Err(error) => return self.report(&Report::NotSpawned(spawn.group, format!("{error:#}"))),
        };
        for (rank, (process, ends, program)) in spawn.ranks().zip(started) {
            let task = spawn.first + rank;
            let ours = ends.keep(&mut self.outputs).map_err(std::io::Error::from)?;
            self.report(&Report::Started { task, pid: process.pid(), program: program.clone() })?;
            let rank = Rank::new(process, ours, String::new(), &program);
            launch::enlist(rank, &mut self.janitor, &mut self.traces, &mut self.ranks);
            self.ids.push(task);
            self.alive += 1;
            self.watch_one(self.ranks.len() - 1)?;
        }
        self.report(&Report::Spawned(spawn.group))
    }
}
