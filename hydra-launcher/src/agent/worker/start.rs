//! An agent's life: invited, connected, given its part of the job, served until it is sent away.

use super::{Cache, Input, Worker};
use crate::agent::poller::Poller;
use crate::agent::spawning::Spawner;
use crate::command_line::InputTarget;
use crate::janitor::Janitor;
use crate::nodes::invitation::Invitation;
use crate::nodes::link::{Link, LinkError};
use crate::nodes::protocol::{Assignment, Order, Report, WINDOW};
use crate::plan::{self, Plan};
use crate::shared_memory::Traces;
use crate::signals::Signals;
use crate::stdio::output::Output;
use crate::stdio::stdin::release;
use anyhow::Context;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use pip_core::Root;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// How long to wait for the first order after the handshake.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs an agent whose invitation comes through standard input, and returns its exit status.
pub fn run() -> anyhow::Result<u8> {
    let invitation = Invitation::read(std::io::stdin().lock())?;
    let stream = invitation.accept()?;
    release().context("standard input cannot be released")?;
    // Forked before there are threads or tasks, as the launcher's.
    let janitor = Janitor::start().context("no process for the clean-up")?;
    let signals = Signals::new().context("signals cannot be taken over")?;
    let mut link = Link::new(stream).context("the connection to the launcher")?;
    let Some(assignment) = first_order(&mut link)? else { return Ok(1) };
    link.set_timeout(assignment.timeout)?;
    let plan = match prepare(&assignment) {
        Ok(plan) => plan,
        Err((reason, code)) => {
            link.push(&Report::NotStarted { reason, code })?;
            link.push(&Report::Done(0))?;
            link.close(Instant::now() + PATIENCE);
            janitor.dismiss();
            return Ok(code);
        }
    };
    serve(link, &plan, signals, janitor)
}

/// Waits for the assignment; None if the launcher is gone.
fn first_order(link: &mut Link<Order>) -> anyhow::Result<Option<Assignment>> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        match link.next()? {
            Some(Order::Start(assignment)) => return Ok(Some(*assignment)),
            // The job is over before this node began.
            Some(_) => return Ok(None),
            None => {}
        }
        let left = until.saturating_duration_since(Instant::now()).as_millis().clamp(1, 60_000) as i32;
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
        let _ = poll(&mut [PollFd::new(link.as_fd(), PollFlags::POLLIN)], timeout);
        match link.fill() {
            Err(LinkError::Closed) => return Ok(None),
            other => other?,
        };
    }
    Ok(None)
}

/// Makes this process look like the launcher, and looks the programs up. The error is a reason and the launcher's exit status.
fn prepare(assignment: &Assignment) -> Result<Plan, (String, u8)> {
    for (name, value) in &assignment.environment {
        // SAFETY: this process has one thread, so nobody reads the environment meanwhile.
        unsafe { std::env::set_var(name, value) };
    }
    let directory = &assignment.directory;
    if let Err(error) = std::env::set_current_dir(directory)
        && needs_directory(assignment)
    {
        let text = format!(
            "the working directory {} cannot be entered there ({error}); -wdir names another one",
            directory.display()
        );
        return Err((text, 2));
    }
    let mut plan = plan::outline(&assignment.job, assignment.placement.clone(), 0);
    let added = plan.add_programs(&assignment.job, assignment.node);
    let named = added.and_then(|()| match &assignment.name {
        Some(name) => plan.name_spawned(&assignment.job, name),
        None => Ok(()),
    });
    named.map(|()| plan).map_err(|error| (error.to_string(), error.exit_code()))
}

fn needs_directory(assignment: &Assignment) -> bool {
    let Assignment { job, node, placement, .. } = assignment;
    // Spawned ranks start there.
    *node >= placement.nodes().len()
        || job.segments.iter().any(|segment| segment.wdir.as_ref().is_none_or(|wdir| wdir.is_relative()))
}

fn serve(link: Link<Order>, plan: &Plan, signals: Signals, janitor: Janitor) -> anyhow::Result<u8> {
    let traces = Traces::new();
    let root = Root::new(plan.tasks.max(1))?;
    let has_reader = match plan.input {
        InputTarget::Rank(rank) => plan.ids.contains(&rank),
        InputTarget::All => true,
        InputTarget::Nobody => false,
    };
    let input = has_reader.then(Input::open).transpose().context("no pipe for standard input")?;
    let mut worker = Worker {
        poller: Poller::new()?,
        link,
        ranks: Vec::new(),
        ids: plan.ids.clone(),
        outputs: [Output::to_launcher(WINDOW)?, Output::to_launcher(WINDOW)?],
        spawner: Spawner::new(plan, true)?,
        spawns: 0,
        input,
        cache: Cache::default(),
        signals,
        janitor,
        traces,
        alive: 0,
        pmi_paused: false,
        wants_room: false,
        sessions_killed: false,
        done: false,
        dismissed: false,
    };
    let launched = worker.launch(plan, &root);
    worker.alive = worker.ranks.len();
    let result = begin(&mut worker, plan, launched).and_then(|()| worker.serve());
    // The launcher knows why, or is gone.
    let code = u8::from(result.is_err());
    if result.is_ok() {
        // Before the connection closes, by which the launcher knows that nothing is left.
        let Worker { link, .. } = &mut worker;
        let _ = link.flush();
    }
    worker.clean_up();
    Ok(code)
}

/// Tells of what was started.
fn begin(worker: &mut Worker, plan: &Plan, launched: anyhow::Result<()>) -> Result<(), LinkError> {
    worker.watch().map_err(std::io::Error::from)?;
    worker.report(&Report::Agent(std::process::id() as i32))?;
    let programs = plan.segments.iter().flat_map(|segment| std::iter::repeat_n(segment.path.as_path(), segment.count));
    for ((rank, &task), program) in worker.ranks.iter().zip(&plan.ids).zip(programs) {
        let program = std::path::absolute(program).unwrap_or_else(|_| program.to_owned());
        worker.link.push(&Report::Started { task, pid: rank.task.pid(), program })?;
    }
    if let Err(error) = launched {
        worker.report(&Report::NotStarted { reason: format!("{error:#}"), code: 126 })?;
        worker.kill();
    }
    Ok(())
}
