//! The integration tests. `cargo test --release -p pip-tests [FILTER]` runs those whose name contains FILTER.

mod bad_input;
mod benchmarks;
mod collectives;
mod compare;
mod conformance;
mod debugging;
mod faults;
mod generated;
mod insitu;
mod launcher;
mod loader;
mod nodes;
mod options;
mod oracle;
mod ordinary;
mod paper;
mod pmi;
mod report;
mod shim;
mod singleton;
mod spaces;
mod stencil;
mod streams;
mod suites;
mod tools;
mod windows;

use libtest_mimic::{Arguments, Conclusion, run};
use pip_tests::{cases::Cases, places, traces};
use std::process::ExitCode;

/// More at once would make ranks that wait for each other slow.
const MOST_AT_ONCE: usize = 2;

fn main() -> ExitCode {
    let mut args = Arguments::from_args();
    if let Err(error) = places::check() {
        eprintln!("pip-tests: {error}");
        return ExitCode::from(101);
    }
    let isolated = std::thread::spawn(traces::isolate).join().unwrap_or(false);
    let threads = if isolated { args.test_threads.unwrap_or(MOST_AT_ONCE).min(MOST_AT_ONCE) } else { 1 };
    args.test_threads = Some(threads);
    let conclusion = conclude(&args);
    places::leave();
    conclusion.exit_code()
}

fn conclude(args: &Arguments) -> Conclusion {
    let mut cases = Cases::default();
    loader::add(&mut cases);
    conformance::add(&mut cases);
    debugging::add(&mut cases);
    launcher::add(&mut cases);
    insitu::add(&mut cases);
    faults::add(&mut cases);
    streams::add(&mut cases);
    nodes::add(&mut cases);
    options::add(&mut cases);
    bad_input::add(&mut cases);
    pmi::add(&mut cases);
    singleton::add(&mut cases);
    ordinary::add(&mut cases);
    report::add(&mut cases);
    tools::add(&mut cases);
    shim::add(&mut cases);
    spaces::add(&mut cases);
    windows::add(&mut cases);
    collectives::add(&mut cases);
    oracle::add(&mut cases);
    generated::add(&mut cases);
    benchmarks::add(&mut cases);
    suites::add(&mut cases);
    stencil::add(&mut cases);
    paper::add(&mut cases);
    compare::add(&mut cases);
    run(args, cases.into_trials())
}
