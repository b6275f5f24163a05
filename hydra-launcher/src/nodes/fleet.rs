//! The launcher's side of a job on several hosts: starts the agents, lets them in, carries orders and reports, and notices when
//! one is lost.

use super::addresses;
use super::control_port::{ControlPort, Outcome};
use super::invitation::Invitation;
use super::launchers::{AGENT, Launcher, Target};
use super::link::{Link, LinkError};
use super::protocol::{Assignment, Order, Report, Spawn, WINDOW, encode};
use super::secret::{Identity, Secret};
use super::settings::Settings;
use super::starter::Starter;
use crate::agent::poller::{Interest, Poller, Source};
use crate::hosts::Host;
use crate::placement::Node;
use anyhow::Context;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::net::{IpAddr, TcpStream};
use std::time::{Duration, Instant};

/// Launcher commands that run at the same time before their agents have connected.
const AT_ONCE: usize = 64;
/// What to say if nothing can be listened to.
const NO_PORT: &str = "no port for the agents to connect to (MPIEXEC_PORT_RANGE limits the choice)";
/// How long to wait at the end for agents that have been told to leave.
const FAREWELL: Duration = Duration::from_secs(5);

/// All agents of a job.
#[derive(Debug)]
pub struct Fleet {
    settings: Settings,
    secret: Secret,
    port: ControlPort,
    members: Vec<Member>,
    starters: Vec<Starter>,
    /// Launcher commands still to run: the nodes of each.
    queue: VecDeque<Vec<usize>>,
    /// When to ask the agents for a sign of life.
    next_ping: Instant,
    /// When timers were last looked at: a launcher that was stopped meanwhile has heard nobody.
    last_look: Instant,
}

/// One node.
#[derive(Debug)]
struct Member {
    host: Host,
    is_local: bool,
    assignment: Option<Box<Assignment>>,
    tasks: Vec<usize>,
    /// Spawn orders given.
    spawns: usize,
    state: State,
    /// When the agent is given up, if it has not connected.
    start_by: Instant,
    link: Option<Link<Report>>,
    /// Orders given before the agent connected, as frames.
    early: Vec<u8>,
    heard: Instant,
    /// Bytes of output taken, on each stream, that the agent has not been told of.
    owed: [usize; 2],
    /// Whether the poller waits for room in the connection.
    wants_room: bool,
}

/// Where a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Its agent has not connected.
    Starting,
    /// Its agent works.
    Running,
    /// All its tasks have ended, and their output is here.
    Done,
    /// It is not asked for anything any more.
    Gone,
}

/// What happened to a node, by its index.
#[derive(Debug)]
pub enum Event {
    /// Its agent tells something.
    Report(usize, Report),
    /// It is lost, and why: a sentence without the host's name.
    Lost(usize, String),
    /// Its launcher command or agent wrote something.
    Said(usize, String),
}

impl Fleet {
    /// Opens the control port and starts the agents of all nodes; `members` holds the node, the ids of its tasks, and what
    /// its agent is to do.
    pub fn launch(
        settings: Settings,
        members: Vec<(&Node, Vec<usize>, Assignment)>,
        poller: &Poller,
    ) -> anyhow::Result<(Fleet, Vec<Event>)> {
        let secret = Secret::new().context("no random numbers for the job's secret")?;
        let all_here = members.iter().all(|(node, ..)| settings.is_forked(node.is_local));
        let wide = || settings.addresses.clone().unwrap_or_else(addresses::any);
        let listened_to = if all_here { addresses::loopback() } else { wide() };
        let port = ControlPort::new(secret.clone(), members.len(), &listened_to, settings.ports).context(NO_PORT)?;
        watch(&port, poller)?;
        let now = Instant::now();
        let members: Vec<Member> =
            members.into_iter().map(|(node, tasks, work)| Member::new(node, tasks, work, &settings)).collect();
        let commands = commands(&settings, &members);
        let next_ping = now + settings.timeout / 4;
        let (starters, queue) = (Vec::new(), commands.into());
        let mut fleet = Fleet { settings, secret, port, members, starters, queue, next_ping, last_look: now };
        let events = fleet.start_more(poller);
        Ok((fleet, events))
    }

    /// Starts the agent of one more node; its number.
    pub fn add(&mut self, node: &Node, assignment: Assignment, poller: &Poller) -> anyhow::Result<(usize, Vec<Event>)> {
        if !self.settings.is_forked(node.is_local) && self.port.is_loopback() {
            let wide = self.settings.addresses.clone().unwrap_or_else(addresses::any);
            self.port.listen(&wide, self.settings.ports).context(NO_PORT)?;
            watch(&self.port, poller)?;
        }
        let number = self.members.len();
        self.members.push(Member::new(node, Vec::new(), assignment, &self.settings));
        self.queue.push_back(vec![number]);
        Ok((number, self.start_more(poller)))
    }

    /// Number of nodes so far.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// The node of a host that is not lost.
    pub fn find(&self, host: &Host, is_local: bool) -> Option<usize> {
        let same = |member: &Member| (is_local && member.is_local) || member.host.same_login(host);
        self.members.iter().position(|member| member.state != State::Gone && same(member))
    }

    /// A node is of no use.
    pub fn give_up(&mut self, node: usize, poller: &Poller) {
        self.drop_member(node, poller);
    }

    /// Whether a node's agent is a child of the launcher.
    pub fn is_forked(&self, node: usize) -> bool {
        self.settings.is_forked(self.members[node].is_local)
    }

    /// Whether a node's agent has never connected.
    pub fn is_awaited(&self, node: usize) -> bool {
        self.members[node].assignment.is_some()
    }

    /// Whether a node's agent has tasks, as far as is known.
    pub fn is_running(&self, node: usize) -> bool {
        self.members[node].state == State::Running
    }

    /// Gives a node more ranks, those of a spawned group.
    pub fn spawn(&mut self, node: usize, spawn: Spawn) {
        let member = &mut self.members[node];
        member.tasks.extend(spawn.ranks().map(|rank| spawn.first + rank));
        member.spawns += 1;
        if member.state == State::Done {
            member.state = State::Running;
        }
        self.order(node, &Order::Spawn(spawn));
    }

    /// Runs launcher commands as long as not too many are on their way.
    fn start_more(&mut self, poller: &Poller) -> Vec<Event> {
        let mut events = Vec::new();
        if self.settings.commands.launcher == Launcher::Manual {
            self.print_commands();
        }
        loop {
            let on_their_way = |starter: &&Starter| self.is_starting(starter);
            if self.starters.iter().filter(on_their_way).count() >= AT_ONCE {
                break;
            }
            let Some(nodes) = self.queue.pop_front() else { break };
            let first = &self.members[nodes[0]];
            let local = self.settings.is_forked(first.is_local);
            let words = self.command(&nodes, local);
            let invitation = self.invitation(&nodes, local);
            let started = Starter::run(nodes.clone(), &words, &invitation, local).map_err(anyhow::Error::from);
            let started = started.and_then(|starter| {
                let index = self.starters.len();
                poller.set(starter.pidfd(), Source::StarterEnded(index), Interest::Read)?;
                if let Some(stderr) = starter.stderr() {
                    poller.set(stderr, Source::StarterSays(index), Interest::Read)?;
                }
                Ok(starter)
            });
            match started {
                Ok(starter) => self.starters.push(starter),
                Err(error) => {
                    let program = words[0].to_string_lossy();
                    let text = format!("{program} cannot be run here ({error}); -launcher-exec names another program");
                    events.extend(nodes.into_iter().map(|node| Event::Lost(node, text.clone())));
                }
            }
        }
        for event in &events {
            if let Event::Lost(node, _) = event {
                self.members[*node].state = State::Gone;
            }
        }
        events
    }

    fn is_starting(&self, starter: &Starter) -> bool {
        starter.nodes.iter().any(|&node| self.members[node].state == State::Starting)
    }

    fn command(&self, nodes: &[usize], local: bool) -> Vec<OsString> {
        let first = &self.members[nodes[0]].host;
        if local {
            let agent = std::env::current_exe().unwrap_or_else(|_| self.settings.commands.agent.clone());
            return vec![agent.into(), AGENT.into(), first.name.clone().into()];
        }
        let hosts = nodes.iter().map(|&node| &self.members[node].host);
        let targets: Vec<_> = hosts.map(|host| Target { host: &host.name, user: host.user.as_deref() }).collect();
        self.settings.commands.remote(&targets)
    }

    /// The line that tells agents where to connect to.
    fn invitation(&self, nodes: &[usize], local: bool) -> String {
        let text = |ip: &IpAddr| ip.to_string();
        let hosts: Vec<String> = match (&self.settings.localhost, &self.settings.addresses) {
            _ if local => self.port.addresses_here().iter().map(text).collect(),
            (Some(name), _) => vec![name.clone()],
            // A link-local one is reached by one of the agent's own interfaces, which only the agent knows.
            (None, Some(list)) => list.iter().map(|address| text(&address.ip())).collect(),
            (None, None) => {
                let mut hosts: Vec<String> = addresses::towards(&self.members[nodes[0]].host.name)
                    .filter(|ip| !ip.is_loopback())
                    .iter()
                    .map(text)
                    .collect();
                let others = addresses::of_machine().iter().map(text).collect::<Vec<_>>();
                hosts.extend(others.into_iter().filter(|other| !hosts.contains(other)).collect::<Vec<_>>());
                hosts
            }
        };
        // One command for many agents cannot give each a number.
        let node = (nodes.len() == 1).then_some(nodes[0] as u32);
        let port = self.port.port().unwrap_or_default();
        Invitation { secret: self.secret.clone(), node, port, hosts }.line()
    }

    /// `-launcher manual`: what to type where, as Hydra prints it.
    fn print_commands(&mut self) {
        let manual = |nodes: &Vec<usize>| !self.settings.is_forked(self.members[nodes[0]].is_local);
        let by_hand: Vec<Vec<usize>> = self.queue.iter().filter(|nodes| manual(nodes)).cloned().collect();
        self.queue = std::mem::take(&mut self.queue).into_iter().filter(|nodes| !by_hand.contains(nodes)).collect();
        for nodes in &by_hand {
            let line = self.settings.commands.manual(&self.members[nodes[0]].host.name, &self.invitation(nodes, false));
            println!("HYDRA_LAUNCH: {}", line.to_string_lossy());
        }
        if !by_hand.is_empty() {
            println!("HYDRA_LAUNCH_END");
        }
    }

    /// The host's name of a node.
    pub fn host(&self, node: usize) -> &str {
        &self.members[node].host.name
    }

    /// The tasks of a node.
    pub fn tasks(&self, node: usize) -> &[usize] {
        &self.members[node].tasks
    }

    /// Whether nothing more will come from any node.
    pub fn is_done(&self) -> bool {
        self.members.iter().all(|member| matches!(member.state, State::Done | State::Gone))
    }

    /// A descriptor of ours is ready.
    pub fn handle(&mut self, source: Source, poller: &Poller) -> anyhow::Result<Vec<Event>> {
        let mut events = Vec::new();
        match source {
            Source::ControlPort => {
                for number in self.port.accept() {
                    if let Some(stream) = self.port.pending(number) {
                        poller.set(stream, Source::Stranger(number), Interest::Read)?;
                    }
                }
            }
            Source::Stranger(number) => {
                if let Outcome::Agent(identity, stream) = self.port.read(number) {
                    events.extend(self.admit(&identity, stream, poller)?);
                }
            }
            Source::Agent(node) => events.extend(self.read(node, poller)),
            Source::StarterSays(index) => events.extend(self.listen(index, poller)),
            Source::StarterEnded(index) => events.extend(self.on_starter_ended(index, poller)),
            _ => {}
        }
        Ok(events)
    }

    /// An agent has proved the secret: gives it its work.
    fn admit(&mut self, identity: &Identity, stream: TcpStream, poller: &Poller) -> anyhow::Result<Vec<Event>> {
        let short = |name: &str| name.split('.').next().unwrap_or_default().to_ascii_lowercase();
        let is_meant = |member: &Member| {
            member.host.name.eq_ignore_ascii_case(&identity.name) || short(&member.host.name) == short(&identity.name)
        };
        let node = match identity.node {
            Some(node) => Some(node as usize).filter(|&node| node < self.members.len()),
            None => self.members.iter().position(is_meant),
        };
        // The invitation was used twice, or by a host that is none of the job's: it is closed.
        let Some(node) = node.filter(|&node| self.members[node].state == State::Starting) else {
            return Ok(Vec::new());
        };
        let member = &mut self.members[node];
        let mut link = Link::new(stream)?;
        link.set_timeout(self.settings.timeout)?;
        poller.set(&link, Source::Agent(node), Interest::Read)?;
        if let Some(assignment) = member.assignment.take() {
            link.push(&Order::Start(assignment))?;
            link.push_frames(&std::mem::take(&mut member.early));
        }
        member.link = Some(link);
        member.state = State::Running;
        // Starting its tasks may take long.
        member.heard = Instant::now() + self.settings.timeout * 4;
        Ok(self.start_more(poller))
    }

    /// Takes the reports of a node.
    fn read(&mut self, node: usize, poller: &Poller) -> Vec<Event> {
        let member = &mut self.members[node];
        let mut events = Vec::new();
        let result = member.receive(|report| events.push(Event::Report(node, report)));
        for event in &events {
            // With orders on their way that it has not counted, it is not.
            if matches!(event, Event::Report(_, Report::Done(spawns)) if *spawns == member.spawns) {
                member.state = State::Done;
            }
        }
        if let Err(error) = result {
            events.extend(self.lose(node, &error, poller));
        }
        events
    }

    /// A connection is of no use any more.
    fn lose(&mut self, node: usize, error: &LinkError, poller: &Poller) -> Option<Event> {
        let why = match error {
            LinkError::Closed => "its agent has ended".to_owned(),
            LinkError::Broken(error) => format!("the connection to its agent broke ({error})"),
            LinkError::Protocol(error) => format!("its agent sent {error}"),
        };
        self.drop_member(node, poller).then_some(Event::Lost(node, why))
    }

    /// Nothing is expected of a node any more; whether anything was.
    fn drop_member(&mut self, node: usize, poller: &Poller) -> bool {
        let member = &mut self.members[node];
        if let Some(link) = member.link.take() {
            poller.remove(&link);
        }
        let before = std::mem::replace(&mut member.state, State::Gone);
        matches!(before, State::Starting | State::Running)
    }

    fn listen(&mut self, index: usize, poller: &Poller) -> Option<Event> {
        if let Some(stderr) = self.starters[index].stderr().map(|fd| fd.try_clone_to_owned())
            && !self.starters[index].listen()
            && let Ok(stderr) = stderr
        {
            poller.remove(&stderr);
        }
        self.said(index)
    }

    /// What a launcher command or its agents wrote, once they are connected: before that it may explain a failure.
    fn said(&mut self, index: usize) -> Option<Event> {
        let starter = &mut self.starters[index];
        if !starter.nodes.iter().all(|&node| self.members[node].assignment.is_none()) {
            return None;
        }
        let text = starter.take_said();
        (!text.trim().is_empty()).then(|| Event::Said(starter.nodes[0], text.trim_end().to_owned()))
    }

    fn on_starter_ended(&mut self, index: usize, poller: &Poller) -> Vec<Event> {
        let starter = &mut self.starters[index];
        let Some(status) = starter.look() else { return Vec::new() };
        poller.remove(starter.pidfd());
        // A launcher that hands over to something else may end well before its agents are there.
        if status.success() {
            return Vec::new();
        }
        let why = starter.failure(&self.settings.commands.agent);
        let nodes = starter.nodes.clone();
        let starting = nodes.into_iter().filter(|&node| self.members[node].state == State::Starting);
        let mut events: Vec<Event> = starting.map(|node| Event::Lost(node, why.clone())).collect();
        for event in &events {
            if let Event::Lost(node, _) = event {
                self.members[*node].state = State::Gone;
            }
        }
        events.extend(self.start_more(poller));
        events
    }

    /// Puts an order behind those of a node; [`Fleet::flush`] sends it.
    pub fn order(&mut self, node: usize, order: &Order) {
        let member = &mut self.members[node];
        // Only what does not fit into a frame fails, and these are all short.
        match &mut member.link {
            Some(link) => drop(link.push(order)),
            None if member.state == State::Starting => {
                member.early = encode(order, std::mem::take(&mut member.early)).unwrap_or_default();
            }
            None => {}
        }
    }

    /// Gives an order to all nodes.
    pub fn broadcast(&mut self, order: &Order) {
        (0..self.members.len()).for_each(|node| self.order(node, order));
    }

    /// Sends what the connections take.
    pub fn flush(&mut self, poller: &Poller) -> anyhow::Result<Vec<Event>> {
        let mut events = Vec::new();
        for node in 0..self.members.len() {
            let member = &mut self.members[node];
            let Some(link) = &mut member.link else { continue };
            if link.pending() > 0
                && let Err(error) = link.flush()
            {
                events.extend(self.lose(node, &error, poller));
                continue;
            }
            let wants_room = link.pending() > 0;
            if std::mem::replace(&mut member.wants_room, wants_room) != wants_room {
                let interest = if wants_room { Interest::Both } else { Interest::Read };
                poller.set(&*link, Source::Agent(node), interest)?;
            }
        }
        Ok(events)
    }

    /// Output of a node was taken.
    pub fn owe(&mut self, node: usize, channel: usize, bytes: usize) {
        self.members[node].owed[channel] += bytes;
    }

    /// There is room for more output: lets the agents send it.
    pub fn repay(&mut self, channel: usize) {
        for node in 0..self.members.len() {
            // Not for every line: a quarter of the window at once.
            if self.members[node].owed[channel] >= WINDOW / 4 {
                let bytes = std::mem::take(&mut self.members[node].owed[channel]);
                self.order(node, &Order::Credit(channel as u8, bytes));
            }
        }
    }

    /// Kills all tasks, and gives agents up that have not connected. The nodes that are over because of it are returned.
    pub fn kill(&mut self, poller: &Poller) -> Vec<usize> {
        self.broadcast(&Order::Kill);
        self.queue.clear();
        let starting = |node: &usize| self.members[*node].state == State::Starting;
        let given_up: Vec<usize> = (0..self.members.len()).filter(starting).collect();
        for &node in &given_up {
            self.drop_member(node, poller);
        }
        for starter in &mut self.starters {
            if starter.nodes.iter().all(|&node| self.members[node].state == State::Gone) {
                poller.remove(starter.pidfd());
                starter.end();
            }
        }
        given_up
    }

    /// Handles what is due; returns when the next thing will be.
    pub fn look_at_clock(&mut self, now: Instant, poller: &Poller) -> (Option<Instant>, Vec<Event>) {
        let mut events = Vec::new();
        let strangers = self.port.expire(now);
        let waits = !self.settings.start.is_zero();
        let starting = |member: &Member| waits && member.state == State::Starting;
        let is_late = |member: &Member| starting(member) && now >= member.start_by;
        if self.members.iter().any(is_late) {
            let text = format!(
                "no agent has connected within {} seconds; can the host reach this one? -iface chooses the network \
                 interface, PIP_MPI_START_TIMEOUT the seconds",
                self.settings.start.as_secs()
            );
            for node in 0..self.members.len() {
                if is_late(&self.members[node]) {
                    self.drop_member(node, poller);
                    events.push(Event::Lost(node, text.clone()));
                }
            }
        }
        let deadline = self.members.iter().filter(|member| starting(member)).map(|member| member.start_by).min();
        let timeout = self.settings.timeout;
        if timeout.is_zero() {
            return (strangers.into_iter().chain(deadline).min(), events);
        }
        let was_away = now.saturating_duration_since(self.last_look) > timeout / 2;
        self.last_look = now;
        if was_away {
            self.members.iter_mut().for_each(|member| member.heard = now);
        }
        for node in 0..self.members.len() {
            let member = &self.members[node];
            if member.link.is_some() && now.saturating_duration_since(member.heard) >= timeout {
                let text = format!("nothing was heard from its agent for {} seconds", timeout.as_secs());
                if self.drop_member(node, poller) {
                    events.push(Event::Lost(node, text));
                }
            }
        }
        if self.next_ping <= now {
            self.next_ping = now + timeout / 4;
            self.broadcast(&Order::Ping);
        }
        (strangers.into_iter().chain(deadline).chain([self.next_ping]).min(), events)
    }

    /// Sends the agents away and waits until they are gone, and with them what started them.
    pub fn leave(&mut self) {
        self.broadcast(&Order::Leave);
        let until = Instant::now() + FAREWELL;
        for member in &mut self.members {
            if let Some(link) = &mut member.link {
                link.close(until);
            }
        }
        for starter in &mut self.starters {
            starter.wait(until);
        }
    }
}

impl Member {
    fn new(node: &Node, tasks: Vec<usize>, assignment: Assignment, settings: &Settings) -> Member {
        let now = Instant::now();
        Member {
            host: node.host.clone(),
            is_local: node.is_local,
            assignment: Some(Box::new(assignment)),
            tasks,
            spawns: 0,
            state: State::Starting,
            start_by: now + settings.start,
            link: None,
            early: Vec::new(),
            heard: now,
            owed: [0; 2],
            wants_room: false,
        }
    }

    /// Reads the connection once and hands out what has come.
    fn receive(&mut self, mut take: impl FnMut(Report)) -> Result<(), LinkError> {
        let Some(link) = &mut self.link else { return Ok(()) };
        let filled = link.fill();
        if matches!(filled, Ok(true)) {
            self.heard = Instant::now();
        }
        while let Some(report) = link.next()? {
            take(report);
        }
        filled.map(drop)
    }
}

/// Watches the sockets that were opened last.
fn watch(port: &ControlPort, poller: &Poller) -> nix::Result<()> {
    port.newest().iter().try_for_each(|listener| poller.set(listener, Source::ControlPort, Interest::Read))
}

/// The nodes of each launcher command: all remote ones of slurm together, else one by one. Those without a host of the network
/// first, since they are quick.
fn commands(settings: &Settings, members: &[Member]) -> Vec<Vec<usize>> {
    let is_local = |&node: &usize| settings.is_forked(members[node].is_local);
    let (local, remote): (Vec<usize>, Vec<usize>) = (0..members.len()).partition(is_local);
    let mut commands: Vec<Vec<usize>> = local.into_iter().map(|node| vec![node]).collect();
    match settings.commands.launcher {
        Launcher::Slurm if !remote.is_empty() => commands.push(remote),
        _ => commands.extend(remote.into_iter().map(|node| vec![node])),
    }
    commands
}
