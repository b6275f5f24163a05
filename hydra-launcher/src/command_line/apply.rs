//! What each option does to the job.

use super::error::UsageError;
use super::values::Values;
use super::{Debugger, HostSource, Inherited, Job, Segment};
use crate::binding::Unit;
use crate::hosts;
use crate::options::OptionId;
use crate::stdio::pattern::Pattern;
use std::ffi::OsString;

/// Takes an option with its values.
pub fn apply(id: OptionId, values: &Values, segment: &mut Segment, job: &mut Job) -> Result<(), UsageError> {
    let pattern = || Pattern::parse(&values.os()).map_err(|error| UsageError::Pattern(values.option.to_owned(), error));
    let binding = |error| UsageError::Binding(values.option.to_owned(), error);
    match id {
        OptionId::Count => segment.count = Some(values.ranks()?),
        OptionId::Path => segment.path = Some(values.os()),
        OptionId::WorkDir => segment.wdir = Some(values.os().into()),
        OptionId::NoRank => segment.no_rank = true,
        OptionId::Env => segment.env.push(values.variable()?),
        OptionId::EnvList => segment.inherited = Some(values.names()),
        OptionId::EnvNone => segment.inherited = Some(Inherited::Nothing),
        OptionId::EnvAll => segment.inherited = Some(Inherited::All),
        OptionId::GlobalEnv => job.env.push(values.variable()?),
        OptionId::GlobalEnvList => job.inherited = Some(values.names()),
        OptionId::GlobalEnvNone => job.inherited = Some(Inherited::Nothing),
        OptionId::GlobalEnvAll => job.inherited = Some(Inherited::All),
        OptionId::GpusPerRank => job.gpus_per_rank = values.gpus()?,
        OptionId::Hosts => {
            let list = hosts::parse_list(&values.text());
            let list = list.map_err(|error| UsageError::Hosts(values.option.to_owned(), error))?;
            job.hosts = Some(HostSource::List(list));
        }
        OptionId::HostFile => job.hosts = Some(HostSource::File(values.os().into())),
        OptionId::PerNode => job.per_node = Some(values.ranks()?),
        OptionId::OrderNodes => job.order = Some(values.order()?),
        OptionId::SkipLaunchNode => job.skip_launch_node = true,
        OptionId::Launcher => {
            let right = "ssh, rsh, slurm, lsf, sge, fork or manual";
            let known = ["ssh", "rsh", "slurm", "srun", "lsf", "sge", "fork", "manual"];
            job.reach.launcher = Some(values.word(&known, right)?);
        }
        OptionId::LauncherExec => job.reach.program = Some(values.os().into()),
        OptionId::ResourceManager => {
            let known = ["user", "slurm", "ll", "lsf", "sge", "pbs", "cobalt"];
            let manager = values.word(&known, "user, slurm, ll, lsf, sge, pbs or cobalt")?;
            job.reach.resource_manager = Some(manager);
        }
        OptionId::EnableX | OptionId::DisableX => job.reach.forward_x = id == OptionId::EnableX,
        OptionId::Interface => job.reach.interface = Some(values.text()),
        OptionId::LocalHost => job.reach.local_name = Some(values.text()),
        OptionId::EnableHostnamePropagation => job.reach.hide_hostname = false,
        OptionId::DisableHostnamePropagation => job.reach.hide_hostname = true,
        OptionId::BindTo => job.binding.bind_to = Unit::parse_binding(&values.text()).map_err(binding)?,
        OptionId::MapBy => job.binding.map_by = Some(Unit::parse_mapping(&values.text()).map_err(binding)?),
        OptionId::MemoryBinding => job.binding.memory = Unit::parse_memory(&values.text()).map_err(binding)?,
        OptionId::TopologyLibrary => _ = values.word(&["hwloc"], "hwloc")?,
        OptionId::StandardInput => job.input = Some(values.input()?),
        OptionId::PrependRank => job.output.prefix = Some(Pattern::rank()),
        OptionId::PrependPattern => job.output.prefix = Some(pattern()?),
        OptionId::OutFile => job.output.files[0] = Some(pattern()?),
        OptionId::ErrFile => job.output.files[1] = Some(pattern()?),
        OptionId::OutputFrom => job.output.only_from = Some(values.number("a rank")?),
        OptionId::Timeout => job.timeout = values.seconds()?,
        OptionId::PrintExitCodes => job.print_exit_codes = true,
        OptionId::DisableAutoCleanup => job.no_cleanup = true,
        OptionId::EnableAutoCleanup => job.no_cleanup = false,
        OptionId::UniverseSize => job.universe = values.universe()?,
        OptionId::NoShim => job.no_shim = true,
        OptionId::RequireTasks => job.require_tasks = true,
        OptionId::Report => job.report = Some(values.os().into()),
        OptionId::Verbose => job.verbose = true,
        OptionId::Profile => job.profile = true,
        OptionId::Gdb => job.debugger = Some(Debugger::Gdb),
        OptionId::TotalView => job.debugger = Some(Debugger::TotalView),
        OptionId::PmiArguments => job.singleton = Some(values.singleton()?),
        OptionId::Demux => _ = values.word(&["poll", "select"], "poll or select")?,
        OptionId::NameServer => {
            let why = "names of MPI_Publish_name are known within their job only; leave it out, or use mpiexec.mpich";
            return Err(UsageError::Unsupported(values.option.to_owned(), why));
        }
        // Nothing to do, or done by the parser.
        OptionId::PmiPort | OptionId::ConfigFile | OptionId::Help | OptionId::Version | OptionId::Info => {}
    }
    Ok(())
}

/// The options of which a job, or a segment, takes one: Hydra refuses the second, and so do we where they differ.
pub fn rivals(id: OptionId) -> &'static [OptionId] {
    const SETS: [&[OptionId]; 5] = [
        &[OptionId::Hosts, OptionId::HostFile],
        &[OptionId::EnvList, OptionId::EnvNone, OptionId::EnvAll],
        &[OptionId::GlobalEnvList, OptionId::GlobalEnvNone, OptionId::GlobalEnvAll],
        &[OptionId::PrependRank, OptionId::PrependPattern],
        &[OptionId::Gdb, OptionId::TotalView],
    ];
    SETS.into_iter().find(|set| set.contains(&id)).unwrap_or(&[])
}

/// Takes environment variables in the place of options that were not given.
pub fn apply_variables(
    job: &mut Job,
    given: &[OptionId],
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<(), UsageError> {
    let mut unused = Segment::default();
    let is_free = |id: OptionId| !given.contains(&id) && !rivals(id).iter().any(|rival| given.contains(rival));
    for option in crate::options::OPTIONS.iter().filter(|option| is_free(option.id)) {
        let found = option.variables.iter().find_map(|name| Some((*name, variable(name)?)));
        if let Some((name, value)) = found.filter(|(_, value)| !value.is_empty()) {
            apply(option.id, &Values { option: name, list: &[value] }, &mut unused, job)?;
        }
    }
    for (name, id) in [
        ("HYDRA_DEBUG", OptionId::Verbose),
        ("HYDRA_HOSTNAME_PROPAGATION", OptionId::DisableHostnamePropagation),
        ("HYDRA_ENV", OptionId::GlobalEnvNone),
    ] {
        let Some(value) = variable(name).filter(|_| is_free(id)) else { continue };
        let values = Values { option: name, list: &[value] };
        let wanted = match id {
            OptionId::Verbose => values.switch()?,
            OptionId::GlobalEnvNone => values.word(&["all", "none"], "all or none")? == "none",
            _ => !given.contains(&OptionId::EnableHostnamePropagation) && !values.switch()?,
        };
        if wanted {
            apply(id, &values, &mut unused, job)?;
        }
    }
    Ok(())
}
