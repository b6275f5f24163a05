//! The command-line tools: options, output, exit statuses, errors.

mod compiler;
mod exec;
mod install;
mod list;
mod small;

use pip_tests::cases::Cases;
use pip_tests::places;
use pip_tests::run::Run;

pub fn add(cases: &mut Cases) {
    exec::add(cases);
    list::add(cases);
    compiler::add(cases);
    small::add(cases);
    install::add(cases);
}

/// A tool of this build with the words of `args`, in process mode.
fn tool(name: &str, args: &str) -> Run {
    Run::new(places::built(name)).words(args).env("PIP_MODE", "process")
}
