//! Who takes part: the one table of how participants are started and how they share memory.

use anyhow::Result;
use bench_pip::crew::Kind;
use bench_pip::pip::Pip;
use bench_pip::segment::Way;
use bench_pip::xpmem::Xpmem;
use pip_core::Mode;

/// What participants are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Started {
    Tasks(Mode),
    Threads,
    Processes,
}

/// Participants of one kind that share memory in one way.
#[derive(Debug)]
pub struct Participants {
    /// For tables and figures.
    pub name: &'static str,
    /// How they share.
    pub way: Way,
    started: Started,
}

const fn row(name: &'static str, started: Started, way: Way) -> Participants {
    Participants { name, way, started }
}

/// All, in the order of tables and figures.
pub const ALL: [Participants; 7] = [
    row("PiP, process mode", Started::Tasks(Mode::Process), Way::Export),
    row("PiP, thread mode", Started::Tasks(Mode::Thread), Way::Export),
    row("threads", Started::Threads, Way::Store),
    row("XPMEM API on PiP", Started::Tasks(Mode::Process), Way::XpmemOfTasks),
    row("processes, POSIX shm", Started::Processes, Way::Shm),
    row("processes, shm populated", Started::Processes, Way::ShmPopulate),
    row("processes, XPMEM", Started::Processes, Way::XpmemDevice),
];

/// Why a row cannot be measured here.
pub fn unavailable(way: Way) -> Option<String> {
    match way {
        Way::XpmemDevice => Xpmem::of_device().err(),
        Way::XpmemOfTasks => Xpmem::of_tasks().err(),
        _ => None,
    }
    .map(|why| format!("{why:#}"))
}

/// Lets every kind of participants take its turn; each round begins with another.
pub fn each(round: usize, mut measure: impl FnMut(usize, Kind, Way) -> Result<()>) -> Result<()> {
    let tasks = [Mode::Process, Mode::Thread].map(Started::Tasks);
    let mut turns = [tasks[0], tasks[1], Started::Threads, Started::Processes];
    turns.rotate_left(round % 4);
    for started in turns {
        let pip = if let Started::Tasks(mode) = started { Some(Pip::new(mode)?) } else { None };
        let kind = match (&pip, started) {
            (Some(pip), _) => Kind::Tasks(pip),
            (None, Started::Threads) => Kind::Threads,
            (None, _) => Kind::Processes,
        };
        for (who, row) in ALL.iter().enumerate() {
            if row.started == started && unavailable(row.way).is_none() {
                measure(who, kind, row.way)?;
            }
        }
        if let Some(pip) = pip {
            pip.finish()?;
        }
    }
    Ok(())
}
