//! One node's part of a job on several hosts: an agent starts its tasks, reports what happens to them, and does what the launcher
//! orders. It decides nothing but that tasks without a launcher end.

mod cache;
mod input;
mod orders;
mod spawning;
mod start;

pub use start::run;

use super::launch;
use super::poller::{Channel, Interest, Poller, Source};
use super::rank::Rank;
use super::spawning::Spawner;
use crate::exit_status::Ended;
use crate::janitor::Janitor;
use crate::nodes::link::{Link, LinkError};
use crate::nodes::protocol::{Order, Report};
use crate::plan::Plan;
use crate::sessions;
use crate::shared_memory::Traces;
use crate::signals::Signals;
use crate::stdio::output::Output;
use cache::Cache;
use input::Input;
use nix::sys::signal::Signal;
use pip_core::Root;

/// So many unsent bytes stop the reading of PMI requests.
const MAX_PENDING: usize = 1 << 20;

/// All state of a node's part of a job.
struct Worker {
    poller: Poller,
    link: Link<Order>,
    /// In the order of `ids`.
    ranks: Vec<Rank>,
    /// The tasks' ids, ascending.
    ids: Vec<usize>,
    outputs: [Output; 2],
    spawner: Spawner,
    /// Spawn orders that have come.
    spawns: usize,
    input: Option<Input>,
    cache: Cache,
    signals: Signals,
    janitor: Janitor,
    traces: Traces,
    alive: usize,
    /// No PMI request is read until the connection has taken earlier ones.
    pmi_paused: bool,
    wants_room: bool,
    /// All tasks have ended, and what they have left running is killed.
    sessions_killed: bool,
    /// All they wrote has been sent, too.
    done: bool,
    /// The launcher has sent the agent away.
    dismissed: bool,
}

impl Worker {
    fn launch(&mut self, plan: &Plan, root: &Root) -> anyhow::Result<()> {
        let Worker { outputs, janitor, traces, ranks, .. } = self;
        launch::launch(plan, root, outputs, janitor, traces, ranks).map(drop)
    }

    fn watch(&self) -> nix::Result<()> {
        self.poller.set(&self.signals, Source::Signals, Interest::Read)?;
        self.poller.set(&self.link, Source::Launcher, Interest::Read)?;
        for channel in [Channel::Out, Channel::Err] {
            self.poller.set(self.outputs[channel as usize].pipes(), Source::Output(channel), Interest::Read)?;
        }
        for (index, rank) in self.ranks.iter().enumerate() {
            if let Some(pidfd) = rank.task.pidfd() {
                self.poller.set(pidfd, Source::Ended(index), Interest::Read)?;
            }
        }
        self.watch_pmi()
    }

    /// A rank that was spawned.
    fn watch_one(&mut self, index: usize) -> Result<(), LinkError> {
        if let Some(pidfd) = self.ranks[index].task.pidfd() {
            self.poller.set(pidfd, Source::Ended(index), Interest::Read).map_err(std::io::Error::from)?;
        }
        self.watch_rank(index)
    }

    fn watch_pmi(&self) -> nix::Result<()> {
        for (index, rank) in self.ranks.iter().enumerate() {
            if let Some(socket) = rank.socket() {
                let interest = if rank.has_unsent() { Interest::Write } else { Interest::Read };
                self.poller.set(socket, Source::Pmi(index), interest)?;
            }
        }
        Ok(())
    }

    /// Serves until the launcher sends the agent away. An error is the end of the connection.
    fn serve(&mut self) -> Result<(), LinkError> {
        // Those that came with the assignment.
        self.follow_all()?;
        loop {
            if self.alive == 0 && !self.done {
                if !std::mem::replace(&mut self.sessions_killed, true) {
                    sessions::kill(&self.traces.ranks);
                }
                if self.outputs.iter_mut().filter_map(|output| (!output.finish()).then_some(())).count() == 0 {
                    self.outputs.iter_mut().for_each(Output::close);
                }
            }
            self.send_output()?;
            if self.alive == 0 && !self.done && self.outputs.iter().all(Output::is_finished) {
                self.done = true;
                self.report(&Report::Done(self.spawns))?;
            }
            self.flush()?;
            if self.dismissed {
                return Ok(());
            }
            for source in self.poller.wait(None).map_err(std::io::Error::from)? {
                self.handle(source)?;
            }
        }
    }

    fn report(&mut self, report: &Report) -> Result<(), LinkError> {
        self.link.push(report)
    }

    /// Hands what tasks have written to the connection.
    fn send_output(&mut self) -> Result<(), LinkError> {
        for channel in 0..2 {
            let Some(outbox) = self.outputs[channel].outbox() else { continue };
            let (chunks, said) = (outbox.take(), outbox.take_said());
            for (stream, bytes) in chunks {
                self.link.push(&Report::Output { channel: channel as u8, task: self.ids[stream], bytes })?;
            }
            for text in said {
                self.link.push(&Report::Advice(text))?;
            }
        }
        Ok(())
    }

    /// Sends what the connection takes.
    fn flush(&mut self) -> Result<(), LinkError> {
        self.link.flush()?;
        let wants_room = self.link.pending() > 0;
        if std::mem::replace(&mut self.wants_room, wants_room) != wants_room {
            let interest = if wants_room { Interest::Both } else { Interest::Read };
            self.poller.set(&self.link, Source::Launcher, interest).map_err(std::io::Error::from)?;
        }
        if self.pmi_paused && self.link.pending() <= MAX_PENDING {
            self.pmi_paused = false;
            self.watch_pmi().map_err(std::io::Error::from)?;
        }
        Ok(())
    }

    fn handle(&mut self, source: Source) -> Result<(), LinkError> {
        match source {
            Source::Launcher => self.on_launcher()?,
            Source::Signals => self.on_signals()?,
            Source::Output(channel) => {
                let output = &mut self.outputs[channel as usize];
                output.forward().map_err(std::io::Error::from)?;
                if !output.has_room() {
                    self.poller.remove(output.pipes());
                }
            }
            Source::Pmi(index) => self.on_pmi(index)?,
            Source::Ended(index) => self.on_ended(index)?,
            Source::InputPipe => self.feed()?,
            // The rest is the launcher's.
            _ => {}
        }
        Ok(())
    }

    /// Somebody wants the agent to end: a batch system, or a user of this host.
    fn on_signals(&mut self) -> Result<(), LinkError> {
        while let Some(signal) = self.signals.next() {
            if matches!(signal, Signal::SIGTERM | Signal::SIGINT | Signal::SIGQUIT) {
                self.report(&Report::Ending(format!("its agent was sent {}", signal.as_str())))?;
                self.kill();
            }
        }
        Ok(())
    }

    /// Passes a rank's requests on, but for those that can be answered here.
    fn on_pmi(&mut self, index: usize) -> Result<(), LinkError> {
        let task = self.ids[index];
        self.ranks[index].flush();
        // A rank that does not read its replies is not served on.
        while !self.ranks[index].has_unsent() {
            if self.link.pending() > MAX_PENDING && self.ranks[index].ended.is_none() {
                self.pmi_paused = true;
                self.ranks.iter().filter_map(Rank::socket).for_each(|socket| self.poller.remove(socket));
                return Ok(());
            }
            let Some(bytes) = self.ranks[index].read_raw() else { break };
            if bytes.is_empty() {
                if let Some(socket) = self.ranks[index].disconnect() {
                    self.poller.remove(&socket);
                    self.report(&Report::PmiClosed(task))?;
                }
                return Ok(());
            }
            match self.cache.answer(task, &bytes) {
                Some(reply) => self.reply(index, &reply)?,
                None => self.report(&Report::Pmi { task, bytes })?,
            }
        }
        self.watch_rank(index)
    }

    fn watch_rank(&mut self, index: usize) -> Result<(), LinkError> {
        if let Some(socket) = self.ranks[index].socket().filter(|_| !self.pmi_paused) {
            let interest = if self.ranks[index].has_unsent() { Interest::Write } else { Interest::Read };
            self.poller.set(socket, Source::Pmi(index), interest).map_err(std::io::Error::from)?;
        }
        Ok(())
    }

    /// Sends PMI replies to a rank.
    fn reply(&mut self, index: usize, lines: &[u8]) -> Result<(), LinkError> {
        if self.ranks[index].socket().is_some() && self.ranks[index].send(lines).is_err() {
            self.report(&Report::PmiUnread(self.ids[index]))?;
        }
        Ok(())
    }

    /// A task ended: first comes what it wrote and asked before.
    fn on_ended(&mut self, index: usize) -> Result<(), LinkError> {
        let Some(ended) = self.ranks[index].look()? else { return Ok(()) };
        if let Some(pidfd) = self.ranks[index].task.pidfd() {
            self.poller.remove(pidfd);
        }
        self.ranks[index].ended = Some(ended);
        self.alive -= 1;
        if self.ranks[index].is_rank {
            self.on_pmi(index)?;
        }
        self.outputs.iter_mut().for_each(|output| _ = output.drain(index));
        self.send_output()?;
        let status = match ended {
            Ended::Exited(status) => status,
            Ended::Killed(signal) => -signal,
        };
        self.report(&Report::Ended { task: self.ids[index], status })
    }

    /// Kills all tasks.
    fn kill(&self) {
        self.ranks.iter().for_each(|rank| rank.task.kill_group());
    }

    /// Ends everything that is left and removes what it left.
    fn clean_up(mut self) {
        if self.alive > 0 {
            self.kill();
            sessions::kill(&self.traces.ranks);
        }
        let mut all_gone = true;
        for rank in &mut self.ranks {
            match rank.ended.map_or_else(|| rank.look(), |ended| Ok(Some(ended))) {
                Ok(Some(_)) => _ = rank.task.wait(),
                _ => all_gone = false,
            }
        }
        self.traces.remove();
        // A rank that cannot die yet is the janitor's.
        if all_gone {
            self.janitor.dismiss();
        }
    }
}
