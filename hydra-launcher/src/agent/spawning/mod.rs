//! MPI_Comm_spawn: new ranks while the job runs, a process group of their own, on the job's hosts or those that the request names.
//!
//! The launcher decides who goes where (`placing`). What goes to its own host it starts itself (`starting`), unless an agent has
//! the ranks there; agents are told, and new ones started on hosts that have none. The request is answered once all have
//! said that their processes run; if one cannot start them, the others' are killed, and the job goes on.

mod placing;
mod starting;

pub use starting::Spawner;

use super::Agent;
use super::launch;
use super::nodes::assignment;
use super::rank::Rank;
use crate::command_line::Job;
use crate::exit_status::Ended;
use crate::hosts::Host;
use crate::nodes::fleet::{Event, Fleet};
use crate::nodes::protocol::{Order, Spawn};
use crate::nodes::settings::Settings;
use crate::placement::{Node, Placement};
use crate::plan::{self, Plan};
use crate::pmi::group::GroupSpec;
use crate::pmi::server::{Action, spawn_result};
use crate::pmi::spawn::SpawnBlock;
use crate::stdio::pattern;
use pip_core::Root;
use starting::Started;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::ops::Range;

/// The launcher's account of spawned ranks.
#[derive(Debug)]
pub struct Spawns {
    spawner: Spawner,
    /// For the children of a program that was started alone.
    root: Option<Root>,
    /// It has had tasks: their ids are not given again.
    has_tasks: bool,
    hostname: OsString,
    /// Names of stores begin with it.
    name: String,
    /// The job's host list, also hosts that have no ranks; empty: this machine.
    hosts: Vec<Host>,
    /// The host whose ranks the launcher starts itself.
    here: Option<Node>,
    /// What agents of more hosts are told and started by.
    job: Job,
    placement: Placement,
    settings: Settings,
    /// The indices of each group's ranks.
    groups: Vec<Range<usize>>,
    /// By rank's index: its entry of the job's host list, if it was placed by that.
    entries: Vec<Option<usize>>,
    pending: Vec<Pending>,
}

/// A request that agents work on.
#[derive(Debug)]
struct Pending {
    /// Index of the group.
    group: usize,
    /// Who asked.
    parent: usize,
    /// Nodes whose agents have not answered.
    waiting: BTreeSet<usize>,
}

impl Spawns {
    /// For a job whose own store has this name; `is_here` if the launcher starts its ranks, without agents. A root is for the
    /// children of a program that was started alone.
    pub fn new(
        plan: &Plan,
        job: &Job,
        settings: &Settings,
        name: &str,
        root: Option<Root>,
        is_here: bool,
    ) -> anyhow::Result<Spawns> {
        Ok(Spawns {
            spawner: Spawner::new(plan, job.no_shim)?,
            root,
            has_tasks: false,
            hostname: plan.hostname.clone(),
            name: name.to_owned(),
            hosts: plan.hosts.clone(),
            here: plan.placement.nodes().first().filter(|_| is_here).cloned(),
            job: job.clone(),
            placement: plan.placement.clone(),
            settings: settings.clone(),
            groups: Vec::new(),
            entries: (0..plan.placement.size()).map(|rank| Some(plan.placement.entry_of(rank))).collect(),
            pending: Vec::new(),
        })
    }

    /// The name of this host.
    pub fn hostname(&self) -> String {
        self.hostname.to_string_lossy().into_owned()
    }

    /// Places a group on the hosts it names, or on those of the job, where others take room.
    fn place(&self, blocks: &[SpawnBlock], ranks: &[Rank]) -> anyhow::Result<Placement> {
        let size = blocks.iter().map(|block| block.count).sum();
        let is_local = |host: &Host| plan::is_local(host, &self.hostname);
        Ok(match placing::hosts_of(blocks)? {
            Some(hosts) => Placement::new(&hosts, size, is_local),
            None if self.hosts.is_empty() => Placement::local(size, &self.hostname()),
            None => {
                let mut used = vec![0; self.hosts.len()];
                // As under Hydra all ranks of a group take room while one of them lives.
                let world = 0..self.placement.size();
                let groups = std::iter::once(&world).chain(&self.groups);
                let living = groups.filter(|group| ranks[(*group).clone()].iter().any(|rank| rank.ended.is_none()));
                let entries = living.flat_map(|group| group.clone().filter_map(|rank| *self.entries.get(rank)?));
                entries.for_each(|entry| used[entry] += 1);
                Placement::beside(&used, &self.hosts, size, is_local)
            }
        })
    }

    /// A group with this first index was placed, on the job's hosts or others.
    fn note_entries(&mut self, first: usize, placement: &Placement, on_jobs: bool) {
        self.entries.resize(first, None);
        let on_jobs = on_jobs && !self.hosts.is_empty();
        self.entries.extend((0..placement.size()).map(|rank| on_jobs.then(|| placement.entry_of(rank))));
    }

    /// Starts a group's ranks on this host: as tasks if all of them are here and their ids are free, else as ordinary processes.
    fn start(&mut self, spawn: &Spawn) -> anyhow::Result<Started> {
        let root = self.root.as_ref().filter(|_| !self.has_tasks && spawn.ranks().count() == spawn.size);
        if let Some(root) = root
            && let Some(started) = self.spawner.start_tasks(spawn, root)?
        {
            self.has_tasks = true;
            return Ok(started);
        }
        self.spawner.start(spawn)
    }

    fn is_here(&self, node: &Node) -> bool {
        self.here.as_ref().is_some_and(|here| (here.is_local && node.is_local) || here.host.same_login(&node.host))
    }

    fn spawn(&self, first: usize, size: usize, blocks: &[SpawnBlock], node: &Node) -> Spawn {
        Spawn { group: self.groups.len(), first, size, parts: placing::parts(blocks, node) }
    }
}

impl Agent {
    /// Serves a spawn request of a rank.
    pub(super) fn spawn(&mut self, parent: usize, blocks: &[SpawnBlock]) -> anyhow::Result<()> {
        let begun =
            if self.ending { Err(anyhow::anyhow!("the job is being ended")) } else { self.begin(parent, blocks) };
        match begun {
            Ok(()) => Ok(()),
            Err(error) => self.refuse(parent, &format!("{error:#}")),
        }
    }

    fn refuse(&mut self, parent: usize, why: &str) -> anyhow::Result<()> {
        let text = format!("{} cannot spawn: {why}", self.ranks[parent].name);
        self.say(&text);
        self.act(parent, Action::Reply(parent, spawn_result(Err("cannot_start"))))
    }

    /// Starts what is to run here, orders the rest, and enlists all ranks of the new group.
    fn begin(&mut self, parent: usize, blocks: &[SpawnBlock]) -> anyhow::Result<()> {
        let placement = self.spawns.place(blocks, &self.ranks)?;
        let (first, size) = (self.ranks.len(), placement.size());
        launch::raise_descriptor_limit(first + size);
        let is_here: Vec<bool> = placement.nodes().iter().map(|node| self.spawns.is_here(node)).collect();
        let spawns: Vec<Spawn> =
            placement.nodes().iter().map(|node| self.spawns.spawn(first, size, blocks, node)).collect();
        let here = spawns.iter().zip(&is_here).find(|(_, is_here)| **is_here).map(|(spawn, _)| spawn);
        let started = here.map(|spawn| self.spawns.start(spawn)).transpose()?;
        let (mut members, mut events) = (Vec::new(), Vec::new());
        for (node, &is_here) in placement.nodes().iter().zip(&is_here) {
            members.push(if is_here { None } else { Some(self.member(node, &mut events)?) });
        }
        let apps = blocks.iter().enumerate();
        let spec = GroupSpec {
            kvsname: format!("{}_{}", self.spawns.name, self.spawns.groups.len() + 1),
            appnums: apps.flat_map(|(app, block)| std::iter::repeat_n(app, block.count)).collect(),
            mapping: placement.process_mapping(),
            preput: blocks.iter().flat_map(|block| block.preput.iter().cloned()).collect(),
        };
        self.server.add_group(first, spec).map_err(anyhow::Error::msg)?;
        self.spawns.groups.push(first..first + size);
        self.spawns.note_entries(first, &placement, placing::hosts_of(blocks)?.is_none());
        let mut started = started.map(|started| started.keep()).unwrap_or_default().into_iter();
        for rank in 0..size {
            let (index, node) = (first + rank, placement.node_of(rank));
            let name = format!("rank {rank} of spawned group {}", self.spawns.groups.len());
            let host = placement.nodes()[node].host.name.clone();
            let number = members[node].map_or(0, |member| member + usize::from(self.spawns.here.is_some()));
            let writer = pattern::Writer { rank, host, node: number, group: self.spawns.groups.len() };
            self.outputs.iter_mut().for_each(|output| output.name(index, writer.clone()));
            let rank = match members[node] {
                Some(node) => Rank::spawned(node, name),
                None => {
                    let Some((process, ends, program)) = started.next() else { continue };
                    self.outputs.iter_mut().for_each(|output| output.skip_to(index));
                    let ours = ends.keep(&mut self.outputs)?;
                    self.janitor.rank(process.pid());
                    self.traces.ranks.insert(process.pid());
                    Rank::new(process, ours, name, &program)
                }
            };
            self.ranks.push(rank);
            self.alive += 1;
        }
        let group = self.spawns.groups.len() - 1;
        for (node, spawn) in members.iter().zip(spawns) {
            if let (Some(node), Some(fleet)) = (node, &mut self.fleet) {
                fleet.spawn(*node, spawn);
            }
        }
        let waiting = members.into_iter().flatten().collect();
        self.spawns.pending.push(Pending { group, parent, waiting });
        self.finish(group)?;
        (first..first + size).try_for_each(|index| self.watch_rank(index))?;
        self.take_events(events)
    }

    /// The agent of a node, which is started if there is none.
    fn member(&mut self, node: &Node, events: &mut Vec<Event>) -> anyhow::Result<usize> {
        if self.fleet.is_none() {
            let (fleet, _) = Fleet::launch(self.spawns.settings.clone(), Vec::new(), &self.poller)?;
            self.fleet = Some(fleet);
        }
        let Some(fleet) = &mut self.fleet else { anyhow::bail!("no agents") };
        if let Some(known) = fleet.find(&node.host, node.is_local) {
            return Ok(known);
        }
        let Spawns { job, placement, settings, .. } = &self.spawns;
        // Beyond those of the job's own ranks.
        let number = placement.nodes().len() + fleet.len();
        let assignment = assignment(job, placement, settings, number, node)?;
        let (number, news) = fleet.add(node, assignment, &self.poller)?;
        events.extend(news);
        Ok(number)
    }

    /// Answers a request once nobody works on it any more.
    fn finish(&mut self, group: usize) -> anyhow::Result<()> {
        let is_over = |pending: &Pending| pending.group == group && pending.waiting.is_empty();
        let Some(at) = self.spawns.pending.iter().position(is_over) else { return Ok(()) };
        let parent = self.spawns.pending.swap_remove(at).parent;
        self.act(parent, Action::Reply(parent, spawn_result(Ok(()))))
    }

    /// An agent has started its part of a group.
    pub(super) fn on_spawned(&mut self, node: usize, group: usize) -> anyhow::Result<()> {
        let pending = self.spawns.pending.iter_mut().filter(|pending| pending.group == group);
        pending.for_each(|pending| _ = pending.waiting.remove(&node));
        self.finish(group)
    }

    /// An agent cannot start its part of a group: the rest of that is ended.
    pub(super) fn on_not_spawned(&mut self, node: usize, group: usize, why: &str) -> anyhow::Result<()> {
        let Some(ranks) = self.spawns.groups.get(group).cloned() else { return Ok(()) };
        for index in ranks.clone() {
            self.ranks[index].given_up = true;
            self.disconnect(index);
            if self.ranks[index].task.node() == Some(node) && self.ranks[index].ended.is_none() {
                self.ranks[index].ended = Some(Ended::Killed(libc::SIGKILL));
                self.alive -= 1;
            }
            self.ranks[index].task.kill_group();
        }
        let Some(at) = self.spawns.pending.iter().position(|pending| pending.group == group) else { return Ok(()) };
        let parent = self.spawns.pending.swap_remove(at).parent;
        let others: BTreeSet<usize> = ranks.clone().filter_map(|index| self.ranks[index].task.node()).collect();
        if let Some(fleet) = &mut self.fleet {
            for other in others.into_iter().filter(|&other| other != node) {
                fleet.order(other, &Order::KillTasks(ranks.start, ranks.end));
            }
        }
        self.refuse(parent, why)
    }

    /// The agent of a host that was wanted for spawned ranks only cannot work: whether that is so.
    pub(super) fn does_without(&mut self, node: usize, host: &str, why: &str) -> anyhow::Result<bool> {
        let is_recruit = self.ranks.iter().take(self.size).all(|rank| rank.task.node() != Some(node));
        let waits = |pending: &Pending| pending.waiting.contains(&node);
        if self.ending || !is_recruit || !self.spawns.pending.iter().any(waits) {
            return Ok(false);
        }
        if let Some(fleet) = &mut self.fleet {
            fleet.give_up(node, &self.poller);
        }
        self.refuse_all_on(node, host, why)?;
        Ok(true)
    }

    /// A host is lost before its agent has connected, which was wanted for spawned ranks only: whether that is so.
    pub(super) fn gives_up_spawning_on(&mut self, node: usize, host: &str, why: &str) -> anyhow::Result<bool> {
        if self.ending || !self.fleet.as_ref().is_some_and(|fleet| fleet.is_awaited(node)) {
            return Ok(false);
        }
        self.refuse_all_on(node, host, why)
    }

    /// Refuses all requests that wait for a node; whether there are any.
    fn refuse_all_on(&mut self, node: usize, host: &str, why: &str) -> anyhow::Result<bool> {
        let on_node = |pending: &&Pending| pending.waiting.contains(&node);
        let groups: Vec<usize> = self.spawns.pending.iter().filter(on_node).map(|pending| pending.group).collect();
        for &group in &groups {
            self.on_not_spawned(node, group, &format!("host {host}: {why}"))?;
        }
        Ok(!groups.is_empty())
    }
}
