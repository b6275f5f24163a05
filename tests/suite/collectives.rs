//! Collective communication: each of `programs/collectives`, most of which check themselves.

use crate::shim::add_program;
use pip_tests::cases::Cases;
use pip_tests::sources;

pub fn add(cases: &mut Cases) {
    for source in sources::all("collectives").unwrap_or_default() {
        add_program(cases, "collectives", &source);
    }
}
