//! The rounds: everything is measured once in each, what is compared next to each other.

use crate::report::{Section, median};
use anyhow::Result;
use bench_pip::crew::{Crew, Kind};
use bench_pip::order::Order;
use bench_pip::pip::Pip;
use bench_pip::starting::{COUNTS, Way, start_and_wait};
use bench_pip::worker::{NAMES, WORKERS};
use limits::Cores;
use pip_core::Mode;
use std::time::Instant;

/// The row of the limit in [`Sections::barrier`].
pub const LIMIT: &str = "two hand-offs (a cache line there and back)";

/// Barriers and hand-offs take turns, a thousand at a time: whoever takes a core away spoils one batch only.
const BATCHES: usize = 20;

/// What is measured.
pub struct Sections {
    /// Microseconds for each program.
    pub spawn: Section,
    /// Nanoseconds.
    pub barrier: Section,
    /// Nanoseconds.
    pub sharing: Section,
    /// Thousands a second, of all workers together.
    pub memory: Section,
}

impl Sections {
    /// Nothing measured yet.
    pub fn new() -> Sections {
        let spawn = &[
            "task, process",
            "task, thread",
            "posix_spawn",
            "fork+exec",
            "pthread",
            "ratio process",
            "ratio thread",
            "ratio fork+exec",
        ];
        let memory = &["tasks, process", "tasks, thread", "processes", "threads", "ratio process", "ratio thread"];
        Sections {
            spawn: Section::new("spawn+wait [us each]", spawn),
            barrier: Section::new("barrier of two [ns]", &["time", "ratio"]),
            sharing: Section::new("sharing [ns a call]", &["process", "thread"]),
            memory: Section::new("mmap+touch+munmap [1000/s]", memory),
        }
    }

    /// One round, in both modes; odd rounds begin with the other one.
    pub fn round(&mut self, round: usize, cores: Option<Cores>) -> Result<()> {
        let mut modes = [Mode::Process, Mode::Thread];
        modes.rotate_left(round % 2);
        for mode in modes {
            let pip = Pip::new(mode)?;
            self.spawn(&pip, mode, round)?;
            self.sharing(&pip, mode)?;
            if let Some(cores) = cores {
                self.barrier(&pip, mode, cores)?;
            }
            self.memory(&pip, mode)?;
            pip.finish()?;
        }
        Ok(())
    }

    fn spawn(&mut self, pip: &Pip, mode: Mode, round: usize) -> Result<()> {
        let task = (format!("task, {mode}"), Way::Task(pip));
        let rival = |name: &str, way| (name.to_owned(), way);
        for count in COUNTS {
            let mut ways = vec![
                task.clone(),
                rival("posix_spawn", Way::PosixSpawn),
                rival("fork+exec", Way::ForkExec),
                rival("pthread", Way::Pthread),
            ];
            ways.rotate_left(round % 4);
            // About as many starts for each count, but for the largest.
            let times = 30_usize.div_ceil(count);
            let mut found = Vec::new();
            for (name, way) in ways {
                let start = Instant::now();
                for _ in 0..times {
                    start_and_wait(way, count)?;
                }
                found.push((name, start.elapsed().as_secs_f64() * 1e6 / (times * count) as f64));
            }
            let row = format!("{count} at once");
            let time = |name: &str| found.iter().find(|(known, _)| known == name).map_or(f64::NAN, |(_, time)| *time);
            self.spawn.add(&row, &format!("ratio {mode}"), time("posix_spawn") / time(&task.0));
            self.spawn.add(&row, "ratio fork+exec", time("posix_spawn") / time("fork+exec"));
            for (name, time) in found {
                self.spawn.add(&row, &name, time);
            }
        }
        Ok(())
    }

    fn sharing(&mut self, pip: &Pip, mode: Mode) -> Result<()> {
        let mut crew = Crew::new(Kind::Tasks(pip), 1)?;
        let orders = [
            ("export (Rust)", Order::Export, 10_000),
            ("pip_import", Order::Import, 10_000),
            ("pip_named_export (the first 16)", Order::NamedExport, NAMES),
            ("pip_named_import", Order::NamedImport, 10_000),
        ];
        for (name, order, times) in orders {
            self.sharing.add(name, &mode.to_string(), crew.nanoseconds(order, times)?);
        }
        Ok(())
    }

    fn barrier(&mut self, pip: &Pip, mode: Mode, cores: Cores) -> Result<()> {
        let name = format!("pip_barrier, tasks ({mode} mode)");
        let mut tasks = Crew::pair(Kind::Tasks(pip), cores)?;
        let (mut limits, mut barriers) = (Vec::new(), Vec::new());
        for _ in 0..BATCHES {
            limits.push(tasks.nanoseconds(Order::RoundTrip, 1000)?);
            barriers.push(tasks.nanoseconds(Order::Barrier, 1000)?);
        }
        drop(tasks);
        let (Some(limit), Some(barrier)) = (median(&limits), median(&barriers)) else { return Ok(()) };
        let mut threads = Crew::pair(Kind::Threads, cores)?;
        let pthread = threads.nanoseconds(Order::PthreadBarrier, 2_000)?;
        for (row, time) in [(LIMIT, limit), (&name, barrier), ("pthread_barrier, threads", pthread)] {
            self.barrier.add(row, "time", time);
            self.barrier.add(row, "ratio", time / limit);
        }
        Ok(())
    }

    fn memory(&mut self, pip: &Pip, mode: Mode) -> Result<()> {
        for workers in WORKERS {
            let rate = |kind| -> Result<f64> {
                let times = 320_usize.div_ceil(workers);
                let time = Crew::new(kind, workers)?.run(Order::Memory, times as u64)?;
                Ok((times * workers) as f64 / 1e3 / time.as_secs_f64())
            };
            let (tasks, processes, threads) = (rate(Kind::Tasks(pip))?, rate(Kind::Processes)?, rate(Kind::Threads)?);
            let rival = if mode == Mode::Thread { threads } else { processes };
            let row = format!("{workers} at once");
            self.memory.add(&row, &format!("tasks, {mode}"), tasks);
            self.memory.add(&row, "processes", processes);
            self.memory.add(&row, "threads", threads);
            self.memory.add(&row, &format!("ratio {mode}"), tasks / rival);
        }
        Ok(())
    }
}
