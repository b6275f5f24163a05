//! From a [`Job`] to a [`Plan`]: every program found and checked, every environment built, nothing started yet.

use crate::binding::{BindTo, Binding, BindingError, Unit};
use crate::command_line::{
    HostSource, Inherited, InputTarget, Job, Order, OutputOptions, Reach, Segment, Universe, UsageError,
};
use crate::debugger;
use crate::environment::{Environment, Network, Place};
use crate::hosts::{self, Host, HostError};
use crate::placement::Placement;
use crate::shim_library::{self, ShimError};
use crate::stdio::files;
use crate::stdio::pattern;
use crate::topology::{self, Cpus, Topology};
use pip_core::{Program, ProgramError, search_path};
use std::ffi::{CString, NulError, OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

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
    /// By rank: the processors it is bound to, if it is.
    pub masks: Vec<Option<Cpus>>,
    /// What the masks come from, and where memory is.
    pub binding: Binding,
    /// Who reads standard input.
    pub input: InputTarget,
    /// What becomes of the output.
    pub output: OutputOptions,
    /// What MPI_UNIVERSE_SIZE is, if anything.
    pub universe: Option<usize>,
    /// When the job is ended.
    pub timeout: Option<Duration>,
    /// Whether the end of the job shows all exit statuses.
    pub print_exit_codes: bool,
    /// Whether ranks go on when others fail.
    pub no_cleanup: bool,
    /// Whether PMI requests are counted.
    pub profile: bool,
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
    /// Numbers of ranks that do not fit the host list.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// A program.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The shim library.
    #[error(transparent)]
    Shim(#[from] ShimError),
    /// `-wdir` with a directory that cannot be entered.
    #[error("-wdir {}: {}; give a directory that exists and may be entered", .0.display(), .1)]
    WorkDir(PathBuf, io::Error),
    /// A file for output that cannot be made.
    #[error("{} {}: {}; give a pattern of files in a folder that exists and may be written to", .0, .1.display(), .2)]
    OutputFile(&'static str, PathBuf, io::Error),
    /// A host list that cannot be used.
    #[error(transparent)]
    Hosts(#[from] HostError),
    /// Hosts that cannot be reached yet.
    #[error(
        "{0} is another machine, and jobs of several machines cannot be started yet; leave it out of the host list"
    )]
    Remote(String),
    /// `-skip-launch-node` with no other.
    #[error("-skip-launch-node leaves no host to run on; name others by -hosts or -f")]
    NoHostLeft,
    /// `-iface` without such a thing.
    #[error("-iface {0}: there is no such network interface; /sys/class/net lists those that are")]
    Interface(String),
    /// A binding that is not possible here.
    #[error(transparent)]
    Binding(#[from] BindingError),
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
            _ => 2,
        }
    }
}

/// Looks everything up.
pub fn make(job: &mut Job) -> Result<Plan, PlanError> {
    let hostname = hostname();
    let hosts = host_list(job, &hostname)?;
    let slots = if hosts.is_empty() { job.per_node.unwrap_or(1) } else { hosts.iter().map(|host| host.slots).sum() };
    job.count_ranks(slots)?;
    let network = network(&job.reach, &hostname)?;
    let mut segments = job.segments.iter().map(|s| plan_segment(job, s, &network)).collect::<Result<Vec<_>, _>>()?;
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
    let placement = match hosts.as_slice() {
        [] => Placement::local(size, &hostname.to_string_lossy()),
        hosts => Placement::new(hosts, size, |host| is_local(host, &hostname)),
    };
    if let Some(node) = placement.nodes().iter().find(|node| !node.is_local) {
        return Err(PlanError::Remote(node.host.name.clone()));
    }
    let mut plan = Plan {
        tasks: segments.iter().map(|segment| segment.count).sum(),
        segments,
        placement,
        hostname,
        masks: Vec::new(),
        binding: job.binding.clone(),
        // The terminal is the debugger's.
        input: job.input.unwrap_or(if debugger::is_there() { InputTarget::Nobody } else { InputTarget::Rank(0) }),
        output: job.output.clone(),
        universe: match job.universe {
            Universe::Infinite => None,
            Universe::System => Some(slots),
            Universe::Size(size) => Some(size),
        },
        timeout: job.timeout,
        print_exit_codes: job.print_exit_codes,
        no_cleanup: job.no_cleanup,
        profile: job.profile,
    };
    plan.bind()?;
    plan.check_output_files()?;
    Ok(plan)
}

impl Plan {
    /// What a rank with this PMI socket is told of itself.
    pub fn place(&self, rank: usize, pmi_fd: i32) -> Place {
        let (placement, size) = (&self.placement, self.placement.size());
        Place { rank, size, local_rank: placement.local_rank(rank), local_size: placement.local_size(rank), pmi_fd }
    }

    /// What patterns call the tasks.
    pub fn writers(&self) -> Vec<pattern::Writer> {
        let of_task = |task: usize| {
            let node = if task < self.placement.size() { self.placement.node_of(task) } else { 0 };
            pattern::Writer { rank: task, host: self.placement.nodes()[node].host.name.clone(), node, group: 0 }
        };
        (0..self.tasks).map(of_task).collect()
    }

    /// Chooses processors for the ranks of this machine.
    fn bind(&mut self) -> Result<(), BindingError> {
        self.masks = vec![None; self.placement.size()];
        for node in self.placement.nodes().iter().filter(|node| node.is_local) {
            let masks = masks_here(&self.binding, node.host.binding.as_deref(), node.ranks.len())?;
            node.ranks.iter().zip(masks).for_each(|(&rank, mask)| self.masks[rank] = mask);
        }
        Ok(())
    }

    /// Looks whether output files can be made, before hours are computed for them.
    fn check_output_files(&self) -> Result<(), PlanError> {
        let mut folders = std::collections::BTreeSet::new();
        let writers = self.writers();
        for (pattern, option) in self.output.files.iter().zip(["-outfile-pattern", "-errfile-pattern"]) {
            for (pattern, writer) in pattern.iter().flat_map(|pattern| writers.iter().map(move |who| (pattern, who))) {
                let path = PathBuf::from(OsString::from_vec(pattern.render(writer, 0)));
                if path.as_os_str().is_empty() || path.is_dir() {
                    let error = io::Error::from_raw_os_error(libc::EISDIR);
                    return Err(PlanError::OutputFile(option, path, error));
                }
                if folders.insert(path.parent().map(Path::to_owned)) {
                    files::check_folder(&path).map_err(|error| PlanError::OutputFile(option, path, error))?;
                }
            }
        }
        Ok(())
    }
}

/// The processors of this machine for so many ranks; a binding of the host list comes before that of the options.
pub fn masks_here(binding: &Binding, of_host: Option<&str>, ranks: usize) -> Result<Vec<Option<Cpus>>, BindingError> {
    let mut binding = binding.clone();
    if let Some(kind) = of_host {
        binding.bind_to = Unit::parse_binding(kind)?;
    }
    if binding.bind_to == BindTo::Nothing {
        return Ok(vec![None; ranks]);
    }
    binding.masks(&Topology::read(Path::new("/sys/devices/system"), &topology::allowed()), ranks)
}

/// The host list of the options, arranged as they want it; empty: this machine.
fn host_list(job: &Job, hostname: &OsStr) -> Result<Vec<Host>, PlanError> {
    let mut hosts = match &job.hosts {
        Some(HostSource::List(hosts)) => hosts.clone(),
        // A way to overrule a list of the resource manager.
        Some(HostSource::File(path)) if path.as_os_str() == "HYDRA_USE_LOCALHOST" => Vec::new(),
        Some(HostSource::File(path)) => hosts::read_file(path)?,
        None => Vec::new(),
    };
    if job.skip_launch_node {
        hosts.retain(|host| !is_local(host, hostname));
        if hosts.is_empty() {
            return Err(PlanError::NoHostLeft);
        }
    }
    if let Some(count) = job.per_node {
        hosts.iter_mut().for_each(|host| host.slots = count);
    }
    match job.order {
        Some(Order::Ascending) => hosts.sort_by_key(|host| host.slots),
        Some(Order::Descending) => hosts.sort_by_key(|host| std::cmp::Reverse(host.slots)),
        None => {}
    }
    Ok(hosts)
}

fn is_local(host: &Host, hostname: &OsStr) -> bool {
    host.user.is_none() && hosts::is_local(&host.name, &hostname.to_string_lossy())
}

/// What the ranks' MPI library is told of the network.
fn network(reach: &Reach, hostname: &OsStr) -> Result<Network, PlanError> {
    match &reach.interface {
        Some(name) if name.contains('/') || !Path::new("/sys/class/net").join(name).exists() => {
            Err(PlanError::Interface(name.clone()))
        }
        Some(name) => Ok(Network::Interface(name.clone())),
        None if reach.hide_hostname => Ok(Network::Unsaid),
        None => Ok(Network::Hostname(hostname.to_owned())),
    }
}

fn plan_segment(job: &Job, segment: &Segment, network: &Network) -> Result<PlannedSegment, PlanError> {
    let inherited = segment.inherited.as_ref().or(job.inherited.as_ref()).unwrap_or(&Inherited::All);
    let mut env = Environment::new(std::env::vars_os(), inherited, job.env.iter().chain(&segment.env), network);
    if let Some(each) = job.gpus_per_rank {
        env.share_gpus(each);
    }
    if let Some(dir) = &segment.wdir {
        check_directory(dir).map_err(|error| PlanError::WorkDir(dir.clone(), error))?;
    }
    let path = find_program(segment, &env)?;
    let args = std::iter::once(&segment.program).chain(&segment.args);
    Ok(PlannedSegment {
        count: segment.count.unwrap_or(1),
        is_rank: !segment.no_rank,
        program: Program::open(&path)?,
        args: args.map(|arg| CString::new(arg.as_bytes())).collect::<Result<_, _>>()?,
        env,
        cwd: segment.wdir.clone(),
    })
}

/// As execvp after chdir: a relative path starts at the rank's working directory, PATH is the rank's. `-path` comes first.
fn find_program(segment: &Segment, env: &Environment) -> Result<PathBuf, ProgramError> {
    let start = segment.wdir.as_deref().unwrap_or(Path::new(""));
    let of_option = segment.path.as_deref().map(|path| search_path(&segment.program, Some(path), start));
    match of_option {
        Some(Ok(found)) => Ok(found),
        _ => search_path(&segment.program, env.get("PATH"), start),
    }
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
