//! Starting 1, 15 and 100 at once and waiting for all: tasks in both modes, posix_spawn, fork and exec, threads.

#![allow(missing_docs, reason = "a program")]

mod common;

use bench_pip::or_exit;
use bench_pip::pip::Pip;
use bench_pip::starting::{COUNTS, Way, start_and_wait};
use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use pip_core::Mode;

fn main() {
    common::main(|criterion| {
        for mode in [Mode::Process, Mode::Thread] {
            let pip = Pip::new(mode)?;
            measure(criterion, &format!("task ({mode} mode)"), Way::Task(&pip));
            pip.finish()?;
        }
        measure(criterion, "posix_spawn", Way::PosixSpawn);
        measure(criterion, "fork and exec", Way::ForkExec);
        measure(criterion, "pthread", Way::Pthread);
        Ok(())
    });
}

fn measure(criterion: &mut Criterion, name: &str, way: Way) {
    let mut group = criterion.benchmark_group("spawn");
    // A hundred processes take longer than a linear series of samples would leave them.
    group.sampling_mode(SamplingMode::Flat);
    for count in COUNTS {
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new(name, count), |bencher| {
            bencher.iter(|| or_exit(start_and_wait(way, count)));
        });
    }
    group.finish();
}
