//! Fields between a root and its tasks: every element of every step is what it should be, whoever is slow, killed or gone.
//! `test-root field-task ROLE` is the tasks' side.

use super::sharing::{asleep, end, start_role, until};
use anyhow::{Context, Result, bail, ensure};
use pip_core::current::current;
use pip_core::sharing::field::{FieldError, FieldReader, FieldWriter, Layout, Step};
use pip_core::sharing::{Peer, Sharing, SharingError};
use pip_core::{Mode, Root, Task};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const SHAPE: [usize; 2] = [30, 100];
/// Steps that each analysis must have seen before the simulation ends.
const SEEN: u64 = 300;
const LONG: Duration = Duration::from_secs(30);

/// Counts what the tasks have done; the root's is shared as "seen".
static COUNTS: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

pub fn scenario(name: &str, mode: Mode) -> Result<()> {
    let root = Root::with_mode(8, mode)?;
    root.sharing().share_atomics("seen", &COUNTS)?;
    match name {
        "steps" => steps(&root),
        "killed_readers" => killed_readers(&root),
        "killed_writer" => killed_writer(&root),
        "ended_writer" => ended_writer(&root),
        other => bail!("{other:?} is no scenario of fields"),
    }
}

pub fn task(role: &str) -> Result<()> {
    let sharing = current().context("not a task")?.sharing();
    let counts = sharing.import_atomics::<AtomicU64>(Peer::Root, "seen")?;
    match role {
        "simulate" => simulate(&sharing, |_| counts.iter().any(|count| count.load(Ordering::Acquire) < SEEN)),
        "simulate-100" => {
            simulate(&sharing, |step| step < 100)?;
            until(|| Ok(counts[0].load(Ordering::Acquire) > 0))
        }
        "simulate-for-ever" => simulate(&sharing, |_| true),
        "analyse" => analyse(&sharing, &counts[0]),
        "hold" => {
            let _held = attach(&sharing)?.next(1, LONG)?;
            counts[0].fetch_add(1, Ordering::Release);
            asleep()
        }
        other => bail!("{other:?} is no role"),
    }
}

fn start(root: &Root, role: &str, id: usize) -> Result<Task> {
    start_role(root, "field-task", role, id)
}

/// What an element of a step is.
fn value(step: u64, row: usize, column: usize) -> f64 {
    (step * 1_000_000 + (row * SHAPE[1] + column) as u64) as f64
}

/// A field with a border that readers do not see.
fn export(sharing: &Sharing, buffers: usize) -> Result<FieldWriter<f64>> {
    let bordered = Layout::dense(&[SHAPE[0] + 2, SHAPE[1] + 2])?;
    let inner = bordered.window(&[1..SHAPE[0] + 1, 1..SHAPE[1] + 1])?;
    Ok(sharing.export_field("field", &inner, buffers)?)
}

fn attach(sharing: &Sharing) -> Result<FieldReader<f64>> {
    Ok(sharing.attach_field(Peer::Task(0), "field", LONG)?)
}

/// Writes steps from 1 on as long as `more` says.
fn simulate(sharing: &Sharing, more: impl Fn(u64) -> bool) -> Result<()> {
    let mut field = export(sharing, 4)?;
    let rows = field.layout().clone();
    let mut step = 0;
    while more(step) {
        step += 1;
        let buffer = field.next_buffer();
        buffer.fill(f64::NAN);
        for row in 0..SHAPE[0] {
            let columns = buffer[rows.row(&[row])].iter_mut().enumerate();
            columns.for_each(|(column, x)| *x = value(step, row, column));
        }
        field.publish(step)?;
    }
    field.leave();
    Ok(())
}

fn check(step: &Step<f64>) -> Result<()> {
    for row in 0..SHAPE[0] {
        let wrong = step.row(&[row]).iter().enumerate().find(|(column, x)| **x != value(step.step(), row, *column));
        ensure!(wrong.is_none(), "step {}, row {row}: {wrong:?}", step.step());
    }
    Ok(())
}

/// The newest step from `next` on; None if the simulation has ended.
fn next_step(field: &FieldReader<f64>, next: u64) -> Result<Option<Step<f64>>> {
    loop {
        match field.next(next, LONG) {
            Ok(step) => return Ok(Some(step)),
            Err(FieldError::Ended(..)) => return Ok(None),
            // The other analysis has both places.
            Err(FieldError::Crowded(..)) => std::thread::yield_now(),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Checks steps until the simulation ends.
fn analyse(sharing: &Sharing, seen: &AtomicU64) -> Result<()> {
    let field = attach(sharing)?;
    let mut next = 1;
    loop {
        let Some(step) = next_step(&field, next)? else { return Ok(()) };
        check(&step)?;
        ensure!(step.step() >= next, "step {} instead of {next}", step.step());
        next = step.step() + 1;
        seen.fetch_add(1, Ordering::Release);
    }
}

/// A simulation, an analysis in another task, and a slow one in the root that holds two steps at a time.
fn steps(root: &Root) -> Result<()> {
    let (mut simulation, mut analysis) = (start(root, "simulate", 0)?, start(root, "analyse", 1)?);
    let field = attach(&root.sharing())?;
    let mut next = 1;
    while COUNTS[1].load(Ordering::Relaxed) < SEEN {
        let step = next_step(&field, next)?.context("the simulation ended too early")?;
        if next % 10 == 0 {
            field.wait(step.step() + 20, LONG)?;
        }
        check(&step)?;
        next = step.step() + 1;
        COUNTS[1].fetch_add(1, Ordering::Release);
    }
    end(&mut analysis)?;
    end(&mut simulation)
}

/// Readers that were killed with a step in their hands, more of them than there are places.
fn killed_readers(root: &Root) -> Result<()> {
    let mut simulation = start(root, "simulate", 0)?;
    for round in 1..=5 {
        let mut reader = start(root, "hold", 1)?;
        until(|| Ok(COUNTS[0].load(Ordering::Acquire) >= round))?;
        reader.kill(libc::SIGKILL)?;
        reader.wait()?;
    }
    let field = attach(&root.sharing())?;
    for _ in 0..SEEN {
        // Both places were left by the dead.
        let (one, two) = (field.next(1, LONG)?, field.next(1, LONG)?);
        field.wait(two.step() + 3, LONG)?;
        check(&one)?;
        check(&two)?;
    }
    COUNTS.iter().for_each(|count| count.store(SEEN, Ordering::Release));
    end(&mut simulation)
}

/// A writer that is killed while it writes: readers notice, and what they hold, or take afterwards, is whole.
fn killed_writer(root: &Root) -> Result<()> {
    let sharing = root.sharing();
    let mut simulation = start(root, "simulate-for-ever", 0)?;
    let field = attach(&sharing)?;
    let held = field.next(50, LONG)?;
    std::thread::scope(|scope| -> Result<()> {
        let waiting = scope.spawn(|| field.wait(u64::MAX, Duration::MAX));
        simulation.kill(libc::SIGKILL)?;
        let noticed = waiting.join().map_err(|_| anyhow::anyhow!("a panic"))?;
        ensure!(matches!(noticed, Err(FieldError::Ended(Peer::Task(0), ..))), "{noticed:?}");
        Ok(())
    })?;
    check(&held)?;
    let last = field.next(1, LONG)?;
    check(&last)?;
    let late = attach(&sharing).map(drop);
    let cancelled = |error: &anyhow::Error| {
        matches!(error.downcast_ref(), Some(FieldError::Sharing(SharingError::Cancelled { .. })))
    };
    ensure!(late.as_ref().is_err_and(cancelled), "attached to a dead task: {late:?}");
    simulation.wait()?;
    // Waited for, and still mapped.
    check(&held)?;
    check(&last)?;
    ensure!(field.reader().newest() == Some(last.step()), "not the last");
    Ok(())
}

fn ended_writer(root: &Root) -> Result<()> {
    let mut simulation = start(root, "simulate-100", 0)?;
    let field = root.sharing().attach_field::<f64>(root.sharing().field_exporter("field", LONG)?, "field", LONG)?;
    field.wait(100, LONG)?;
    COUNTS[0].store(1, Ordering::Release);
    let ended = field.wait(101, Duration::MAX);
    ensure!(matches!(ended, Err(FieldError::Ended(_, _, 101, Some(100)))), "{ended:?}");
    end(&mut simulation)?;
    let last = field.next(100, LONG)?;
    check(&last)
}
