//! The launcher's event loop in a job on several hosts: what agents report leads to the same decisions as what ranks of this host
//! do, and what is decided becomes orders.

use super::ending::Cause;
use super::poller::{Interest, Source};
use super::process::Process;
use super::rank::Rank;
use super::{Agent, FOREGROUND_CHECK, Start, kvs_name, streams};
use crate::command_line::{InputTarget, Job};
use crate::debugger;
use crate::exit_status::Ended;
use crate::janitor::Janitor;
use crate::mpir;
use crate::nodes::fleet::{Event, Fleet};
use crate::nodes::protocol::{Assignment, Order, Report, WINDOW};
use crate::nodes::settings::Settings;
use crate::placement::{Node, Placement};
use crate::plan::{self, Plan};
use crate::pmi::server::Action;
use crate::pmi::wire::Request;
use crate::report::RunReport;
use crate::shared_memory::Traces;
use crate::signals::Signals;
use crate::stdio::stdin::{in_foreground, release};
use anyhow::Context;
use nix::errno::Errno;
use std::path::Path;
use std::time::Instant;

/// Bytes of one read of standard input.
const READ: usize = 64 << 10;
/// Bytes of values in one order.
const VALUES: usize = 1 << 20;

/// Standard input on its way to ranks on other nodes.
#[derive(Debug)]
pub struct Feed {
    /// The readers' nodes, and how many bytes may be sent to each before its agent has passed earlier ones on.
    readers: Vec<(usize, usize)>,
    /// A regular file, which is always readable, and which no poller takes.
    is_file: bool,
    is_terminal: bool,
}

impl Feed {
    /// For the ranks that shall read, if there are any.
    fn new(target: InputTarget, placement: &Placement) -> Option<Feed> {
        let nodes = match target {
            InputTarget::Nobody => return None,
            InputTarget::Rank(rank) if rank >= placement.size() => return None,
            InputTarget::Rank(rank) => placement.node_of(rank)..placement.node_of(rank) + 1,
            InputTarget::All => 0..placement.nodes().len(),
        };
        let is_terminal = nix::unistd::isatty(std::io::stdin()).unwrap_or(false);
        Some(Feed { readers: nodes.map(|node| (node, WINDOW)).collect(), is_file: false, is_terminal })
    }

    /// Bytes that all readers' agents take.
    fn room(&self) -> usize {
        self.readers.iter().map(|&(_, credit)| credit).min().unwrap_or(0)
    }
}

/// Runs a job on several hosts to its end and returns the launcher's exit status.
pub fn run(
    job: &Job,
    plan: &Plan,
    settings: &Settings,
    janitor: Janitor,
    report: Option<RunReport>,
) -> anyhow::Result<u8> {
    let signals = Signals::new().context("signals cannot be taken over")?;
    let (wake, outputs) = streams(plan)?;
    let placement = &plan.placement;
    let mut nodes = vec![0; plan.tasks];
    let mut members = Vec::new();
    for (node, place) in placement.nodes().iter().enumerate() {
        let tasks: Vec<usize> =
            plan::tasks_of_node(job, placement, node).into_iter().flat_map(|(_, tasks)| tasks).collect();
        tasks.iter().for_each(|&task| nodes[task] = node);
        members.push((place, tasks, assignment(job, placement, settings, node, place)?));
    }
    let ranks = nodes.iter().enumerate().map(|(id, &node)| Rank::on_node(node, id, id < placement.size())).collect();
    let (traces, kvsname) = (Traces::new(), kvs_name(plan));
    let start = Start {
        job,
        settings,
        root: None,
        is_here: false,
        kvsname,
        signals,
        wake,
        outputs,
        janitor,
        traces,
        ranks,
        report,
    };
    let mut agent = Agent::new(plan, start)?;
    agent.watch()?;
    let (fleet, events) = Fleet::launch(settings.clone(), members, &agent.poller)?;
    agent.fleet = Some(fleet);
    agent.take_events(events)?;
    agent.feed = Feed::new(plan.input, placement);
    agent.watch_feed()?;
    agent.serve(plan)?;
    Ok(agent.leave())
}

/// What a node's agent is told.
pub(super) fn assignment(
    job: &Job,
    placement: &Placement,
    settings: &Settings,
    node: usize,
    place: &Node,
) -> anyhow::Result<Assignment> {
    Ok(Assignment {
        node,
        name: (!place.is_local).then(|| place.host.name.clone()),
        job: Job { hosts: None, ..job.clone() },
        placement: placement.clone(),
        environment: std::env::vars_os().collect(),
        directory: std::env::current_dir().context("the working directory is gone")?,
        timeout: settings.timeout,
    })
}

impl Agent {
    /// A descriptor of the fleet is ready.
    pub(super) fn on_nodes(&mut self, source: Source) -> anyhow::Result<()> {
        let Some(fleet) = &mut self.fleet else { return Ok(()) };
        let events = fleet.handle(source, &self.poller)?;
        self.take_events(events)
    }

    pub(super) fn take_events(&mut self, events: Vec<Event>) -> anyhow::Result<()> {
        for event in events {
            match event {
                Event::Report(node, report) => self.on_report(node, report)?,
                Event::Lost(node, why) => self.on_lost(node, why)?,
                Event::Said(node, text) => {
                    let host = self.fleet.as_ref().map_or("", |fleet| fleet.host(node)).to_owned();
                    text.lines().for_each(|line| self.outputs[1].say(&format!("host {host}: {line}")));
                }
            }
        }
        Ok(())
    }

    fn on_report(&mut self, node: usize, report: Report) -> anyhow::Result<()> {
        let Some(fleet) = &mut self.fleet else { return Ok(()) };
        if let Report::Started { task, .. }
        | Report::Pmi { task, .. }
        | Report::PmiClosed(task)
        | Report::PmiUnread(task)
        | Report::Output { task, .. }
        | Report::Ended { task, .. } = report
            && fleet.tasks(node).binary_search(&task).is_err()
        {
            return Ok(()); // only a damaged agent speaks for others
        }
        let host = fleet.host(node).to_owned();
        match report {
            Report::Agent(pid) if debugger::is_there() => {
                let how = match fleet.is_forked(node) {
                    // It is traced by this gdb already.
                    true => format!("without -gdb, 'pip-gdb -p' with the PID of the agent (now {pid})"),
                    false => format!("'pip-gdb -p {pid}' on that host"),
                };
                let text =
                    format!("host {host}: its ranks are tasks of an agent, and not shown here; {how} shows them");
                self.outputs[1].say(&text);
            }
            Report::Agent(_) => {}
            Report::Started { task, pid, program } => {
                self.ranks[task].task = Process::Remote { node, pid, program };
                // Debuggers are shown MPI_COMM_WORLD.
                if task < self.size {
                    self.publish();
                }
            }
            Report::NotStarted { reason, code } => {
                if !self.does_without(node, &host, &reason)? {
                    self.fail(Cause::Launch(format!("host {host}: {reason}"), code));
                }
            }
            Report::Pmi { task, bytes } => {
                self.ranks[task].forwarded(&bytes);
                self.on_pmi(task)?;
            }
            Report::PmiClosed(task) => {
                self.ranks[task].disconnect();
                self.on_pmi(task)?;
            }
            Report::PmiUnread(task) => {
                self.fail(Cause::Misbehaved(task, "does not read the replies to its PMI requests"));
            }
            Report::Output { channel, task, bytes } => {
                let channel = usize::from(channel.min(1));
                fleet.owe(node, channel, bytes.len());
                let output = &mut self.outputs[channel];
                output.pass_on(task, bytes);
                if output.has_room() {
                    fleet.repay(channel);
                }
            }
            Report::Ended { task, .. } if self.ranks[task].ended.is_some() => {}
            Report::Ended { task, status } => {
                let ended = if status < 0 { Ended::Killed(-status) } else { Ended::Exited(status) };
                self.take_end(task, ended)?;
            }
            Report::InputTaken(bytes) => {
                let readers = self.feed.iter_mut().flat_map(|feed| &mut feed.readers);
                readers.filter(|(reader, _)| *reader == node).for_each(|(_, credit)| *credit += bytes);
                self.watch_feed()?;
            }
            Report::InputClosed => {
                if let Some(feed) = &mut self.feed {
                    feed.readers.retain(|(reader, _)| *reader != node);
                    if feed.readers.is_empty() {
                        self.end_feed()?;
                    }
                }
                self.watch_feed()?;
            }
            Report::Advice(text) => self.outputs[1].say(&format!("host {host}: {text}")),
            // What has not ended by now was never started.
            Report::Done(_) if fleet.is_running(node) => {}
            Report::Done(_) => self.write_off(node),
            Report::Spawned(group) => self.on_spawned(node, group)?,
            Report::NotSpawned(group, why) => self.on_not_spawned(node, group, &format!("host {host}: {why}"))?,
            Report::Ending(why) => self.on_lost(node, why)?,
            Report::Pong => {}
        }
        Ok(())
    }

    /// Once all ranks have started: shows them to debuggers, before any PMI request that lets them out of MPI_Init is answered.
    fn publish(&self) {
        let Some(fleet) = &self.fleet else { return };
        let ranks = self.ranks.iter().take(self.size);
        let entry = |rank: &Rank| match &rank.task {
            Process::Remote { node, pid: pid @ 1.., program } => {
                let (host, program) = (fleet.host(*node).to_owned(), program.display().to_string());
                Some(mpir::Process { host, program, pid: *pid })
            }
            _ => None,
        };
        if let Some(all) = ranks.map(entry).collect::<Option<Vec<_>>>() {
            mpir::publish(&all);
        }
    }

    /// A node is lost, and all its tasks with it.
    fn on_lost(&mut self, node: usize, why: String) -> anyhow::Result<()> {
        let host = self.fleet.as_ref().map_or("", |fleet| fleet.host(node)).to_owned();
        if !self.gives_up_spawning_on(node, &host, &why)? {
            self.fail(Cause::Lost(host, why));
            self.write_off(node);
        }
        Ok(())
    }

    /// Counts the tasks of a node as ended.
    fn write_off(&mut self, node: usize) {
        for rank in self.ranks.iter_mut().filter(|rank| rank.task.node() == Some(node) && rank.ended.is_none()) {
            rank.ended = Some(Ended::Killed(libc::SIGKILL));
            rank.lost_at = None;
            self.alive -= 1;
        }
    }

    /// Kills the tasks of all nodes.
    pub(super) fn kill_nodes(&mut self) {
        let given_up = self.fleet.as_mut().map(|fleet| fleet.kill(&self.poller)).unwrap_or_default();
        given_up.into_iter().for_each(|node| self.write_off(node));
    }

    pub(super) fn signal_nodes(&mut self, signal: i32) {
        if let Some(fleet) = &mut self.fleet {
            fleet.broadcast(&Order::Signal(signal));
        }
    }

    /// Stops the tasks of all nodes, before the launcher stops itself.
    pub(super) fn stop_nodes(&mut self) -> anyhow::Result<()> {
        if let Some(fleet) = &mut self.fleet {
            fleet.broadcast(&Order::Stop);
        }
        self.flush_nodes()
    }

    /// Looks at the fleet's timers; returns when the next one is due.
    pub(super) fn look_at_nodes(&mut self) -> anyhow::Result<Option<Instant>> {
        let Some(fleet) = &mut self.fleet else { return Ok(None) };
        let (next, events) = fleet.look_at_clock(Instant::now(), &self.poller);
        self.take_events(events)?;
        Ok(next)
    }

    /// Sends the orders that were given.
    pub(super) fn flush_nodes(&mut self) -> anyhow::Result<()> {
        loop {
            let Some(fleet) = &mut self.fleet else { return Ok(()) };
            let events = fleet.flush(&self.poller)?;
            if events.is_empty() {
                return Ok(());
            }
            // What they lead to may be more orders.
            self.take_events(events)?;
        }
    }

    /// A stream's writer may have room again.
    pub(super) fn repay_nodes(&mut self, channel: super::Channel) {
        if let Some(fleet) = &mut self.fleet
            && self.outputs[channel as usize].has_room()
        {
            fleet.repay(channel as usize);
        }
    }

    /// Before a request's action: what was put is sent to all nodes before the barrier opens, so that they can answer `get`.
    pub(super) fn share_with_nodes(&mut self, request: &Request, action: &Action) {
        let (Some(fleet), Action::Reply(_, line)) = (&mut self.fleet, action) else { return };
        if let Request::Put { kvsname, key, value } = request
            && line.starts_with("cmd=put_result rc=0")
            // Those are answered by the server itself.
            && !key.starts_with("PMI_")
        {
            let entry = (kvsname.clone(), key.clone(), value.clone());
            // A copy that the nodes have must not outlive the value.
            if self.shared.contains(&(kvsname.clone(), key.clone())) {
                fleet.broadcast(&Order::Values(vec![entry]));
            } else {
                self.fresh.push(entry);
            }
        }
        if line.starts_with("cmd=barrier_out") && !self.fresh.is_empty() {
            let (mut part, mut size) = (Vec::new(), 0);
            for entry in std::mem::take(&mut self.fresh) {
                size += entry.0.len() + entry.1.len() + entry.2.len();
                self.shared.insert((entry.0.clone(), entry.1.clone()));
                part.push(entry);
                if size > VALUES {
                    fleet.broadcast(&Order::Values(std::mem::take(&mut part)));
                    size = 0;
                }
            }
            fleet.broadcast(&Order::Values(part));
        }
    }

    pub(super) fn reply_to_node(&mut self, task: usize, line: String) {
        if let (Some(fleet), Some(node)) = (&mut self.fleet, self.ranks[task].task.node()) {
            fleet.order(node, &Order::Pmi { task, bytes: line.into_bytes() });
        }
    }

    /// Whether the rank is on another node, which is then told of a file below /dev/shm there.
    pub(super) fn tell_node_of_file(&mut self, task: usize, path: &Path) -> bool {
        let (Some(fleet), Some(node)) = (&mut self.fleet, self.ranks[task].task.node()) else { return false };
        fleet.order(node, &Order::SharedMemory(path.to_owned()));
        true
    }

    pub(super) fn close_pmi_on_node(&mut self, task: usize) {
        if let (Some(fleet), Some(node)) = (&mut self.fleet, self.ranks[task].task.node()) {
            fleet.order(node, &Order::ClosePmi(task));
        }
    }

    /// Waits for standard input, if the agent takes more of it.
    pub(super) fn watch_feed(&mut self) -> anyhow::Result<()> {
        let Some(feed) = &mut self.feed else { return Ok(()) };
        let background = feed.is_terminal && !in_foreground();
        self.input_check = background.then(|| Instant::now() + FOREGROUND_CHECK);
        if feed.room() == 0 || background {
            self.poller.remove(std::io::stdin());
        } else if feed.is_file {
            self.feed_nodes()?;
        } else {
            match self.poller.set(std::io::stdin(), Source::Terminal, Interest::Read) {
                Err(Errno::EPERM) => {
                    feed.is_file = true;
                    self.feed_nodes()?;
                }
                other => other?,
            }
        }
        Ok(())
    }

    /// Standard input is readable: sends what it has.
    pub(super) fn feed_nodes(&mut self) -> anyhow::Result<()> {
        let mut buffer = vec![0; READ];
        loop {
            let (Some(feed), Some(fleet)) = (&mut self.feed, &mut self.fleet) else { return Ok(()) };
            let room = feed.room().min(READ);
            if room == 0 {
                self.poller.remove(std::io::stdin());
                return Ok(());
            }
            match nix::unistd::read(std::io::stdin(), &mut buffer[..room]) {
                Ok(count) => {
                    for (node, credit) in &mut feed.readers {
                        *credit -= count;
                        fleet.order(*node, &Order::Input(buffer[..count].to_vec()));
                    }
                    if count == 0 {
                        return self.end_feed();
                    }
                    if !feed.is_file {
                        return Ok(());
                    }
                }
                Err(Errno::EINTR | Errno::EAGAIN) => return Ok(()),
                // SIGTTIN is blocked, so this is how a read in the background fails.
                Err(Errno::EIO) if feed.is_terminal && !in_foreground() => return self.watch_feed(),
                Err(_) => {
                    feed.readers.iter().for_each(|&(node, _)| fleet.order(node, &Order::Input(Vec::new())));
                    return self.end_feed();
                }
            }
        }
    }

    /// Nothing more is read from standard input; whoever writes to it notices.
    fn end_feed(&mut self) -> anyhow::Result<()> {
        if self.feed.take().is_some_and(|feed| !feed.is_file) {
            self.poller.remove(std::io::stdin());
        }
        self.input_check = None;
        release().context("standard input cannot be released")
    }
}
