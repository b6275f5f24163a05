//! The node agent: starts the ranks and serves their PMI requests, output, input, signals and ends in one event loop.
//!
//! A job runs until all ranks have ended. What makes it end early is in `ending`; after its end the sessions of the ranks
//! are killed, their pipes drained, and everything they left is removed.
//!
//! In a job on several hosts the same loop runs in the launcher, where it decides, for ranks that are all on other nodes (`nodes`),
//! while each node's agent does what must be done there (`worker`).

mod ending;
mod launch;
pub mod nodes;
mod ordinary;
pub mod poller;
mod process;
mod rank;
mod singleton;
mod spawning;
mod summary;
pub mod worker;

use crate::command_line::{Job, MAX_RANKS, OutputOptions};
use crate::exit_status::{Ended, ExitCode};
use crate::janitor::Janitor;
use crate::mpir;
use crate::nodes::fleet::Fleet;
use crate::nodes::settings::Settings;
use crate::plan::Plan;
use crate::pmi::group::{GroupSpec, Phase};
use crate::pmi::server::{Action, Server};
use crate::report::{Counted, RankData, RunReport};
use crate::sessions;
use crate::shared_memory::Traces;
use crate::signals::{self, Signals};
use crate::stdio::files::Files;
use crate::stdio::output::Output;
use crate::stdio::sink::{Arrangement, Sink};
use crate::stdio::stdin::{TerminalInput, Wait};
use crate::stdio::writer::Writer;
use anyhow::Context;
use ending::Cause;
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::Signal;
use nodes::Feed;
use pip_core::Root;
use poller::{Channel, Interest, Poller, Source};
use rank::{Incoming, Rank};
use spawning::Spawns;
use std::collections::HashSet;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// How long a rank may live on after its PMI connection broke, before that counts as its failure.
const AFTER_DISCONNECT: Duration = Duration::from_millis(500);

/// How often to look whether the launcher came to the foreground: `fg` of a running job sends no signal. Only while
/// standard input is a terminal and the launcher in its background.
const FOREGROUND_CHECK: Duration = Duration::from_millis(500);

/// All state of a running job.
struct Agent {
    poller: Poller,
    /// By task id: the ranks, then the tasks beside them; then those that ranks have spawned.
    ranks: Vec<Rank>,
    server: Server,
    spawns: Spawns,
    /// A rank that speaks another version of PMI has been named.
    other_version_said: bool,
    outputs: [Output; 2],
    input: Option<TerminalInput>,
    /// When to look whether the terminal may be read.
    input_check: Option<Instant>,
    signals: Signals,
    wake: Arc<EventFd>,
    janitor: Janitor,
    traces: Traces,
    exit: ExitCode,
    /// Ranks, and tasks beside them, that have not ended.
    alive: usize,
    /// Set once the job is being ended: the ranks are killed and their statuses count no more.
    ending: bool,
    /// The first signal of those that usually end a job, passed on to the ranks, and when it came.
    forwarded: Option<(Signal, Instant)>,
    /// When ranks that outlive such a signal are killed, because another rank ended by it.
    grace_ends: Option<Instant>,
    /// `-timeout`, and when it is over.
    timeout: Option<(Duration, Instant)>,
    /// `-disable-auto-cleanup`.
    no_cleanup: bool,
    /// PMI requests seen.
    requests: u64,
    /// Standard output could not be written.
    output_lost: bool,
    /// The user insists: leave at once, whatever is unwritten or undead.
    impatient: bool,
    report: Option<RunReport>,
    /// Number of ranks of MPI_COMM_WORLD.
    size: usize,
    /// The agents of a job on several hosts, who have all its ranks then; or those of spawned ranks on other hosts.
    fleet: Option<Fleet>,
    /// Standard input on its way to ranks on other nodes.
    feed: Option<Feed>,
    /// What ranks have put since the last barrier: store, key and value.
    fresh: Vec<(String, String, String)>,
    /// Store and key of what all nodes have a copy of.
    shared: HashSet<(String, String)>,
}

/// Runs a planned job of this machine to its end and returns the launcher's exit status.
pub fn run(
    job: &Job,
    plan: &Plan,
    settings: &Settings,
    janitor: Janitor,
    report: Option<RunReport>,
) -> anyhow::Result<u8> {
    let signals = Signals::new().context("signals cannot be taken over")?;
    let mut traces = Traces::new();
    let root = Root::new(if job.singleton.is_some() { MAX_RANKS } else { plan.tasks })?;
    let (wake, mut outputs) = streams(plan)?;
    let mut janitor = janitor;
    let mut ranks = Vec::new();
    let kvsname = kvs_name(plan);
    let launched = match &job.singleton {
        None => launch::launch(plan, &root, &mut outputs, &mut janitor, &mut traces, &mut ranks),
        Some(singleton) => {
            ranks.push(singleton::join(singleton, &kvsname)?);
            Ok(None)
        }
    };
    let root = Some(root).filter(|_| job.singleton.is_some());
    let start =
        Start { job, settings, root, is_here: true, kvsname, signals, wake, outputs, janitor, traces, ranks, report };
    let mut agent = Agent::new(plan, start)?;
    agent.watch()?;
    match launched {
        Ok(input) => {
            agent.input = input;
            if job.singleton.is_none() {
                mpir::publish(&agent.processes(plan));
            }
        }
        Err(error) => agent.fail(Cause::Launch(format!("{error:#}"), 126)),
    }
    let wait = agent.input.as_ref().map(TerminalInput::wait);
    agent.watch_input(wait)?;
    agent.serve(plan)?;
    Ok(agent.leave())
}

/// What is there before the event loop begins.
struct Start<'a> {
    job: &'a Job,
    settings: &'a Settings,
    /// For the children of a program that was started alone.
    root: Option<Root>,
    /// Whether the launcher starts the ranks itself.
    is_here: bool,
    kvsname: String,
    signals: Signals,
    wake: Arc<EventFd>,
    outputs: [Output; 2],
    janitor: Janitor,
    traces: Traces,
    ranks: Vec<Rank>,
    report: Option<RunReport>,
}

/// The two output streams with their threads, and what these wake the event loop with.
fn streams(plan: &Plan) -> anyhow::Result<(Arc<EventFd>, [Output; 2])> {
    let wake = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
    let out = Writer::start(std::io::stdout().as_fd(), "stdout", Arc::clone(&wake))?;
    let err = Writer::start(std::io::stderr().as_fd(), "stderr", Arc::clone(&wake))?;
    let [out, err] = sinks(plan, out, err);
    Ok((wake, [Output::new(out)?, Output::new(err)?]))
}

/// What the output of the ranks goes through, by the options.
fn sinks(plan: &Plan, out: Writer, err: Writer) -> [Sink; 2] {
    let files = Arc::new(Files::default());
    let sink = |writer, index: usize| {
        let OutputOptions { prefix, files: patterns, only_from } = plan.output.clone();
        let file = patterns[index].clone();
        Sink::new(writer, Arrangement { prefix, file, only_from, writers: plan.writers(), files: Arc::clone(&files) })
    };
    [sink(out, 0), sink(err, 1)]
}

/// A name for the key-value store that no other job uses; the characters are those of Hydra's.
fn kvs_name(plan: &Plan) -> String {
    let time = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.subsec_nanos());
    let host: String = plan.hostname.to_string_lossy().chars().filter(|c| c.is_ascii_alphanumeric()).take(64).collect();
    format!("kvs_{}_0_{time}_{host}", std::process::id())
}

impl Agent {
    fn new(plan: &Plan, start: Start) -> anyhow::Result<Agent> {
        let (kvsname, mapping) = (start.kvsname, plan.placement.process_mapping());
        let spawns = Spawns::new(plan, start.job, start.settings, &kvsname, start.root, start.is_here)?;
        let world = GroupSpec { kvsname, appnums: plan.appnums.clone(), mapping, preput: Vec::new() };
        Ok(Agent {
            poller: Poller::new()?,
            alive: start.ranks.len(),
            ranks: start.ranks,
            server: Server::new(world, plan.universe).map_err(anyhow::Error::msg)?,
            spawns,
            other_version_said: false,
            outputs: start.outputs,
            input: None,
            input_check: None,
            signals: start.signals,
            wake: start.wake,
            janitor: start.janitor,
            traces: start.traces,
            exit: ExitCode::default(),
            ending: false,
            forwarded: None,
            grace_ends: None,
            timeout: plan.timeout.map(|after| (after, Instant::now() + after)),
            no_cleanup: plan.no_cleanup,
            requests: 0,
            output_lost: false,
            impatient: false,
            report: start.report,
            size: plan.placement.size(),
            fleet: None,
            feed: None,
            fresh: Vec::new(),
            shared: HashSet::new(),
        })
    }

    /// The ranks for debuggers.
    fn processes(&self, plan: &Plan) -> Vec<mpir::Process> {
        let programs = plan.segments.iter().flat_map(|segment| std::iter::repeat_n(&segment.path, segment.count));
        let ranks = self.ranks.iter().filter(|rank| rank.is_rank).zip(programs).enumerate();
        let process = |(index, (rank, program)): (usize, (&Rank, &PathBuf))| {
            let host = plan.placement.nodes()[plan.placement.node_of(index)].host.name.clone();
            let path = std::path::absolute(program).unwrap_or_else(|_| program.clone());
            mpir::Process { host, program: path.display().to_string(), pid: rank.task.pid() }
        };
        ranks.map(process).collect()
    }

    fn watch(&self) -> nix::Result<()> {
        self.poller.set(&self.signals, Source::Signals, Interest::Read)?;
        self.poller.set(&*self.wake, Source::Writers, Interest::Read)?;
        for channel in [Channel::Out, Channel::Err] {
            self.poller.set(self.outputs[channel as usize].pipes(), Source::Output(channel), Interest::Read)?;
        }
        (0..self.ranks.len()).try_for_each(|index| self.watch_rank(index))
    }

    fn watch_rank(&self, index: usize) -> nix::Result<()> {
        let rank = &self.ranks[index];
        if let Some(pidfd) = rank.task.pidfd() {
            self.poller.set(pidfd, Source::Ended(index), Interest::Read)?;
        }
        if let Some(socket) = rank.socket() {
            self.poller.set(socket, Source::Pmi(index), Interest::Read)?;
        }
        Ok(())
    }

    /// The event loop: first until all ranks have ended, then until all their output is written.
    fn serve(&mut self, plan: &Plan) -> anyhow::Result<()> {
        let (mut sessions_killed, mut summarized) = (false, false);
        while !self.impatient {
            if self.alive == 0 && self.fleet.as_ref().is_none_or(Fleet::is_done) {
                if !std::mem::replace(&mut sessions_killed, true) {
                    sessions::kill(&self.traces.ranks);
                }
                let all_read =
                    self.outputs.iter_mut().filter_map(|output| (!output.finish()).then_some(())).count() == 0;
                if all_read && !std::mem::replace(&mut summarized, true) {
                    self.summarize(plan);
                }
                if all_read {
                    self.outputs.iter_mut().for_each(Output::close);
                }
                if self.outputs.iter().all(Output::is_finished) {
                    break;
                }
            }
            if self.input_check.is_some_and(|when| when <= Instant::now()) {
                let wait = self.input.as_ref().map(TerminalInput::wait);
                self.watch_input(wait)?;
                self.watch_feed()?;
            }
            let fleet = self.look_at_nodes()?;
            let until = self.handle_timers(Instant::now()).into_iter().chain(self.input_check).chain(fleet).min();
            self.flush_nodes()?;
            for source in self.poller.wait(until)? {
                self.handle(source)?;
            }
        }
        Ok(())
    }

    fn handle(&mut self, source: Source) -> anyhow::Result<()> {
        match source {
            Source::Signals => {
                while let Some(signal) = self.signals.next() {
                    self.on_signal(signal)?;
                }
            }
            Source::Writers => self.on_writers()?,
            Source::Output(channel) => {
                let output = &mut self.outputs[channel as usize];
                output.forward()?;
                if !output.has_room() {
                    self.poller.remove(output.pipes());
                }
            }
            Source::Terminal if self.feed.is_some() => self.feed_nodes()?,
            Source::Terminal => {
                let wait = self.input.as_mut().map(TerminalInput::read);
                self.watch_input(wait)?;
            }
            Source::InputPipe => {
                let wait = self.input.as_mut().map(|input| {
                    // Woken without pending data: the reader is gone.
                    if input.wait() != Wait::Pipe {
                        input.close();
                    }
                    input.write()
                });
                self.watch_input(wait)?;
            }
            Source::Pmi(rank) => self.on_pmi(rank)?,
            Source::Ended(rank) => self.on_ended(rank)?,
            of_nodes => self.on_nodes(of_nodes)?,
        }
        Ok(())
    }

    /// A writer has room again, failed, or is done.
    fn on_writers(&mut self) -> anyhow::Result<()> {
        let _ = self.wake.read();
        for channel in [Channel::Out, Channel::Err] {
            let output = &mut self.outputs[channel as usize];
            if output.has_room() {
                self.poller.set(output.pipes(), Source::Output(channel), Interest::Read)?;
            }
            self.repay_nodes(channel);
            for failure in self.outputs[channel as usize].take_failures() {
                self.on_output_error(channel, failure);
            }
        }
        Ok(())
    }

    /// Looks after lines that ranks have begun; returns when to come again.
    fn look_at_outputs(&mut self, now: Instant) -> Option<Instant> {
        let mut next = None;
        for channel in [Channel::Out, Channel::Err] {
            let output = &mut self.outputs[channel as usize];
            next = output.look_at_clock(now).into_iter().chain(next).min();
            if output.goes_on() {
                // A set of descriptors that was in another one can be put there again.
                let _ = self.poller.set(output.pipes(), Source::Output(channel), Interest::Read);
                self.repay_nodes(channel);
            }
        }
        next
    }

    fn watch_input(&mut self, wait: Option<Wait>) -> nix::Result<()> {
        let (Some(input), Some(wait)) = (&self.input, wait) else { return Ok(()) };
        self.input_check = (wait == Wait::Foreground).then(|| Instant::now() + FOREGROUND_CHECK);
        match wait {
            Wait::Terminal => self.poller.set(std::io::stdin(), Source::Terminal, Interest::Read)?,
            _ => self.poller.remove(std::io::stdin()),
        }
        if let Some(pipe) = input.pipe() {
            let interest = if wait == Wait::Pipe { Interest::Write } else { Interest::Nothing };
            self.poller.set(pipe, Source::InputPipe, interest)?;
        }
        Ok(())
    }

    fn on_pmi(&mut self, index: usize) -> anyhow::Result<()> {
        self.ranks[index].flush();
        loop {
            // A rank that does not read its replies is not served on.
            if self.ranks[index].has_unsent() {
                break;
            }
            match self.ranks[index].receive() {
                Incoming::Request(request) => {
                    self.requests += 1;
                    for action in self.server.handle(index, &request) {
                        self.share_with_nodes(&request, &action);
                        self.act(index, action)?;
                    }
                }
                Incoming::NothingNow => break,
                Incoming::Closed => {
                    self.disconnect(index);
                    let is_active = self.server.phase(index) == Phase::Active;
                    match self.ranks[index].ended {
                        None if is_active => self.ranks[index].lost_at = Some(Instant::now() + AFTER_DISCONNECT),
                        None if self.ranks[index].task.is_foreign() => self.release(index)?,
                        _ => {}
                    }
                    return Ok(());
                }
                Incoming::Corrupted(error) => {
                    self.disconnect(index);
                    self.fail(Cause::CorruptedPmi(index, error));
                    return Ok(());
                }
            }
        }
        if let Some(socket) = self.ranks[index].socket() {
            let interest = if self.ranks[index].has_unsent() { Interest::Write } else { Interest::Read };
            self.poller.set(socket, Source::Pmi(index), interest)?;
        }
        self.check_barrier();
        Ok(())
    }

    fn act(&mut self, index: usize, action: Action) -> anyhow::Result<()> {
        match action {
            Action::Reply(to, line) => {
                if self.ranks[to].task.node().is_some() {
                    self.reply_to_node(to, line);
                } else if let Err(what) = self.ranks[to].send(line.as_bytes()) {
                    self.fail(Cause::Misbehaved(to, what));
                }
                // Only barrier_out goes to other ranks, at a moment when they have nothing else outstanding.
            }
            Action::Abort(code) => self.fail(Cause::Abort(index, code)),
            Action::SharedMemory(path) => {
                if !self.tell_node_of_file(index, &path) && self.traces.files.insert(path.clone()) {
                    self.janitor.file(&path);
                }
            }
            Action::Spawn(blocks) => self.spawn(index, &blocks)?,
            Action::OtherVersion(version) => {
                if !std::mem::replace(&mut self.other_version_said, true) {
                    let name = &self.ranks[index].name;
                    let text = format!(
                        "{name} speaks version {version} of PMI, and pip-mpiexec version 1.1 only; link the \
                         program with an MPI library that was built for PMI-1, such as MPICH with its default settings"
                    );
                    self.outputs[Channel::Err as usize].say(&text);
                }
            }
        }
        Ok(())
    }

    /// The program that was started alone needs the launcher no more, and may live on.
    fn release(&mut self, index: usize) -> anyhow::Result<()> {
        if let Some(pidfd) = self.ranks[index].task.pidfd() {
            self.poller.remove(pidfd);
        }
        self.take_end(index, Ended::Exited(0))
    }

    fn disconnect(&mut self, index: usize) {
        match self.ranks[index].disconnect() {
            Some(socket) => self.poller.remove(&socket),
            None => self.close_pmi_on_node(index),
        }
    }

    fn on_signal(&mut self, signal: Signal) -> anyhow::Result<()> {
        match signal {
            Signal::SIGTSTP => {
                self.living(signals::stop_group);
                self.stop_nodes()?;
                signals::stop_self();
            }
            Signal::SIGCONT => {
                self.signal(libc::SIGCONT);
                let wait = self.input.as_ref().map(TerminalInput::wait);
                self.watch_input(wait)?;
                self.watch_feed()?;
            }
            Signal::SIGUSR1 | Signal::SIGUSR2 | Signal::SIGALRM => {
                self.signal(signal as i32);
            }
            ending => self.on_ending_signal(ending),
        }
        Ok(())
    }

    /// Sends a signal to each rank that has not ended.
    fn signal(&mut self, signal: i32) {
        self.living(|pid| signals::send_to_group(pid, signal));
        self.signal_nodes(signal);
    }

    /// Does something with the PID of each rank of this host that has not ended.
    fn living(&self, mut action: impl FnMut(i32)) {
        let is_meant = |rank: &&Rank| rank.ended.is_none() && rank.task.node().is_none() && !rank.task.is_foreign();
        for rank in self.ranks.iter().filter(is_meant) {
            action(rank.task.pid());
        }
    }

    /// Where a task runs, for messages.
    fn whereabouts(&self, index: usize) -> String {
        let pid = self.ranks[index].task.pid();
        match (self.ranks[index].task.node(), &self.fleet) {
            (Some(node), Some(fleet)) => format!("PID {pid} on {}", fleet.host(node)),
            _ => format!("PID {pid}"),
        }
    }

    /// Reaps the ranks and removes what the job left.
    fn leave(mut self) -> u8 {
        if let Some(fleet) = self.fleet.as_mut().filter(|_| !self.impatient) {
            fleet.leave();
        }
        for rank in self.ranks.iter_mut().filter(|rank| rank.ended.is_some()) {
            let _ = rank.task.wait();
        }
        self.traces.remove();
        if self.output_lost {
            self.exit.at_least(1);
        }
        self.write_report();
        // A rank that cannot die yet is the janitor's.
        if self.alive == 0 {
            self.janitor.dismiss();
        }
        self.exit.code()
    }

    /// What is known of a rank, for the report.
    fn data_of(&self, index: usize) -> RankData {
        let rank = &self.ranks[index];
        let host = match (rank.task.node(), &self.fleet) {
            (Some(node), Some(fleet)) => fleet.host(node).to_owned(),
            _ => self.spawns.hostname(),
        };
        RankData {
            name: rank.name.clone(),
            host,
            pid: rank.task.pid(),
            program: rank.program().display().to_string(),
            kind: rank.task.kind(),
            end: rank.ended.map_or("did not end".to_owned(), |ended| ended.to_string()),
            counted: self.server.report_of(index).map(|text| Counted::read(&text, self.size)),
        }
    }

    fn write_report(&mut self) {
        let Some(report) = self.report.take() else { return };
        let ranks = (0..self.ranks.len()).map(|index| self.data_of(index)).collect();
        if let Err(text) = report.write(self.exit.code(), self.size, ranks) {
            // The writer threads are gone.
            eprintln!("pip-mpiexec: {text}");
            self.exit.at_least(1);
        }
    }
}
