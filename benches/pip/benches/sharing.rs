//! One call of export and import, plain and named, in a task that runs alone.

#![allow(missing_docs, reason = "a program")]

mod common;

use bench_pip::crew::{Crew, Kind};
use bench_pip::or_exit;
use bench_pip::order::Order;
use bench_pip::pip::Pip;
use bench_pip::worker::NAMES;
use criterion::Criterion;
use pip_core::Mode;
use std::time::Duration;

fn main() {
    common::main(|criterion| {
        for mode in [Mode::Process, Mode::Thread] {
            let pip = Pip::new(mode)?;
            measure(criterion, mode, &pip)?;
            pip.finish()?;
        }
        Ok(())
    });
}

fn measure(criterion: &mut Criterion, mode: Mode, pip: &Pip) -> anyhow::Result<()> {
    let mut group = criterion.benchmark_group(format!("sharing ({mode} mode)"));
    let mut crew = Crew::new(Kind::Tasks(pip), 1)?;
    for (name, order) in
        [("export", Order::Export), ("pip_import", Order::Import), ("pip_named_import", Order::NamedImport)]
    {
        group.bench_function(name, |bencher| bencher.iter_custom(|times| or_exit(crew.run(order, times))));
    }
    group.bench_function("pip_named_export", |bencher| bencher.iter_custom(|times| or_exit(named_exports(pip, times))));
    group.finish();
    Ok(())
}

/// A task can export a name once, and searches all it has: a new task for every few names.
fn named_exports(pip: &Pip, times: u64) -> anyhow::Result<Duration> {
    let mut sum = Duration::ZERO;
    for first in (0..times).step_by(NAMES as usize) {
        sum += Crew::new(Kind::Tasks(pip), 1)?.run(Order::NamedExport, NAMES.min(times - first))?;
    }
    Ok(sum)
}
