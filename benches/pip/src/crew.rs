//! Workers that take orders together: tasks, processes or threads.

use crate::board::{Board, Seat, Shared, now, sleep_on, wake};
use crate::order::Order;
use crate::pip::Pip;
use crate::process;
use crate::segment::{Failure, Way};
use crate::worker::{Place, serve};
use anyhow::{Context, Result, ensure};
use pip_core::Task;
use std::io;
use std::process::Child;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

/// What the workers are.
#[derive(Debug, Clone, Copy)]
pub enum Kind<'a> {
    /// Tasks of this root.
    Tasks(&'a Pip),
    /// Processes of this program, started by fork and exec.
    Processes,
    /// Threads of this process.
    Threads,
}

/// Workers that wait for orders. Dropping it ends them.
#[derive(Debug)]
pub struct Crew {
    members: Vec<Member>,
    shared: Shared,
    _places: Vec<Place>,
}

#[derive(Debug)]
enum Member {
    Task(Task),
    Process(Child),
    Thread(JoinHandle<()>),
}

/// How long an order may take: the longest takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(60);

impl Crew {
    /// Starts `count` workers, where the scheduler puts them.
    pub fn new(kind: Kind, count: usize) -> Result<Crew> {
        Crew::with_cores(kind, &vec![None; count])
    }

    /// Starts two workers on a core each.
    pub fn pair(kind: Kind, cores: limits::Cores) -> Result<Crew> {
        Crew::with_cores(kind, &[Some(cores.0), Some(cores.1)])
    }

    /// Starts a worker for each element of `cores`, on that core if there is one.
    pub fn with_cores(kind: Kind, cores: &[Option<usize>]) -> Result<Crew> {
        let shared = Shared::new(cores.len())?;
        // Not moved any more from here on: workers know the places' addresses.
        let places: Vec<Place> = (0..cores.len()).map(|seat| Place { board: shared.address(), seat }).collect();
        let mut crew = Crew { members: Vec::new(), shared, _places: places };
        for (place, core) in crew._places.iter().zip(cores) {
            crew.members.push(Member::start(kind, place, *core, &crew.shared)?);
        }
        Ok(crew)
    }

    /// Lets all do `order` so many times each, and gives the time from the first's start to the last's end.
    pub fn run(&mut self, order: Order, times: u64) -> Result<Duration> {
        let board = self.shared.board();
        give(board, order, times);
        let deadline = now() + PATIENCE.as_nanos() as u64;
        loop {
            let done = board.done.load(Ordering::Acquire);
            if done as usize == self.members.len() {
                break;
            }
            for member in &mut self.members {
                ensure!(!member.has_ended(), "a worker ended in the middle of {order:?}");
            }
            ensure!(now() < deadline, "{order:?}, {times} times, took more than {} s", PATIENCE.as_secs());
            sleep_on(&board.done, done);
        }
        let seats = &board.seats[..self.members.len()];
        for (number, seat) in seats.iter().enumerate() {
            if let Some(failure) = Failure::take(&seat.failure) {
                let bytes = board.bytes.load(Ordering::Relaxed);
                return Err(failure.into_error(order, number, bytes));
            }
        }
        let start = seats.iter().map(|seat| seat.start.load(Ordering::Relaxed)).min().unwrap_or(0);
        let end = seats.iter().map(|seat| seat.end.load(Ordering::Relaxed)).max().unwrap_or(0);
        Ok(Duration::from_nanos(end - start))
    }

    /// What the orders that follow are about: memory of `bytes`, shared this way.
    pub fn set_segment(&mut self, way: Way, bytes: usize) {
        let board = self.shared.board();
        board.way.store(way as u32, Ordering::Relaxed);
        board.bytes.store(bytes as u64, Ordering::Relaxed);
    }

    /// How many pages are read after each hand-over that follows.
    pub fn set_pages(&mut self, pages: u64) {
        self.shared.board().pages.store(pages, Ordering::Relaxed);
    }

    /// The workers' places, with what they found out last; the first is the leader's.
    pub fn seats(&self) -> &[Seat] {
        &self.shared.board().seats[..self.members.len()]
    }

    /// As [`Crew::run`], in nanoseconds for each time.
    pub fn nanoseconds(&mut self, order: Order, times: u64) -> Result<f64> {
        Ok(self.run(order, times)?.as_nanos() as f64 / times as f64)
    }
}

fn give(board: &Board, order: Order, times: u64) {
    board.order.store(order as u32, Ordering::Relaxed);
    board.times.store(times, Ordering::Relaxed);
    board.done.store(0, Ordering::Relaxed);
    board.turn.0.store(0, Ordering::Relaxed);
    board.baton.0.store(0, Ordering::Relaxed);
    board.orders.fetch_add(1, Ordering::Release);
    wake(&board.orders);
}

impl Drop for Crew {
    fn drop(&mut self) {
        let board = self.shared.board();
        // Workers in the middle of an order that failed may wait for each other forever.
        let stuck = board.orders.load(Ordering::Relaxed) != 0
            && (board.done.load(Ordering::Acquire) as usize) < self.members.len();
        give(board, Order::End, 0);
        for member in self.members.drain(..) {
            member.end(stuck);
        }
    }
}

impl Member {
    fn start(kind: Kind, place: &Place, core: Option<usize>, shared: &Shared) -> Result<Member> {
        let (board, seat) = (place.board, place.seat);
        match kind {
            Kind::Tasks(pip) => Ok(Member::Task(pip.start_worker(place, core)?)),
            Kind::Processes => Ok(Member::Process(process::start(shared.file(), seat, core)?)),
            Kind::Threads => {
                let work = move || {
                    if let Some(Err(error)) = core.map(pin) {
                        eprintln!("bench-pip: {error:#}");
                        return;
                    }
                    serve(&Place { board, seat });
                };
                let thread = std::thread::Builder::new().spawn(work).context("cannot start a thread")?;
                Ok(Member::Thread(thread))
            }
        }
    }

    fn has_ended(&mut self) -> bool {
        match self {
            Member::Task(task) => task.has_ended().unwrap_or(true),
            Member::Process(child) => !matches!(child.try_wait(), Ok(None)),
            Member::Thread(thread) => thread.is_finished(),
        }
    }

    fn end(self, stuck: bool) {
        // Results do not matter: whatever is left ends with this process.
        match self {
            Member::Task(mut task) => {
                if stuck {
                    let _ = task.kill(libc::SIGKILL);
                }
                let _ = task.wait();
            }
            Member::Process(mut child) => {
                if stuck {
                    let _ = child.kill();
                }
                let _ = child.wait();
            }
            // A stuck thread cannot be ended; the board below it goes, so the process must not go on.
            Member::Thread(_) if stuck => {
                eprintln!("bench-pip: threads do not end; giving up");
                std::process::abort();
            }
            Member::Thread(thread) => drop(thread.join()),
        }
    }
}

/// Binds the calling thread to a core.
pub(crate) fn pin(core: usize) -> Result<()> {
    // SAFETY: all-zero is the empty set; CPU_SET checks the number.
    let result = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set)
    };
    ensure!(result == 0, "cannot pin a worker to core {core}: {}", io::Error::last_os_error());
    Ok(())
}
