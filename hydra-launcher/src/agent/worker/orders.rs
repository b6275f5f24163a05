//! What an agent does for each order of the launcher.

use super::Worker;
use crate::agent::poller::{Channel, Interest, Source};
use crate::mappings;
use crate::nodes::link::LinkError;
use crate::nodes::protocol::{Order, Report};
use crate::signals;

impl Worker {
    /// The connection has orders, or has ended.
    pub(super) fn on_launcher(&mut self) -> Result<(), LinkError> {
        let filled = self.link.fill();
        self.follow_all()?;
        // Closed by a launcher that sent the agent away, and did not wait.
        if self.dismissed { Ok(()) } else { filled.map(drop) }
    }

    /// Follows the orders that have come.
    pub(super) fn follow_all(&mut self) -> Result<(), LinkError> {
        while let Some(order) = self.link.next()? {
            self.follow(order)?;
        }
        Ok(())
    }

    fn follow(&mut self, order: Order) -> Result<(), LinkError> {
        match order {
            Order::Pmi { task, bytes } => {
                if let Some(index) = self.index_of(task) {
                    self.reply(index, &bytes)?;
                    self.watch_rank(index)?;
                }
            }
            Order::ClosePmi(task) => {
                if let Some(socket) = self.index_of(task).and_then(|index| self.ranks[index].disconnect()) {
                    self.poller.remove(&socket);
                }
            }
            Order::Values(values) => self.cache.add(values),
            Order::Input(bytes) => {
                if let Some(input) = &mut self.input {
                    input.push(&bytes);
                    self.feed()?;
                } else {
                    self.report(&Report::InputClosed)?;
                }
            }
            Order::Credit(channel, bytes) => {
                let channel = if channel == 0 { Channel::Out } else { Channel::Err };
                let output = &mut self.outputs[channel as usize];
                if let Some(outbox) = output.outbox() {
                    outbox.grant(bytes);
                }
                if output.has_room() {
                    self.poller
                        .set(output.pipes(), Source::Output(channel), Interest::Read)
                        .map_err(std::io::Error::from)?;
                }
            }
            Order::SharedMemory(path) => {
                if self.traces.files.insert(path.clone()) {
                    self.janitor.file(&path);
                }
            }
            Order::Signal(signal) => self.living(|pid| signals::send_to_group(pid, signal)),
            Order::Stop => self.living(signals::stop_group),
            Order::Kill => {
                // The mappings of killed ranks are still there.
                if let Some(advice) = mappings::exhausted() {
                    self.report(&Report::Advice(advice))?;
                }
                self.kill();
            }
            Order::Spawn(spawn) => self.spawn(&spawn)?,
            Order::KillTasks(first, end) => {
                let tasks = self.ids.iter().zip(&self.ranks).filter(|(id, _)| (first..end).contains(id));
                tasks.for_each(|(_, rank)| rank.task.kill_group());
            }
            Order::Ping => self.report(&Report::Pong)?,
            Order::Leave => self.dismissed = true,
            // Given once, at the beginning.
            Order::Start(_) => {}
        }
        Ok(())
    }

    fn index_of(&self, task: usize) -> Option<usize> {
        self.ids.binary_search(&task).ok().filter(|&index| index < self.ranks.len())
    }

    /// Does something with the PID of each task that has not ended.
    fn living(&self, mut action: impl FnMut(i32)) {
        for rank in self.ranks.iter().filter(|rank| rank.ended.is_none()) {
            action(rank.task.pid());
        }
    }

    /// Writes what waits for the task that reads standard input, and tells how much it was.
    pub(super) fn feed(&mut self) -> Result<(), LinkError> {
        let Some(input) = &mut self.input else { return Ok(()) };
        let (taken, open) = input.write();
        match input.pipe() {
            Some(pipe) => {
                let interest = if input.is_waiting() { Interest::Write } else { Interest::Nothing };
                self.poller.set(pipe, Source::InputPipe, interest).map_err(std::io::Error::from)?;
            }
            None => self.input = None,
        }
        if taken > 0 {
            self.report(&Report::InputTaken(taken))?;
        }
        if !open {
            self.report(&Report::InputClosed)?;
        }
        Ok(())
    }
}
