//! Starting spawned processes on this host, for the launcher and for agents. They are ordinary processes, and MPICH carries what
//! goes between them and the others.

use crate::agent::launch::{self, Ends};
use crate::agent::process::Process;
use crate::environment::{Environment, Place};
use crate::nodes::protocol::Spawn;
use crate::plan::Plan;
use crate::pmi::spawn::SpawnBlock;
use anyhow::Context;
use pip_core::search_path;
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
    pub fn new(plan: &Plan) -> anyhow::Result<Spawner> {
        let mut env = plan.env_of_spawned.clone();
        env.set("PMI_SPAWNED", "1");
        // Other ranks' memory is out of reach.
        env.set("PIP_MPI_SHIM", "off");
        let null = File::open("/dev/null").context("/dev/null cannot be opened")?.into();
        Ok(Spawner { env, null })
    }

    /// Starts all processes of this host, or none.
    pub fn start(&self, spawn: &Spawn) -> anyhow::Result<Started> {
        let mut started = Started::default();
        for part in &spawn.parts {
            let found = self.find(&part.block)?;
            for &rank in &part.ranks {
                let place = Place {
                    rank,
                    size: spawn.size,
                    local_rank: started.0.len(),
                    local_size: spawn.ranks().count(),
                    local_ranks: None,
                    pmi_fd: -1,
                };
                let (process, ends) = self.start_one(&found, place, self.null.as_raw_fd())?;
                started.0.push((process, ends, found.path.clone()));
            }
        }
        Ok(started)
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

    fn start_one(&self, found: &Found, place: Place, stdin: RawFd) -> anyhow::Result<(Process, Ends)> {
        let ends = Ends::new(true, stdin).context("no descriptors (ulimit -n limits them)")?;
        let pmi_fd = ends.pmi_fd.context("no PMI socket")?;
        let env = self.env.of_task(Some(Place { pmi_fd, ..place }))?;
        let process = launch::start_process(&found.path, &found.args, &env, (found.cwd.as_deref(), None), &ends, true)
            .with_context(|| found.path.display().to_string())?;
        Ok((process, ends))
    }
}
