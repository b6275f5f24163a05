//! From a [`Job`] to a [`Plan`]: every program found and checked, every environment built, nothing started yet.

use crate::command_line::{HostSource, Job, Segment};
use crate::environment::{Environment, Place};
use crate::hosts::{self, Host, HostError};
use crate::nodes::resource_manager::{ManagerError, ResourceManager};
use crate::placement::{self, Placement};
use crate::runnable::{self, CannotRun, NoTask, Runs};
use crate::shim_library::{self, ShimError};
use pip_core::{ProgramError, search_path};
use std::ffi::{CString, NulError, OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// A job that can be started.
#[derive(Debug)]
pub struct Plan {
    /// The programs: first those of the ranks, then those beside them, each in the order of the command line.
    pub segments: Vec<PlannedSegment>,
    /// Where the ranks are, which are the first tasks.
    pub placement: Placement,
    /// The ids of the tasks to start on this node, in the order of the segments.
    pub ids: Vec<usize>,
    /// Number of tasks of the job, on all nodes.
    pub total: usize,
    /// Whether a program that cannot be a task is refused.
    pub require_tasks: bool,
}

impl Plan {
    /// What a rank with this PMI socket is told of itself.
    pub fn place(&self, rank: usize, pmi_fd: i32) -> Place {
        let (placement, size) = (&self.placement, self.placement.size());
        let local_ranks = (placement.nodes().len() > 1)
            .then(|| placement::ranges(&placement.nodes()[placement.node_of(rank)].ranks));
        let (local_rank, local_size) = (placement.local_rank(rank), placement.local_size(rank));
        Place { rank, size, local_rank, local_size, local_ranks, pmi_fd }
    }
}

/// One program and its ranks.
#[derive(Debug)]
pub struct PlannedSegment {
    /// Number of tasks on this node, at least 1.
    pub count: usize,
    /// Whether they are ranks of MPI_COMM_WORLD.
    pub is_rank: bool,
    /// The program's file.
    pub path: PathBuf,
    /// How it runs.
    pub runs: Runs,
    /// argv, including argv\[0\] as typed.
    pub args: Vec<CString>,
    /// The variables all its ranks share.
    pub env: Environment,
    /// Working directory, if another than the launcher's.
    pub cwd: Option<PathBuf>,
}

/// Why a job cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A program.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The shim library.
    #[error(transparent)]
    Shim(#[from] ShimError),
    /// `-wdir` with a directory that cannot be entered.
    #[error("-wdir {}: {}; give a directory that exists and may be entered", .0.display(), .1)]
    WorkDir(PathBuf, io::Error),
    /// A program that cannot be run.
    #[error(transparent)]
    CannotRun(#[from] CannotRun),
    /// A program that cannot be a task, with `-require-tasks`.
    #[error("{0} (-require-tasks is given)")]
    NoTask(NoTask),
    /// A host list that cannot be used.
    #[error(transparent)]
    Hosts(#[from] HostError),
    /// A resource manager whose host list cannot be used.
    #[error(transparent)]
    Manager(#[from] ManagerError),
    /// Cannot happen with arguments and variables from the kernel.
    #[error("an argument or variable with a NUL byte: {0}")]
    Nul(#[from] NulError),
}

impl PlanError {
    /// Exit status of the launcher: 127 not found, 126 cannot run, 2 usage.
    pub fn exit_code(&self) -> u8 {
        match self {
            PlanError::Program(error) => error.exit_code(),
            PlanError::CannotRun(error) => error.exit_code(),
            PlanError::Shim(_) | PlanError::NoTask(_) => 126,
            PlanError::WorkDir(..) | PlanError::Nul(_) | PlanError::Hosts(_) | PlanError::Manager(_) => 2,
        }
    }
}

/// Looks everything up for one node of the job.
pub fn make(job: &Job, placement: Placement, node: usize) -> Result<Plan, PlanError> {
    // The name that the user knows this machine by.
    let named = placement.nodes().get(node).filter(|node| !node.is_local);
    let hostname = named.map_or_else(hostname, |node| OsString::from(&node.host.name));
    let mut segments = Vec::new();
    let mut ids = Vec::new();
    // Ids count through the ranks first; so do the segments.
    for (segment, tasks) in tasks_of_node(job, &placement, node) {
        segments.push(PlannedSegment { count: tasks.len(), ..plan_segment(job, segment, &hostname)? });
        ids.extend(tasks);
    }
    part_fixed(&mut segments);
    if job.require_tasks
        && let Some(at) = segments.iter().position(|segment| matches!(segment.runs, Runs::Process { .. }))
        && let Runs::Process { why, .. } = segments.swap_remove(at).runs
    {
        return Err(PlanError::NoTask(why));
    }
    give_shim(&mut segments, job.no_shim)?;
    let total = job.segments.iter().map(|segment| segment.count).sum();
    Ok(Plan { segments, placement, ids, total, require_tasks: job.require_tasks })
}

/// One rank of a non-PIE program fits an address space: the first stays a task if it is alone in its segment.
fn part_fixed(segments: &mut [PlannedSegment]) {
    let is_fixed =
        |segment: &&mut PlannedSegment| matches!(&segment.runs, Runs::Task { program, .. } if program.is_fixed());
    let ranks = segments.iter_mut().filter(is_fixed).map(|segment| segment.count).sum();
    let mut room = 1;
    for segment in segments.iter_mut().filter(is_fixed) {
        if segment.count <= room {
            room -= segment.count;
        } else if let Runs::Task { program, .. } = &segment.runs {
            let why = NoTask::Fixed(program.path().to_owned(), ranks);
            segment.runs = Runs::Process { why, shell: false };
        }
    }
}

/// Preloads the shim into all ranks or into none: it carries messages only if all ranks have it. A rank that is an ordinary process
/// cannot reach the tasks' memory.
fn give_shim(segments: &mut [PlannedSegment], no_shim: bool) -> Result<(), ShimError> {
    let ranks = || segments.iter().filter(|segment| segment.is_rank);
    if ranks().any(|segment| matches!(segment.runs, Runs::Process { .. })) {
        segments.iter_mut().for_each(|segment| segment.env.set("PIP_MPI_SHIM", "off"));
    }
    let has_shim = |segment: &PlannedSegment| segment.is_rank && !segment.env.shim_is_off();
    if !no_shim && segments.iter().any(has_shim) {
        let library = shim_library::find()?;
        segments.iter_mut().filter(|segment| has_shim(segment)).for_each(|s| s.env.preload(&library));
    }
    Ok(())
}

/// The segments that have tasks on a node, those of ranks first, and the ids of these tasks.
pub fn tasks_of_node<'a>(job: &'a Job, placement: &Placement, node: usize) -> Vec<(&'a Segment, Vec<usize>)> {
    let (ranks, others): (Vec<_>, Vec<_>) = job.segments.iter().partition(|segment| !segment.no_rank);
    let (mut first, mut result) = (0, Vec::new());
    for segment in ranks.into_iter().chain(others) {
        let on_node = |&id: &usize| match segment.no_rank {
            false => placement.node_of(id) == node,
            // Tasks beside the ranks go round the nodes.
            true => (id - first) % placement.nodes().len() == node,
        };
        let tasks: Vec<usize> = (first..first + segment.count).filter(on_node).collect();
        first += segment.count;
        if !tasks.is_empty() {
            result.push((segment, tasks));
        }
    }
    result
}

/// Distributes the ranks over the hosts of the options, of HYDRA_HOST_FILE, of the resource manager, or on this machine.
pub fn place(job: &Job) -> Result<(Placement, Option<ResourceManager>), PlanError> {
    let size = job.segments.iter().filter(|segment| !segment.no_rank).map(|segment| segment.count).sum();
    let variable = |name: &str| std::env::var(name).ok();
    let of_environment = || std::env::var_os("HYDRA_HOST_FILE").map(|path| hosts::read_file(Path::new(&path)));
    let wish = variable("HYDRA_RMK");
    let manager = ResourceManager::find(wish.as_deref(), &variable)?;
    let mut hosts = match &job.hosts {
        Some(HostSource::List(hosts)) => hosts.clone(),
        Some(HostSource::File(path)) => hosts::read_file(path)?,
        None => match (of_environment().transpose()?, manager) {
            (Some(hosts), _) => hosts,
            (None, Some(manager)) => manager.hosts(&variable)?,
            (None, None) => Vec::new(),
        },
    };
    if hosts.is_empty() {
        return Ok((Placement::local(size), manager));
    }
    if let Some(count) = job.per_node {
        hosts.iter_mut().for_each(|host| host.slots = count);
    }
    let hostname = hostname();
    let hostname = hostname.to_string_lossy();
    let is_local = |host: &Host| host.user.is_none() && hosts::is_local(&host.name, &hostname);
    Ok((Placement::new(&hosts, size, is_local), manager))
}

fn plan_segment(job: &Job, segment: &Segment, hostname: &OsStr) -> Result<PlannedSegment, PlanError> {
    let mut env = Environment::new(std::env::vars_os(), job.env.iter().chain(&segment.env), hostname);
    // A file's name is the launcher's; the ranks only tell.
    if job.report.is_some() {
        env.set("PIP_MPI_REPORT", "1");
    }
    if let Some(dir) = &segment.wdir {
        check_directory(dir).map_err(|error| PlanError::WorkDir(dir.clone(), error))?;
    }
    // As execvp after chdir: a relative path starts at the rank's working directory, PATH is the rank's.
    let start = segment.wdir.as_deref().unwrap_or(Path::new(""));
    let place = runnable::Place { path: env.get("PATH"), cwd: start };
    let path = search_path(&segment.program, place.path, start)?;
    let args: Vec<OsString> = std::iter::once(&segment.program).chain(&segment.args).cloned().collect();
    Ok(PlannedSegment {
        count: segment.count,
        is_rank: !segment.no_rank,
        runs: runnable::open(&path, &args, place)?,
        path,
        args: args.into_iter().map(|arg| CString::new(arg.into_vec())).collect::<Result<_, _>>()?,
        env,
        cwd: segment.wdir.clone(),
    })
}

fn check_directory(dir: &Path) -> io::Result<()> {
    if !std::fs::metadata(dir)?.is_dir() {
        return Err(io::Error::from_raw_os_error(libc::ENOTDIR));
    }
    nix::unistd::access(dir, nix::unistd::AccessFlags::X_OK).map_err(Into::into)
}

/// This machine's name.
pub fn hostname() -> OsString {
    let mut name = std::fs::read("/proc/sys/kernel/hostname").unwrap_or_default();
    name.truncate(name.trim_ascii_end().len());
    if name.is_empty() { "localhost".into() } else { OsString::from_vec(name) }
}
