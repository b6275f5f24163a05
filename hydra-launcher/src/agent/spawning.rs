//! MPI_Comm_spawn: new ranks while the job runs, a process group of their own. They are ordinary processes, and MPICH carries what
//! goes between them and the others.

use super::Agent;
use super::launch::{self, Ends};
use super::process::Process;
use super::rank::Rank;
use crate::environment::{Environment, Place};
use crate::plan::Plan;
use crate::pmi::group::{GroupSpec, one_node};
use crate::pmi::server::{Action, spawn_result};
use crate::pmi::spawn::SpawnBlock;
use crate::stdio::pattern;
use anyhow::Context;
use pip_core::search_path;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What spawned ranks get from the job.
#[derive(Debug)]
pub struct Spawner {
    env: Environment,
    hostname: OsString,
    /// Names of stores begin with it.
    name: String,
    /// Groups spawned so far.
    groups: usize,
    /// Which of the job's hosts this is.
    node: usize,
    /// Whether this host is one of the job's.
    is_here: bool,
    null: OwnedFd,
}

/// Processes that have been started and their ends; killed if dropped.
#[derive(Default)]
struct Started(Vec<(Process, Ends, PathBuf)>);

impl Drop for Started {
    fn drop(&mut self) {
        for (process, ..) in &mut self.0 {
            process.kill_group();
            let _ = process.wait();
        }
    }
}

impl Spawner {
    /// For a job whose own store has this name.
    pub fn new(plan: &Plan, name: &str) -> anyhow::Result<Spawner> {
        let mut env = plan.env_of_spawned.clone();
        env.set("PMI_SPAWNED", "1");
        // Other ranks' memory is out of reach.
        env.set("PIP_MPI_SHIM", "off");
        let null = File::open("/dev/null").context("/dev/null cannot be opened")?.into();
        let hostname = plan.hostname.clone();
        let here = plan.placement.nodes().iter().position(|node| node.is_local);
        let (node, is_here) = (here.unwrap_or(0), here.is_some());
        Ok(Spawner { env, hostname, name: name.to_owned(), groups: 0, node, is_here, null })
    }

    /// The name of this host.
    pub fn hostname(&self) -> String {
        self.hostname.to_string_lossy().into_owned()
    }

    /// Starts all processes of a request, or none.
    fn start(&self, blocks: &[SpawnBlock]) -> anyhow::Result<Started> {
        anyhow::ensure!(self.is_here, "processes are spawned on the launcher's host, which is none of the job's hosts");
        let size = blocks.iter().map(|block| block.count).sum();
        let mut started = Started::default();
        for block in blocks {
            let found = self.find(block)?;
            for _ in 0..block.count {
                let rank = started.0.len();
                let (process, ends) = self.start_one(&found, rank, size, self.null.as_raw_fd())?;
                started.0.push((process, ends, found.path.clone()));
            }
        }
        Ok(started)
    }

    /// Looks a program up as Hydra does: MPI_Info's wdir is its working directory, path where it is looked for.
    fn find(&self, block: &SpawnBlock) -> anyhow::Result<Found> {
        for key in ["host", "hosts"] {
            if let Some(host) = block.info(key).filter(|host| !self.is_this(host)) {
                anyhow::bail!("host {} is not part of the job; leave the info key {key} out", host.display());
            }
        }
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

    fn is_this(&self, host: &OsStr) -> bool {
        [self.hostname.as_bytes(), b"localhost", b"127.0.0.1"].contains(&host.as_bytes())
    }

    fn start_one(&self, found: &Found, rank: usize, size: usize, stdin: RawFd) -> anyhow::Result<(Process, Ends)> {
        let ends = Ends::new(true, stdin).context("no descriptors (ulimit -n limits them)")?;
        let pmi_fd = ends.pmi_fd.context("no PMI socket")?;
        let env = self.env.of_task(Some(Place {
            rank,
            size,
            local_rank: rank,
            local_size: size,
            local_ranks: None,
            pmi_fd,
        }))?;
        let process = launch::start_process(&found.path, &found.args, &env, (found.cwd.as_deref(), None), &ends, true)
            .with_context(|| found.path.display().to_string())?;
        Ok((process, ends))
    }
}

/// A program to be spawned.
struct Found {
    path: PathBuf,
    args: Vec<CString>,
    cwd: Option<PathBuf>,
}

impl Agent {
    /// Serves a spawn request of a rank.
    pub(super) fn spawn(&mut self, parent: usize, blocks: &[SpawnBlock]) -> anyhow::Result<()> {
        let result = if self.ending { Err("the job is being ended".to_owned()) } else { self.try_spawn(blocks) };
        if let Err(error) = &result {
            let text = format!("{} cannot spawn: {error}", self.ranks[parent].name);
            self.say(&text);
        }
        let reply = spawn_result(result.as_ref().map(|_| ()).map_err(|_| "cannot_start"));
        let first = self.ranks.len() - result.unwrap_or(0);
        self.act(parent, Action::Reply(parent, reply))?;
        (first..self.ranks.len()).try_for_each(|index| self.watch_rank(index)).map_err(Into::into)
    }

    /// Starts and enlists a group; the number of its ranks, or a sentence.
    fn try_spawn(&mut self, blocks: &[SpawnBlock]) -> Result<usize, String> {
        let size: usize = blocks.iter().map(|block| block.count).sum();
        let appnums =
            blocks.iter().enumerate().flat_map(|(app, block)| std::iter::repeat_n(app, block.count)).collect();
        let number = self.spawner.groups + 1;
        let preput = blocks.iter().flat_map(|block| block.preput.iter().cloned()).collect();
        let kvsname = format!("{}_{number}", self.spawner.name);
        let spec = GroupSpec { kvsname, appnums, mapping: one_node(size), preput };
        launch::raise_descriptor_limit(self.ranks.len() + size);
        let mut started = self.spawner.start(blocks).map_err(|error| format!("{error:#}"))?;
        self.server.add_group(self.ranks.len(), spec).map_err(str::to_owned)?;
        self.spawner.groups = number;
        for (rank, (process, ends, program)) in std::mem::take(&mut started.0).into_iter().enumerate() {
            let name = format!("rank {rank} of spawned group {number}");
            let host = self.spawner.hostname();
            let writer = pattern::Writer { rank, host, node: self.spawner.node, group: number };
            self.outputs.iter_mut().for_each(|output| output.name_next(self.ranks.len(), writer.clone()));
            let ours = ends.keep(&mut self.outputs).map_err(|errno| errno.to_string())?;
            launch::enlist(
                Rank::new(process, ours, name, &program),
                &mut self.janitor,
                &mut self.traces,
                &mut self.ranks,
            );
            self.alive += 1;
        }
        Ok(size)
    }
}
