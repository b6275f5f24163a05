//! 1 to 16 workers at once that map, touch and unmap 64 pages: tasks, which share one address space, beside processes, which do
//! not, and threads, which do. The throughput is that of all together.

#![allow(missing_docs, reason = "a program")]

mod common;

use bench_pip::crew::{Crew, Kind};
use bench_pip::or_exit;
use bench_pip::order::Order;
use bench_pip::pip::Pip;
use bench_pip::worker::WORKERS;
use criterion::{BenchmarkId, Criterion, Throughput};
use pip_core::Mode;

fn main() {
    common::main(|criterion| {
        for mode in [Mode::Process, Mode::Thread] {
            let pip = Pip::new(mode)?;
            measure(criterion, &format!("tasks ({mode} mode)"), Kind::Tasks(&pip))?;
            pip.finish()?;
        }
        measure(criterion, "processes", Kind::Processes)?;
        measure(criterion, "threads", Kind::Threads)
    });
}

fn measure(criterion: &mut Criterion, name: &str, kind: Kind) -> anyhow::Result<()> {
    let mut group = criterion.benchmark_group("mmap, touch, munmap");
    for workers in WORKERS {
        let mut crew = Crew::new(kind, workers)?;
        group.throughput(Throughput::Elements(workers as u64));
        group.bench_function(BenchmarkId::new(name, workers), |bencher| {
            bencher.iter_custom(|times| or_exit(crew.run(Order::Memory, times)));
        });
    }
    group.finish();
    Ok(())
}
