//! `pip-mpiexec`: runs MPI programs as tasks of one address space.
//!
//! The phases are files: `command_line` (what the user wants), `plan` (everything found and checked), `janitor` (who cleans
//! up should the launcher be killed), `agent` (start the ranks and serve them until the end). For a job on several hosts `nodes`
//! starts an agent on each.

mod agent;
mod binding;
mod command_line;
mod debugger;
mod environment;
mod exit_status;
mod hosts;
mod info;
mod janitor;
mod mappings;
mod memory_policy;
mod mpir;
mod nodes;
mod options;
mod placement;
mod plan;
mod pmi;
mod report;
mod runnable;
mod sessions;
mod shared_memory;
mod shim_library;
mod signals;
mod stdio;
mod topology;
mod verbose;

use anyhow::Context;
use command_line::{Job, Request};
use janitor::Janitor;
use nodes::settings::Settings;
use plan::PlanError;
use report::RunReport;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::fd::{AsRawFd, IntoRawFd};
use std::process::ExitCode;

/// Exit status of a wrong command line.
const USAGE: u8 = 2;
/// Exit status of a launcher that cannot do its work.
const CANNOT_RUN: u8 = 126;

fn main() -> ExitCode {
    match run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => ExitCode::from(refuse(&format!("{error:#}"), CANNOT_RUN)),
    }
}

fn run() -> anyhow::Result<u8> {
    fill_standard_descriptors().context("/dev/null cannot be opened")?;
    if std::env::args_os().nth(1).is_some_and(|first| first == nodes::launchers::AGENT) {
        return agent::worker::run();
    }
    let variable = |name: &str| std::env::var_os(name);
    let mut job = match command_line::parse(std::env::args_os().skip(1), command_line::default_file(), &variable) {
        Ok(Request::Run(job)) => job,
        Ok(Request::Help) => return print(&options::help()),
        Ok(Request::HelpOf(option)) => return print(&options::help_of(option)),
        Ok(Request::Manual) => return print(&options::manual()),
        Ok(Request::Version) => return print(info::VERSION),
        Ok(Request::Info) => return print(&info::text()?),
        Err(error) => return Ok(refuse(&error.to_string(), USAGE)),
    };
    if let Some(wanted) = job.debugger.filter(|_| !debugger::is_there()) {
        debugger::start(wanted)?;
    }
    job.report = report::wish(job.report.take());
    run_job(&mut job).or_else(|error| match error.downcast_ref::<PlanError>() {
        Some(plan) => Ok(refuse(&plan.to_string(), plan.exit_code())),
        None => Err(error),
    })
}

fn run_job(job: &mut Job) -> anyhow::Result<u8> {
    let layout = plan::place(job)?;
    let job = &*job;
    let mut plan = plan::outline(job, layout.placement, layout.slots);
    plan.hosts = layout.hosts;
    plan.check_output_files()?;
    let settings = Settings::new(&job.reach, layout.manager)?;
    let is_here =
        job.singleton.is_some() || matches!(plan.placement.nodes(), [node] if settings.is_forked(node.is_local));
    if is_here {
        plan.add_programs(job, 0)?;
    }
    if job.verbose {
        let _ = std::io::stderr().write_all(verbose::describe(&plan).as_bytes());
    }
    let report = job.report.as_deref().map(RunReport::create).transpose()?;
    mpir::run(|| {
        // Forked before there are threads or tasks, so that it shares nothing with them.
        let janitor = Janitor::start().context("no process for the clean-up")?;
        let run = if is_here { agent::run } else { agent::nodes::run };
        run(job, &plan, &settings, janitor, report)
    })
}

fn print(text: &str) -> anyhow::Result<u8> {
    let _ = std::io::stdout().write_all(text.as_bytes()); // `| head` may have closed it
    Ok(0)
}

/// Says why not, and returns the exit status.
fn refuse(text: &str, code: u8) -> u8 {
    let _ = writeln!(std::io::stderr(), "pip-mpiexec: {text}");
    code
}

/// Opens /dev/null where the caller closed a standard descriptor, so that no pipe or socket takes its number.
fn fill_standard_descriptors() -> std::io::Result<()> {
    loop {
        let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
        if null.as_raw_fd() > 2 {
            return Ok(());
        }
        let _ = null.into_raw_fd(); // stays open
    }
}
