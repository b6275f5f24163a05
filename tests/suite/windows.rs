//! One-sided communication: each of `programs/windows`, which check themselves.

use crate::shim::add_program;
use pip_tests::cases::Cases;
use pip_tests::sources;

pub fn add(cases: &mut Cases) {
    for source in sources::all("windows").unwrap_or_default() {
        add_program(cases, "windows", &source);
    }
}
