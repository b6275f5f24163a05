//! Starting spawned processes on this host, for the launcher and for agents. They are ordinary processes, and MPICH carries what
//! goes between them and the others; but the first children of a program that was started alone are tasks, whose ids nobody has.

use crate::agent::launch::{self, Ends, Prepared};
use crate::agent::process::Process;
use crate::environment::{Environment, Place};
use crate::nodes::protocol::Spawn;
use crate::plan::{self, Plan, PlannedSegment};
use crate::pmi::spawn::SpawnBlock;
use crate::runnable::{self, Runs};
use anyhow::Context;
use pip_core::{Root, search_path};
use std::ffi::{CString, OsString};
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What spawned ranks get from the job.
#[derive(Debug)]
pub struct Spawner {
    env: Environment,
    null: OwnedFd,
    no_shim: bool,
}

/// A started process, our ends of its pipes, and its program's path.
pub type Fresh = (Process, Ends, PathBuf);

/// Processes that have been started; killed if dropped.
#[derive(Default)]
pub struct Started(Vec<Fresh>);

impl Started {
    /// They live on, in the order of their ranks.
    pub fn keep(mut self) -> Vec<Fresh> {
        std::mem::take(&mut self.0)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        for (process, ..) in &mut self.0 {
            process.kill_group();
            let _ = process.wait();
        }
    }
}

/// A program to be spawned.
struct Found {
    path: PathBuf,
    args: Vec<CString>,
    cwd: Option<PathBuf>,
}

impl Spawner {
    /// For spawned ranks of this host.
    pub fn new(plan: &Plan, no_shim: bool) -> anyhow::Result<Spawner> {
        let mut env = plan.env_of_spawned.clone();
        env.set("PMI_SPAWNED", "1");
        let null = File::open("/dev/null").context("/dev/null cannot be opened")?.into();
        Ok(Spawner { env, null, no_shim })
    }

    /// Starts all processes of this host, or none.
    pub fn start(&self, spawn: &Spawn) -> anyhow::Result<Started> {
        let mut env = self.env.clone();
        // Other ranks' memory is out of reach.
        env.set("PIP_MPI_SHIM", "off");
        let mut started = Started::default();
        for part in &spawn.parts {
            let found = self.find(&part.block)?;
            for &rank in &part.ranks {
                let (ends, pmi_fd) = self.ends()?;
                let env = env.of_task(Some(place(spawn, rank, started.0.len(), pmi_fd)))?;
                let cwd = found.cwd.as_deref();
                let process = launch::start_process(&found.path, &found.args, &env, (cwd, None), &ends, true)
                    .with_context(|| found.path.display().to_string())?;
                started.0.push((process, ends, found.path.clone()));
            }
        }
        Ok(started)
    }

    /// Starts all processes of this host, or none, as tasks of a root that has had none, with the ranks as ids; None if they
    /// cannot all be tasks.
    pub fn start_tasks(&self, spawn: &Spawn, root: &Root) -> anyhow::Result<Option<Started>> {
        let mut segments = Vec::new();
        for part in &spawn.parts {
            let Found { path, args, cwd } = self.find(&part.block)?;
            let words: Vec<OsString> = std::iter::once(&part.block.program).chain(&part.block.args).cloned().collect();
            let place = runnable::Place { path: self.env.get("PATH"), cwd: cwd.as_deref().unwrap_or(Path::new("")) };
            // The kernel may know how to run what cannot be opened here, or says why not.
            match runnable::open(&path, &words, place) {
                Ok(runs @ Runs::Task { .. }) => {
                    let (count, env) = (part.ranks.len(), self.env.clone());
                    segments.push(PlannedSegment { count, is_rank: true, path, runs, args, env, has_shim: false, cwd });
                }
                _ => return Ok(None),
            }
        }
        plan::part_fixed(&mut segments);
        if segments.iter().any(|segment| !matches!(segment.runs, Runs::Task { .. })) {
            return Ok(None);
        }
        plan::give_shim(&mut segments, self.no_shim)?;
        let mut started = Started::default();
        for (segment, part) in segments.iter().zip(&spawn.parts) {
            for &rank in &part.ranks {
                let (ends, pmi_fd) = self.ends()?;
                let env = segment.env.of_task(Some(place(spawn, rank, started.0.len(), pmi_fd)))?;
                let prepared = Prepared { id: rank, env, cpus: None, ends: &ends };
                let (process, _) = launch::start(root, segment, prepared, false)
                    .with_context(|| segment.path.display().to_string())?;
                started.0.push((process, ends, segment.path.clone()));
            }
        }
        Ok(Some(started))
    }

    /// Looks a program up as Hydra does: MPI_Info's wdir is its working directory, path where it is looked for.
    fn find(&self, block: &SpawnBlock) -> anyhow::Result<Found> {
        let cwd = block.info("wdir").map(PathBuf::from);
        let start = cwd.as_deref().unwrap_or(Path::new(""));
        let dirs = block.info("path").map(OsString::as_os_str).or_else(|| self.env.get("PATH"));
        let in_dirs = || search_path(&block.program, dirs, start);
        // A path given by the user holds for names with slashes too, if it has them.
        let path = match block.info("path") {
            Some(dir) if Path::new(dir).join(&block.program).is_file() => Path::new(dir).join(&block.program),
            _ => in_dirs()?,
        };
        let args = std::iter::once(&block.program).chain(&block.args).map(|arg| CString::new(arg.as_bytes()));
        Ok(Found { path, args: args.collect::<Result<_, _>>()?, cwd })
    }

    /// Pipes for a process, and a PMI socket, whose number it is told.
    fn ends(&self) -> anyhow::Result<(Ends, RawFd)> {
        let ends = Ends::new(true, self.null.as_raw_fd()).context("no descriptors (ulimit -n limits them)")?;
        let pmi_fd = ends.pmi_fd.context("no PMI socket")?;
        Ok((ends, pmi_fd))
    }
}

/// What a spawned rank is told of itself.
fn place(spawn: &Spawn, rank: usize, local_rank: usize, pmi_fd: RawFd) -> Place {
    Place { rank, size: spawn.size, local_rank, local_size: spawn.ranks().count(), local_ranks: None, pmi_fd }
}
