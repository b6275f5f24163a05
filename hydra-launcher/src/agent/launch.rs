//! Starting the tasks of a plan, the ranks first: pipes, sockets, environment, task.

use super::ordinary;
use super::process::Process;
use super::rank::Rank;
use crate::command_line::InputTarget;
use crate::janitor::Janitor;
use crate::plan::{Plan, PlannedSegment};
use crate::runnable::Runs;
use crate::shared_memory::Traces;
use crate::stdio::output::Output;
use crate::stdio::stdin::{self, Inputs, TerminalInput};
use anyhow::Context;
use nix::fcntl::OFlag;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::unistd::pipe2;
use pip_core::{Root, SpawnOptions};
use std::ffi::CString;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Descriptors the launcher needs per rank: pidfd, PMI socket, two pipes, and during the start their other ends.
pub const DESCRIPTORS_PER_RANK: usize = 4;
/// Descriptors for everything else.
const DESCRIPTORS: u64 = 64;

/// Starts all ranks. What was started before an error is in `ranks`.
pub fn launch(
    plan: &Plan,
    root: &Root,
    outputs: &mut [Output; 2],
    janitor: &mut Janitor,
    traces: &mut Traces,
    ranks: &mut Vec<Rank>,
) -> anyhow::Result<Option<TerminalInput>> {
    let files = plan.output.files.iter().flatten().count();
    let pipes = usize::from(plan.input == InputTarget::All);
    raise_descriptor_limit(plan.ids.len() * (DESCRIPTORS_PER_RANK + files + pipes));
    let mut inputs = Inputs::open(plan.input).context("no pipe for standard input")?;
    let policy = plan.binding.memory.apply().context("-membind cannot be obeyed")?;
    for segment in &plan.segments {
        let mut warned = false;
        for _ in 0..segment.count {
            let rank = plan.ids[ranks.len()];
            let name = Rank::name_of(rank, segment.is_rank);
            let no_descriptors = || format!("no descriptors for {name} (ulimit -n limits them)");
            let stdin = inputs.of(rank, segment.is_rank).with_context(no_descriptors)?;
            let ends = Ends::new(segment.is_rank, stdin).with_context(no_descriptors)?;
            let place = ends.pmi_fd.map(|pmi_fd| plan.place(rank, pmi_fd));
            let env = segment.env.of_task(place)?;
            let did_not_start = || format!("{name} ({}) did not start", segment.path.display());
            let cpus = plan.masks.get(rank).cloned().flatten().map(|cpus| cpus.into_iter().collect());
            let prepared = Prepared { id: rank, env, cpus, ends: &ends };
            let (process, warning) = start(root, segment, prepared, plan.require_tasks).with_context(did_not_start)?;
            // One warning per program.
            if let Some(why) = warning.filter(|_| !std::mem::replace(&mut warned, true)) {
                let text = format!(
                    "warning: {why}; it runs as an ordinary process, and {} go through MPICH (-require-tasks refuses it)",
                    if segment.runs.can_preload() { "messages from and to it" } else { "all messages of the job" }
                );
                outputs[1].say(&text);
            }
            let ours = ends.keep(outputs)?;
            enlist(Rank::new(process, ours, name, &segment.path), janitor, traces, ranks);
            inputs.started(rank).context("standard input cannot be released")?;
        }
    }
    drop(policy);
    inputs.finish().context("no thread for standard input")
}

/// The pipes and the socket of one process, before it starts.
pub struct Ends {
    ours: [OwnedFd; 2],
    theirs: [OwnedFd; 2],
    sockets: Option<(OwnedFd, OwnedFd)>,
    stdin: RawFd,
    /// The process's end of its PMI socket, which keeps its number: it is above all that the process may inherit on purpose.
    pub pmi_fd: Option<RawFd>,
}

impl Ends {
    /// Pipes for the output, and a PMI socket for a rank.
    pub fn new(is_rank: bool, stdin: RawFd) -> nix::Result<Ends> {
        let socket = || socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC);
        let sockets = is_rank.then(socket).transpose()?;
        let ((out_read, out_write), (err_read, err_write)) = (pipe2(OFlag::O_CLOEXEC)?, pipe2(OFlag::O_CLOEXEC)?);
        for fd in sockets.iter().map(|(ours, _)| ours).chain([&out_read, &err_read]) {
            stdin::set_nonblocking(fd)?;
        }
        let pmi_fd = sockets.as_ref().map(|(_, theirs)| theirs.as_raw_fd());
        Ok(Ends { ours: [out_read, err_read], theirs: [out_write, err_write], sockets, stdin, pmi_fd })
    }

    /// Pairs (descriptor here, descriptor in the process).
    pub fn pairs(&self) -> Vec<(RawFd, RawFd)> {
        let [out, err] = &self.theirs;
        let streams = [(self.stdin, 0), (out.as_raw_fd(), 1), (err.as_raw_fd(), 2)];
        streams.into_iter().chain(self.pmi_fd.map(|fd| (fd, fd))).collect()
    }

    /// After the start: gives the pipes to the outputs, closes the process's ends and returns ours of the PMI socket.
    pub fn keep(self, outputs: &mut [Output; 2]) -> nix::Result<Option<OwnedFd>> {
        let [out, err] = self.ours;
        outputs[0].add(out)?;
        outputs[1].add(err)?;
        Ok(self.sockets.map(|(ours, _)| ours))
    }
}

/// Adds a started rank to everything that keeps account of them.
pub fn enlist(rank: Rank, janitor: &mut Janitor, traces: &mut Traces, ranks: &mut Vec<Rank>) {
    janitor.rank(rank.task.pid());
    traces.ranks.insert(rank.task.pid());
    ranks.push(rank);
}

/// What is ready for a task or process.
pub struct Prepared<'a> {
    /// Its id.
    pub id: usize,
    /// Its environment.
    pub env: Vec<CString>,
    /// The processors it is bound to.
    pub cpus: Option<Vec<usize>>,
    /// Its streams.
    pub ends: &'a Ends,
}

/// Starts one task, or process with the reason why it is no task.
pub fn start(
    root: &Root,
    segment: &PlannedSegment,
    prepared: Prepared,
    require_tasks: bool,
) -> anyhow::Result<(Process, Option<String>)> {
    let Prepared { id, env, cpus, ends } = prepared;
    let process = |env: &[CString], shell| {
        let place = (segment.cwd.as_deref(), cpus.as_deref());
        start_process(&segment.path, &segment.args, env, place, ends, shell)
    };
    let (program, args) = match &segment.runs {
        Runs::Task { program, args } => (program, args),
        Runs::Process { why, shell } => {
            return match process(&env, *shell) {
                Ok(process) => Ok((process, Some(why.to_string()))),
                // What the kernel cannot run either is best explained by why it cannot be a task.
                Err(error) if is_no_program(&error) => Err(anyhow::anyhow!("{why}")),
                Err(error) => Err(error),
            };
        }
    };
    let options = SpawnOptions {
        args: args.clone(),
        env,
        cwd: segment.cwd.clone(),
        affinity: cpus.clone(),
        fds: ends.pairs(),
        new_session: true,
        id: Some(id),
        // Ranks that still run may read what a rank that ended left behind.
        keep_memory: true,
        ..SpawnOptions::default()
    };
    match root.spawn(program, &options) {
        Ok(task) => Ok((Process::Task(task), None)),
        Err(error @ pip_core::Error::Fixed { .. }) if !require_tasks => {
            Ok((process(&options.env, false)?, Some(error.to_string())))
        }
        Err(error) => Err(error.into()),
    }
}

fn is_no_program(error: &anyhow::Error) -> bool {
    error.downcast_ref::<ordinary::StartError>().is_some_and(ordinary::StartError::is_no_program)
}

/// Starts an ordinary process, in a working directory and on processors of its own if there are such.
pub fn start_process(
    path: &Path,
    args: &[CString],
    env: &[CString],
    (cwd, cpus): (Option<&Path>, Option<&[usize]>),
    ends: &Ends,
    shell: bool,
) -> anyhow::Result<Process> {
    // Before the working directory changes.
    let path = CString::new(std::path::absolute(path)?.as_os_str().as_bytes())?;
    let cwd = cwd.map(|cwd| CString::new(cwd.as_os_str().as_bytes())).transpose()?;
    let fds = ends.pairs();
    let cpus = cpus.map(ordinary::cpu_set);
    let command = ordinary::Command { path: &path, args, env, cwd: cwd.as_deref(), cpus, fds: &fds, shell };
    Ok(Process::Ordinary(ordinary::start(&command)?))
}

/// Raises the soft limit if the job needs it; ranks inherit that, so smaller jobs keep the user's.
pub fn raise_descriptor_limit(of_ranks: usize) {
    let needed = of_ranks as u64 + DESCRIPTORS;
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < needed
    {
        // If the hard limit is too low, creating descriptors fails later with a message that says so.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, needed.min(hard), hard);
    }
}
