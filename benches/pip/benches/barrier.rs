//! A barrier of two on two cores, beside what no barrier can beat: one cache line there and back.

#![allow(missing_docs, reason = "a program")]

mod common;

use bench_pip::crew::{Crew, Kind};
use bench_pip::or_exit;
use bench_pip::order::Order;
use bench_pip::pip::Pip;
use criterion::Criterion;
use limits::Cores;
use pip_core::Mode;

fn main() {
    common::main(|criterion| {
        let cores = match Cores::first_two() {
            Ok(cores) => cores,
            Err(why) => {
                eprintln!("barrier: {why}.");
                return Ok(());
            }
        };
        for mode in [Mode::Process, Mode::Thread] {
            let pip = Pip::new(mode)?;
            let mut crew = Crew::pair(Kind::Tasks(&pip), cores)?;
            measure(criterion, &format!("two hand-offs, tasks ({mode} mode)"), &mut crew, Order::RoundTrip);
            measure(criterion, &format!("pip_barrier, tasks ({mode} mode)"), &mut crew, Order::Barrier);
            drop(crew);
            pip.finish()?;
        }
        let mut crew = Crew::pair(Kind::Threads, cores)?;
        measure(criterion, "pip_barrier, threads", &mut crew, Order::Barrier);
        measure(criterion, "pthread_barrier, threads", &mut crew, Order::PthreadBarrier);
        Ok(())
    });
}

fn measure(criterion: &mut Criterion, name: &str, crew: &mut Crew, order: Order) {
    let mut group = criterion.benchmark_group("barrier");
    group.bench_function(name, |bencher| bencher.iter_custom(|times| or_exit(crew.run(order, times))));
    group.finish();
}
