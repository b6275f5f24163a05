//! Starting the tasks of a plan, the ranks first: pipes, sockets, environment, task.

use super::process::Process;
use super::rank::Rank;
use crate::command_line::InputTarget;
use crate::janitor::Janitor;
use crate::plan::Plan;
use crate::shared_memory::Traces;
use crate::stdio::output::Output;
use crate::stdio::stdin::{self, Inputs, TerminalInput};
use anyhow::Context;
use nix::fcntl::OFlag;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::unistd::pipe2;
use pip_core::{Root, SpawnOptions};
use std::os::fd::AsRawFd;

/// Descriptors the launcher needs per rank: pidfd, PMI socket, two pipes, and during the start their other ends.
const DESCRIPTORS_PER_RANK: usize = 4;
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
        for _ in 0..segment.count {
            let rank = plan.ids[ranks.len()];
            let name = Rank::name_of(rank, segment.is_rank);
            let no_descriptors = || format!("no descriptors for {name} (ulimit -n limits them)");
            let stdin = inputs.of(rank, segment.is_rank).with_context(no_descriptors)?;
            let socket = || socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC);
            let (ours, theirs) = segment.is_rank.then(socket).transpose().with_context(no_descriptors)?.unzip();
            let (out_read, out_write) = pipe2(OFlag::O_CLOEXEC).with_context(no_descriptors)?;
            let (err_read, err_write) = pipe2(OFlag::O_CLOEXEC).with_context(no_descriptors)?;
            for fd in ours.iter().chain([&out_read, &err_read]) {
                stdin::set_nonblocking(fd)?;
            }
            // In the rank the socket keeps its number, which is above all that the rank may inherit on purpose.
            let pmi_fd = theirs.as_ref().map(AsRawFd::as_raw_fd);
            let place = pmi_fd.map(|pmi_fd| plan.place(rank, pmi_fd));
            let streams = [(stdin, 0), (out_write.as_raw_fd(), 1), (err_write.as_raw_fd(), 2)];
            let options = SpawnOptions {
                args: segment.args.clone(),
                env: segment.env.of_task(place)?,
                cwd: segment.cwd.clone(),
                affinity: plan.masks.get(rank).cloned().flatten().map(|cpus| cpus.into_iter().collect()),
                fds: streams.into_iter().chain(pmi_fd.map(|fd| (fd, fd))).collect(),
                new_session: true,
                id: Some(rank),
                // Ranks that still run may read what a rank that ended left behind.
                keep_memory: true,
                ..SpawnOptions::default()
            };
            let task = root
                .spawn(&segment.program, &options)
                .with_context(|| format!("{name} ({}) did not start", segment.program.path().display()))?;
            janitor.rank(task.pid());
            traces.ranks.insert(task.pid());
            outputs[0].add(out_read)?;
            outputs[1].add(err_read)?;
            ranks.push(Rank::new(Process::Task(task), ours));
            inputs.started(rank).context("standard input cannot be released")?;
        }
    }
    drop(policy);
    inputs.finish().context("no thread for standard input")
}

/// Raises the soft limit if the job needs it; ranks inherit that, so smaller jobs keep the user's.
fn raise_descriptor_limit(of_ranks: usize) {
    let needed = of_ranks as u64 + DESCRIPTORS;
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < needed
    {
        // If the hard limit is too low, creating descriptors fails later with a message that says so.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, needed.min(hard), hard);
    }
}
