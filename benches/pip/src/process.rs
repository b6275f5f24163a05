//! Workers that are processes: this program once more, with the board as its standard input.

use crate::board::map;
use crate::crew::pin;
use crate::worker::{Place, serve};
use anyhow::{Context, Result, bail, ensure};
use std::fs::File;
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};

/// The first argument of such a process; the seat, the core or a dash, and the parent's PID follow.
const WORKER: &str = "--worker";

/// Starts the worker of a seat, on one core if `core` says which.
pub fn start(board: &File, seat: usize, core: Option<usize>) -> Result<Child> {
    let program = std::env::current_exe().context("cannot find out the path of this program")?;
    let core = core.map_or("-".to_owned(), |core| core.to_string());
    Command::new(&program)
        .args([WORKER, &seat.to_string(), &core, &std::process::id().to_string()])
        .stdin(Stdio::from(board.try_clone().context("no shared memory")?))
        .spawn()
        .with_context(|| format!("cannot start {} as a process", program.display()))
}

/// True if this process is a worker, which has then served its crew.
pub fn serve_if_worker() -> bool {
    let arguments: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let [_, first, seat, core, parent] = arguments.as_slice() else { return false };
    if first != WORKER {
        return false;
    }
    if let Err(why) = serve_seat(seat, core, parent) {
        eprintln!("bench-pip: {why:#}.");
        std::process::exit(1);
    }
    true
}

fn serve_seat(seat: &str, core: &str, parent: &str) -> Result<()> {
    // SAFETY: makes system calls.
    let actual = unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::getppid()
    };
    if actual.to_string() != parent {
        bail!("{WORKER} is for the workers of a run, which has ended");
    }
    if core != "-" {
        pin(core.parse().context("a wrong core")?)?;
    }
    let seat = seat.parse().context("a wrong seat")?;
    ensure!(seat < crate::board::SEATS, "there is no seat {seat}");
    let file = File::from(std::io::stdin().as_fd().try_clone_to_owned().context("no board")?);
    serve(&Place { board: map(&file)? as usize, seat });
    Ok(())
}
