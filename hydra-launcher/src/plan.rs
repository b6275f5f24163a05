//! From a [`Job`] to a [`Plan`]: every program found and checked, every environment built, nothing started yet.

use crate::command_line::{HostSource, Job, Segment};
use crate::environment::{Environment, Place};
use crate::hosts::{self, Host, HostError};
use crate::placement::Placement;
use crate::shim_library::{self, ShimError};
use pip_core::{Program, ProgramError, search_path};
use std::ffi::{CString, NulError, OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// A job that can be started.
#[derive(Debug)]
pub struct Plan {
    /// The programs: first those of the ranks, then those beside them, each in the order of the command line.
    pub segments: Vec<PlannedSegment>,
    /// Where the ranks are, which are the first tasks.
    pub placement: Placement,
    /// Number of tasks.
    pub tasks: usize,
    /// Name of this machine.
    pub hostname: OsString,
    /// Whether output lines begin with the rank.
    pub prepend_rank: bool,
}

impl Plan {
    /// What a rank with this PMI socket is told of itself.
    pub fn place(&self, rank: usize, pmi_fd: i32) -> Place {
        let (placement, size) = (&self.placement, self.placement.size());
        Place { rank, size, local_rank: placement.local_rank(rank), local_size: placement.local_size(rank), pmi_fd }
    }
}

/// One program and its ranks.
#[derive(Debug)]
pub struct PlannedSegment {
    /// Number of tasks.
    pub count: usize,
    /// Whether they are ranks of MPI_COMM_WORLD.
    pub is_rank: bool,
    /// The checked program.
    pub program: Program,
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
    /// A host list that cannot be used.
    #[error(transparent)]
    Hosts(#[from] HostError),
    /// Hosts that cannot be reached yet.
    #[error(
        "{0} is another machine, and jobs of several machines cannot be started yet; leave it out of the host list"
    )]
    Remote(String),
    /// Several ranks of programs that need fixed addresses.
    #[error("{}: a non-PIE program has fixed addresses, so one address space holds one rank of it, not {}; \
             rebuild it with -fPIE -pie", .0.display(), .1)]
    Fixed(PathBuf, usize),
    /// Cannot happen with arguments and variables from the kernel.
    #[error("an argument or variable with a NUL byte: {0}")]
    Nul(#[from] NulError),
}

impl PlanError {
    /// Exit status of the launcher: 127 not found, 126 cannot run, 2 usage.
    pub fn exit_code(&self) -> u8 {
        match self {
            PlanError::Program(error) => error.exit_code(),
            PlanError::Shim(_) | PlanError::Fixed(..) => 126,
            PlanError::WorkDir(..) | PlanError::Nul(_) | PlanError::Hosts(_) | PlanError::Remote(_) => 2,
        }
    }
}

/// Looks everything up.
pub fn make(job: &Job) -> Result<Plan, PlanError> {
    let hostname = hostname();
    let mut segments = job.segments.iter().map(|s| plan_segment(job, s, &hostname)).collect::<Result<Vec<_>, _>>()?;
    segments.sort_by_key(|segment| !segment.is_rank);
    let fixed = || segments.iter().filter(|segment| segment.program.is_fixed());
    let fixed_ranks = fixed().map(|segment| segment.count).sum();
    if let Some(segment) = fixed().next().filter(|_| fixed_ranks > 1) {
        return Err(PlanError::Fixed(segment.program.path().to_owned(), fixed_ranks));
    }
    let has_shim = |segment: &PlannedSegment| segment.is_rank && !segment.env.shim_is_off();
    if !job.no_shim && segments.iter().any(has_shim) {
        let library = shim_library::find()?;
        segments.iter_mut().filter(|segment| has_shim(segment)).for_each(|s| s.env.preload(&library));
    }
    let size: usize = segments.iter().filter(|segment| segment.is_rank).map(|segment| segment.count).sum();
    let tasks = segments.iter().map(|segment| segment.count).sum();
    let placement = place(job, size, &hostname)?;
    if let Some(node) = placement.nodes().iter().find(|node| !node.is_local) {
        return Err(PlanError::Remote(node.host.name.clone()));
    }
    Ok(Plan { segments, placement, tasks, hostname, prepend_rank: job.prepend_rank })
}

/// Distributes the ranks over the hosts of the options, of HYDRA_HOST_FILE, or on this machine.
fn place(job: &Job, size: usize, hostname: &OsStr) -> Result<Placement, HostError> {
    let of_environment = || std::env::var_os("HYDRA_HOST_FILE").map(|path| hosts::read_file(Path::new(&path)));
    let mut hosts = match &job.hosts {
        Some(HostSource::List(hosts)) => hosts.clone(),
        Some(HostSource::File(path)) => hosts::read_file(path)?,
        None => of_environment().transpose()?.unwrap_or_default(),
    };
    if hosts.is_empty() {
        return Ok(Placement::local(size));
    }
    if let Some(count) = job.per_node {
        hosts.iter_mut().for_each(|host| host.slots = count);
    }
    let hostname = hostname.to_string_lossy();
    Ok(Placement::new(&hosts, size, |host: &Host| host.user.is_none() && hosts::is_local(&host.name, &hostname)))
}

fn plan_segment(job: &Job, segment: &Segment, hostname: &OsStr) -> Result<PlannedSegment, PlanError> {
    let env = Environment::new(std::env::vars_os(), job.env.iter().chain(&segment.env), hostname);
    if let Some(dir) = &segment.wdir {
        check_directory(dir).map_err(|error| PlanError::WorkDir(dir.clone(), error))?;
    }
    // As execvp after chdir: a relative path starts at the rank's working directory, PATH is the rank's.
    let start = segment.wdir.as_deref().unwrap_or(Path::new(""));
    let path = search_path(&segment.program, env.get("PATH"), start)?;
    let args = std::iter::once(&segment.program).chain(&segment.args);
    Ok(PlannedSegment {
        count: segment.count,
        is_rank: !segment.no_rank,
        program: Program::open(&path)?,
        args: args.map(|arg| CString::new(arg.as_bytes())).collect::<Result<_, _>>()?,
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

fn hostname() -> OsString {
    let mut name = std::fs::read("/proc/sys/kernel/hostname").unwrap_or_default();
    name.truncate(name.trim_ascii_end().len());
    if name.is_empty() { "localhost".into() } else { OsString::from_vec(name) }
}
