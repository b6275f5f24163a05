//! Typed arrays between a root and its tasks: lent, frozen, atomic, and held beyond the exporter's end. `test-root sharing-task
//! ROLE` is the tasks' side.

use anyhow::{Context, Result, bail, ensure};
use pip_core::current::current;
use pip_core::registry::State;
use pip_core::sharing::{Peer, Sharing, SharingError};
use pip_core::{Error, Mode, Program, Root, SpawnOptions, Task};
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A multiple of [`SEEN_EVERY`].
const ROUNDS: u64 = 4000;
/// After so many rounds the simulation waits for the analysis, else it is often through before that has begun.
const SEEN_EVERY: u64 = 10;
const FIELD: usize = 8192;
const PAGES: usize = 300;

static SEEN: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];
static COUNTERS: [AtomicI64; 2] = [AtomicI64::new(0), AtomicI64::new(0)];
static OWN: [AtomicU32; 1] = [AtomicU32::new(0)];

pub fn scenario(name: &str, mode: Mode) -> Result<()> {
    let root = Root::with_mode(8, mode)?;
    match name {
        "lending" => lending(&root),
        "holding" => holding(&root),
        "killed_readers" => killed_readers(&root),
        "wrong_types" => wrong_types(&root),
        "atomics" => atomics(&root),
        other => bail!("{other:?} is no sharing scenario"),
    }
}

pub fn task(role: &str) -> Result<()> {
    let sharing = current().context("not a task")?.sharing();
    match role {
        "simulate" => simulate(&sharing),
        "analyse" => analyse(&sharing, 0),
        "freeze" => {
            sharing.freeze("pages", pages())?;
            until(|| Ok(sharing.try_import_atomics::<AtomicU64>(Peer::Root, "go")?.is_some()))
        }
        "read" => {
            let _read = sharing.import::<u64>(Peer::Root, "field")?;
            sharing.share_atomics("reading", &SEEN)?;
            asleep()
        }
        "hold" => {
            let _held = sharing.import::<u64>(Peer::Task(0), "pages")?;
            sharing.share_atomics("reading", &SEEN)?;
            asleep()
        }
        "count" => count(&sharing),
        other => bail!("{other:?} is no role"),
    }
}

/// What is in the array that outlives its exporter.
fn pages() -> &'static [u64] {
    Vec::leak((0..PAGES as u64 * 512).map(|i| i * 3).collect())
}

pub fn asleep() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(60));
    }
}

/// Waits until `condition` holds; an error after long.
pub fn until(condition: impl Fn() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !condition()? {
        ensure!(start.elapsed() < Duration::from_secs(60), "waited for a minute");
        std::thread::yield_now();
    }
    Ok(())
}

fn start(root: &Root, role: &str, id: usize) -> Result<Task> {
    start_role(root, "sharing-task", role, id)
}

/// This program as task `id`, in a role of that kind.
pub fn start_role(root: &Root, kind: &str, role: &str, id: usize) -> Result<Task> {
    let program = Program::open(&std::env::current_exe()?)?;
    let options = SpawnOptions { id: Some(id), ..super::options(&["test-root", kind, role])? };
    Ok(root.spawn(&program, &options)?)
}

pub fn end(task: &mut Task) -> Result<()> {
    let status = task.wait()?;
    ensure!(status.success(), "task {}: {status}", task.id());
    Ok(())
}

/// A simulation, an analysis in another task, and one in the root.
fn lending(root: &Root) -> Result<()> {
    root.sharing().share_atomics("seen", &SEEN)?;
    let (mut simulation, mut analysis) = (start(root, "simulate", 0)?, start(root, "analyse", 1)?);
    analyse(&root.sharing(), 1)?;
    end(&mut analysis)?;
    end(&mut simulation)
}

fn simulate(sharing: &Sharing) -> Result<()> {
    let seen = sharing.import_atomics::<AtomicU64>(Peer::Root, "seen")?;
    let mut field = vec![0.0; FIELD];
    sharing.phase(|phase| -> Result<()> {
        let mut field = &mut field[..];
        for round in 1..=ROUNDS {
            field.fill(round as f64);
            let lent = phase.lend("field", field)?;
            if round % SEEN_EVERY == 0 {
                until(|| Ok(seen.iter().all(|seen| seen.load(Ordering::Acquire) >= round)))?;
            }
            ensure!(lent[FIELD / 2] == round as f64, "somebody wrote what was lent");
            field = lent.take_back();
            // Nobody may see this.
            field[FIELD / 3] = -1.0;
        }
        Ok(())
    })
}

fn analyse(sharing: &Sharing, index: usize) -> Result<()> {
    let seen = sharing.import_atomics::<AtomicU64>(Peer::Root, "seen")?;
    let mut last = 0;
    while last < ROUNDS {
        let field = sharing.import::<f64>(Peer::Task(0), "field")?;
        let round = field[0];
        ensure!(field.len() == FIELD, "{} elements", field.len());
        ensure!(field.iter().all(|value| *value == round), "round {round} is torn");
        ensure!(round as u64 >= last, "round {round} after {last}");
        last = round as u64;
        drop(field);
        seen[index].store(last, Ordering::Release);
    }
    Ok(())
}

/// What was imported stays readable after the exporter's end and wait, and goes with the last import.
fn holding(root: &Root) -> Result<()> {
    let sharing = root.sharing();
    let state = || root.registry().entry(0).map(pip_core::registry::Entry::state);
    for killed in [true, false] {
        let mut exporter = start(root, "freeze", 0)?;
        let held = sharing.import::<u64>(Peer::Task(0), "pages")?;
        let again = sharing.import::<u64>(Peer::Task(0), "pages")?;
        if killed {
            exporter.kill(libc::SIGKILL)?;
            until(|| Ok(exporter.has_ended()?))?;
            let late = sharing.import::<u64>(Peer::Task(0), "pages").map(drop);
            ensure!(matches!(late, Err(SharingError::Cancelled { .. })), "imported from a killed task: {late:?}");
            exporter.wait()?;
        } else {
            sharing.share_atomics("go", &SEEN)?;
            end(&mut exporter)?;
        }
        let late = sharing.try_import::<u64>(Peer::Task(0), "pages").map(drop);
        ensure!(matches!(late, Err(SharingError::Cancelled { .. })), "imported from an ended task: {late:?}");
        drop(again);
        ensure!(state() == Some(State::Held), "{:?}", state());
        let wrong = held.iter().enumerate().find(|(i, value)| **value != *i as u64 * 3);
        ensure!(held.len() == PAGES * 512 && wrong.is_none(), "{wrong:?} of {}", held.len());
        let taken = start(root, "freeze", 0);
        ensure!(
            matches!(taken.as_ref().map_err(|e| e.downcast_ref()), Err(Some(Error::TaskId(0, _)))),
            "the id of held memory was given away: {taken:?}"
        );
        ensure!(is_mapped(&held[PAGES * 256]), "not mapped");
        let middle = &raw const held[PAGES * 256];
        drop(held);
        ensure!(!is_mapped(middle), "still mapped after the last import was dropped");
        ensure!(state() == Some(State::Ended), "{:?}", state());
    }
    root.finish()?;
    Ok(())
}

fn is_mapped(address: *const u64) -> bool {
    let mut residency = 0u8;
    let page = address as usize & !4095;
    // SAFETY: asks about one page and writes one byte.
    unsafe { libc::mincore(page as *mut _, 4096, &mut residency) == 0 }
}

/// Nobody waits for readers that were killed, and what they held is never unmapped.
fn killed_readers(root: &Root) -> Result<()> {
    let sharing = root.sharing();
    let mut field = vec![1u64; 100];
    let result = sharing.phase(|phase| -> Result<()> {
        let lent = phase.lend("field", &mut field)?;
        let mut reader = start(root, "read", 3)?;
        sharing.import_atomics::<AtomicU64>(Peer::Task(3), "reading")?;
        reader.kill(libc::SIGKILL)?;
        lent.take_back().fill(2);
        reader.wait()?;
        Ok(())
    });
    result?;
    ensure!(field == [2; 100], "not taken back");
    let (mut exporter, mut holder) = (start(root, "freeze", 0)?, start(root, "hold", 1)?);
    sharing.import_atomics::<AtomicU64>(Peer::Task(1), "reading")?;
    let first = &raw const sharing.import::<u64>(Peer::Task(0), "pages")?[0];
    for task in [&mut holder, &mut exporter] {
        task.kill(libc::SIGKILL)?;
        task.wait()?;
    }
    ensure!(root.registry().entry(0).is_some_and(|entry| entry.state() == State::Held), "given away");
    ensure!(is_mapped(first), "unmapped under a hold");
    Ok(())
}

fn wrong_types(root: &Root) -> Result<()> {
    let sharing = root.sharing();
    let mut exporter = start(root, "freeze", 0)?;
    let error = sharing.import::<f64>(Peer::Task(0), "pages").err().context("u64 was taken for f64")?.to_string();
    let all = ["\"pages\"", "task 0", "u64 (8 bytes", "f64 (8 bytes"].iter().all(|part| error.contains(part));
    ensure!(all, "{error}");
    let size = sharing.import::<u32>(Peer::Task(0), "pages").map(drop);
    ensure!(matches!(size, Err(SharingError::WrongType { .. })), "{size:?}");
    let kind = sharing.import_atomics::<AtomicU64>(Peer::Task(0), "pages").map(drop);
    ensure!(matches!(kind, Err(SharingError::WrongType { .. })), "{kind:?}");
    ensure!(sharing.import::<u64>(Peer::Task(0), "pages")?[2] == 6, "the right type");
    sharing.share_atomics("go", &SEEN)?;
    // An import that failed holds nothing.
    end(&mut exporter)?;
    ensure!(root.registry().entry(0).is_some_and(|entry| entry.state() == State::Ended), "held");
    Ok(())
}

/// All tasks add to the root's counters, and the root to theirs.
fn atomics(root: &Root) -> Result<()> {
    const TASKS: usize = 4;
    root.sharing().share_atomics("counters", &COUNTERS)?;
    let mut tasks = (0..TASKS).map(|id| start(root, "count", id)).collect::<Result<Vec<_>>>()?;
    for id in 0..TASKS {
        let own = root.sharing().import_atomics::<AtomicU32>(Peer::Task(id), "own")?;
        for _ in 0..10_000 {
            own[0].fetch_add(1, Ordering::Relaxed);
        }
    }
    tasks.iter_mut().try_for_each(end)?;
    let sums = COUNTERS.each_ref().map(|counter| counter.load(Ordering::Acquire));
    ensure!(sums == [40_000, -40_000], "{sums:?}");
    ensure!(OWN[0].load(Ordering::Relaxed) == 0, "the root added to its own copy");
    Ok(())
}

fn count(sharing: &Sharing) -> Result<()> {
    let shared = sharing.share_atomics("own", &OWN)?;
    let counters = sharing.import_atomics::<AtomicI64>(Peer::Root, "counters")?;
    for _ in 0..10_000 {
        counters[0].fetch_add(1, Ordering::Relaxed);
        counters[1].fetch_sub(1, Ordering::Relaxed);
    }
    until(|| Ok(shared[0].load(Ordering::Acquire) == 10_000))
}
