//! From a [`Job`] to a [`Plan`]: every program found and checked, every environment built, nothing started yet.

use crate::binding::{BindTo, Binding, BindingError, Unit};
use crate::command_line::{
    HostSource, Inherited, InputTarget, Job, Order, OutputOptions, Reach, Segment, Universe, UsageError,
};
use crate::debugger;
use crate::environment::{Environment, Network, Place};
use crate::hosts::{self, Host, HostError};
use crate::nodes::resource_manager::{ManagerError, ResourceManager};
use crate::placement::{self, Placement};
use crate::runnable::{self, CannotRun, NoTask, Runs};
use crate::shim_library::{self, ShimError};
use crate::stdio::files;
use crate::stdio::pattern;
use crate::topology::{self, Cpus, Topology};
use pip_core::{ProgramError, search_path};
use std::collections::BTreeSet;
use std::ffi::{CString, NulError, OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A job that can be started.
#[derive(Debug)]
pub struct Plan {
    /// The programs of this node: first those of the ranks, then those beside them, each in the order of the command line.
    pub segments: Vec<PlannedSegment>,
    /// The ids of the tasks to start on this node, in the order of the segments.
    pub ids: Vec<usize>,
    /// Where the ranks are, which are the first tasks.
    pub placement: Placement,
    /// The host list, also hosts without ranks; empty: this machine.
    pub hosts: Vec<Host>,
    /// Number of tasks of the job, on all nodes.
    pub tasks: usize,
    /// By rank: the number of its program among those of the ranks.
    pub appnums: Vec<usize>,
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
    /// Whether a program that cannot be a task is refused.
    pub require_tasks: bool,
    /// Ranks of this node that are ordinary processes.
    pub apart: BTreeSet<usize>,
    /// The variables of processes that ranks spawn.
    pub env_of_spawned: Environment,
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
    /// Whether the shim is preloaded.
    pub has_shim: bool,
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
    /// `-skip-launch-node` with no other.
    #[error("-skip-launch-node leaves no host to run on; name others by -hosts or -f")]
    NoHostLeft,
    /// `-iface` without such a thing.
    #[error("-iface {0}: there is no such network interface; /sys/class/net lists those that are")]
    Interface(String),
    /// A binding that is not possible here.
    #[error(transparent)]
    Binding(#[from] BindingError),
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
            _ => 2,
        }
    }
}

/// Where a job runs.
#[derive(Debug)]
pub struct Layout {
    /// Its ranks' nodes.
    pub placement: Placement,
    /// The host list.
    pub hosts: Vec<Host>,
    /// The slots of the host list.
    pub slots: usize,
    /// The resource manager whose job this is.
    pub manager: Option<ResourceManager>,
}

/// Distributes the ranks over the hosts of the options, of the resource manager, or on this machine. Segments without a number
/// of ranks get it here.
pub fn place(job: &mut Job) -> Result<Layout, PlanError> {
    let hostname = hostname();
    network(&job.reach, &hostname)?;
    let (hosts, manager) = host_list(job, &hostname)?;
    if job.singleton.is_some() {
        let placement = Placement::local(1, &hostname.to_string_lossy());
        return Ok(Layout { placement, slots: 1, hosts, manager });
    }
    let slots = if hosts.is_empty() { job.per_node.unwrap_or(1) } else { hosts.iter().map(|host| host.slots).sum() };
    job.count_ranks(slots)?;
    let size = job.segments.iter().filter(|segment| !segment.no_rank).map(Segment::count).sum();
    let placement = match hosts.as_slice() {
        [] => Placement::local(size, &hostname.to_string_lossy()),
        hosts => Placement::new(hosts, size, |host| is_local(host, &hostname)),
    };
    Ok(Layout { placement, hosts, slots, manager })
}

/// Everything about a job but its programs.
pub fn outline(job: &Job, placement: Placement, slots: usize) -> Plan {
    let ranks = job.segments.iter().filter(|segment| !segment.no_rank).enumerate();
    let hostname = hostname();
    Plan {
        segments: Vec::new(),
        ids: Vec::new(),
        tasks: job.segments.iter().map(Segment::count).sum(),
        appnums: match job.singleton {
            Some(_) => vec![0],
            None => ranks.flat_map(|(appnum, segment)| std::iter::repeat_n(appnum, segment.count())).collect(),
        },
        masks: vec![None; placement.size()],
        placement,
        hosts: Vec::new(),
        binding: job.binding.clone(),
        // The terminal is the debugger's.
        // ... or that of a program which runs already.
        input: job.input.unwrap_or(if debugger::is_there() || job.singleton.is_some() {
            InputTarget::Nobody
        } else {
            InputTarget::Rank(0)
        }),
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
        require_tasks: job.require_tasks,
        apart: BTreeSet::new(),
        env_of_spawned: environment(job, None, &network(&job.reach, &hostname).unwrap_or(Network::Unsaid)),
        hostname,
    }
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
        let tasks: Vec<usize> = (first..first + segment.count()).filter(on_node).collect();
        first += segment.count();
        if !tasks.is_empty() {
            result.push((segment, tasks));
        }
    }
    result
}

impl Plan {
    /// Looks the programs of one node up, on this machine.
    pub fn add_programs(&mut self, job: &Job, node: usize) -> Result<(), PlanError> {
        // The name that the user knows this machine by.
        let named = self.placement.nodes().get(node).filter(|node| !node.is_local);
        let hostname = named.map_or_else(|| self.hostname.clone(), |node| OsString::from(&node.host.name));
        let network = network(&job.reach, &hostname)?;
        self.env_of_spawned = environment(job, None, &network);
        let mut segments = Vec::new();
        for (segment, tasks) in tasks_of_node(job, &self.placement, node) {
            segments.push(PlannedSegment { count: tasks.len(), ..plan_segment(job, segment, &network)? });
            self.ids.extend(tasks);
        }
        part_fixed(&mut segments);
        if job.require_tasks
            && let Some(at) = segments.iter().position(|segment| matches!(segment.runs, Runs::Process { .. }))
            && let Runs::Process { why, .. } = segments.swap_remove(at).runs
        {
            return Err(PlanError::NoTask(why));
        }
        give_shim(&mut segments, job.no_shim)?;
        let runs = segments.iter().flat_map(|segment| std::iter::repeat_n(segment, segment.count)).zip(&self.ids);
        let is_apart = |segment: &PlannedSegment| segment.is_rank && matches!(segment.runs, Runs::Process { .. });
        self.apart = runs.filter(|(segment, _)| is_apart(segment)).map(|(_, &id)| id).collect();
        self.segments = segments;
        self.bind(node)?;
        self.tell_of_one_node();
        Ok(())
    }

    /// Where all ranks are tasks of one address space and see the same processors, the MPI library need not know that they
    /// share a node: the shim does, and the library starts faster without (see `one_node` there).
    fn tell_of_one_node(&mut self) {
        let is_shared = |segment: &PlannedSegment| segment.has_shim && segment.env.get("PIP_MPI_LOCAL_RANKS").is_none();
        let ranks = || self.segments.iter().filter(|segment| segment.is_rank);
        let (one_space, unbound) = (self.placement.nodes().len() == 1 && self.apart.is_empty(), Option::is_none);
        if one_space && self.masks.iter().all(unbound) && ranks().all(is_shared) {
            self.segments.iter_mut().for_each(|segment| segment.env.set("PIP_MPI_ONE_NODE", "1"));
        }
    }

    /// Spawned ranks of this machine are told that it has this name.
    pub fn name_spawned(&mut self, job: &Job, name: &str) -> Result<(), PlanError> {
        self.env_of_spawned = environment(job, None, &network(&job.reach, OsStr::new(name))?);
        Ok(())
    }

    /// What a rank with this PMI socket is told of itself.
    pub fn place(&self, rank: usize, pmi_fd: i32) -> Place {
        let (placement, size) = (&self.placement, self.placement.size());
        let spaces = placement.nodes().len() > 1 || !self.apart.is_empty();
        let local_ranks = spaces.then(|| match self.apart.contains(&rank) {
            true => rank.to_string(),
            false => {
                let on_node = placement.nodes()[placement.node_of(rank)].ranks.iter().copied();
                placement::ranges(&on_node.filter(|rank| !self.apart.contains(rank)).collect::<Vec<_>>())
            }
        });
        let (local_rank, local_size) = (placement.local_rank(rank), placement.local_size(rank));
        Place { rank, size, local_rank, local_size, local_ranks, pmi_fd }
    }

    /// What patterns call the tasks.
    pub fn writers(&self) -> Vec<pattern::Writer> {
        let of_task = |task: usize| {
            let node = if task < self.placement.size() { self.placement.node_of(task) } else { 0 };
            pattern::Writer { rank: task, host: self.placement.nodes()[node].host.name.clone(), node, group: 0 }
        };
        (0..self.tasks).map(of_task).collect()
    }

    /// Chooses processors for the ranks of a node, which is this machine.
    fn bind(&mut self, node: usize) -> Result<(), BindingError> {
        if let Some(node) = self.placement.nodes().get(node) {
            let masks = masks_here(&self.binding, node.host.binding.as_deref(), node.ranks.len())?;
            node.ranks.iter().zip(masks).for_each(|(&rank, mask)| self.masks[rank] = mask);
        }
        Ok(())
    }

    /// Looks whether output files can be made, before hours are computed for them.
    pub fn check_output_files(&self) -> Result<(), PlanError> {
        let mut folders = BTreeSet::new();
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

/// One rank of a non-PIE program fits an address space: the first stays a task if it is alone in its segment.
pub fn part_fixed(segments: &mut [PlannedSegment]) {
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

/// Preloads the shim into all ranks or into none: it carries messages only if all ranks have it.
pub fn give_shim(segments: &mut [PlannedSegment], no_shim: bool) -> Result<(), ShimError> {
    let ranks = || segments.iter().filter(|segment| segment.is_rank);
    if !ranks().all(|segment| segment.runs.can_preload()) {
        segments.iter_mut().for_each(|segment| segment.env.set("PIP_MPI_SHIM", "off"));
    }
    let has_shim = |segment: &PlannedSegment| segment.is_rank && !segment.env.shim_is_off();
    if !no_shim && segments.iter().any(has_shim) {
        let library = shim_library::find()?;
        for segment in segments.iter_mut().filter(|segment| has_shim(segment)) {
            segment.env.preload(&library);
            segment.has_shim = true;
        }
    }
    Ok(())
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

/// The host list of the options or the resource manager, arranged as they want it; empty: this machine.
fn host_list(job: &Job, hostname: &OsStr) -> Result<(Vec<Host>, Option<ResourceManager>), PlanError> {
    let variable = |name: &str| std::env::var(name).ok();
    let manager = ResourceManager::find(job.reach.resource_manager.as_deref(), &variable)?;
    let mut hosts = match &job.hosts {
        Some(HostSource::List(hosts)) => hosts.clone(),
        // A way to overrule a list of the resource manager.
        Some(HostSource::File(path)) if path.as_os_str() == "HYDRA_USE_LOCALHOST" => Vec::new(),
        Some(HostSource::File(path)) => hosts::read_file(path)?,
        None => manager.map(|manager| manager.hosts(&variable)).transpose()?.unwrap_or_default(),
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
    Ok((hosts, manager))
}

/// Whether a host is this machine, and nobody else is to log in there.
pub fn is_local(host: &Host, hostname: &OsStr) -> bool {
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

/// The variables of a segment's ranks, or of what ranks spawn.
fn environment(job: &Job, segment: Option<&Segment>, network: &Network) -> Environment {
    let inherited = segment.and_then(|segment| segment.inherited.as_ref());
    let inherited = inherited.or(job.inherited.as_ref()).unwrap_or(&Inherited::All);
    let overrides = job.env.iter().chain(segment.iter().flat_map(|segment| &segment.env));
    let mut env = Environment::new(std::env::vars_os(), inherited, overrides, network);
    if let Some(each) = job.gpus_per_rank {
        env.share_gpus(each);
    }
    // A file's name is the launcher's; the ranks only tell.
    if job.report.is_some() {
        env.set("PIP_MPI_REPORT", "1");
    }
    env
}

fn plan_segment(job: &Job, segment: &Segment, network: &Network) -> Result<PlannedSegment, PlanError> {
    let env = environment(job, Some(segment), network);
    if let Some(dir) = &segment.wdir {
        check_directory(dir).map_err(|error| PlanError::WorkDir(dir.clone(), error))?;
    }
    let path = find_program(segment, &env)?;
    let start = segment.wdir.as_deref().unwrap_or(Path::new(""));
    let place = runnable::Place { path: env.get("PATH"), cwd: start };
    let args: Vec<OsString> = std::iter::once(&segment.program).chain(&segment.args).cloned().collect();
    Ok(PlannedSegment {
        count: segment.count(),
        is_rank: !segment.no_rank,
        runs: runnable::open(&path, &args, place)?,
        path,
        args: args.into_iter().map(|arg| CString::new(arg.into_vec())).collect::<Result<_, _>>()?,
        env,
        has_shim: false,
        cwd: segment.wdir.clone(),
    })
}

/// The working directory of a segment's ranks, as seen from the launcher's.
fn start_of(segment: &Segment) -> &Path {
    segment.wdir.as_deref().unwrap_or(Path::new(""))
}

/// As execvp after chdir: a relative path starts at the rank's working directory, PATH is the rank's. `-path` comes first.
fn find_program(segment: &Segment, env: &Environment) -> Result<PathBuf, ProgramError> {
    let start = start_of(segment);
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
