//! What the criterion benches have in common: their `main` and their patience.

use bench_pip::{or_exit, worker};
use criterion::Criterion;
use std::time::Duration;

/// Serves, if this process is a worker of a bench, else measures.
pub fn main(measure: impl FnOnce(&mut Criterion) -> anyhow::Result<()>) {
    if worker::serve_if_worker() {
        return;
    }
    // Ten samples of a tenth of a second: all benches together take about a minute.
    let criterion = Criterion::default().without_plots().sample_size(10).measurement_time(Duration::from_secs(1));
    let mut criterion = criterion.warm_up_time(Duration::from_millis(200)).configure_from_args();
    or_exit(measure(&mut criterion));
    criterion.final_summary();
}
