//! The tables on the terminal.

use super::measures::{call_name, what};
use super::participants::ALL;
use super::pictures::size;
use super::samples::{Measure, Samples};
use crate::report::number;
use bench_pip::cycles;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

/// All tables of what was measured.
pub fn tables(samples: &Samples) -> Vec<String> {
    let ns = 1.0 / cycles::per_nanosecond();
    let sides = [what::BOTH, what::OWNER, what::PEER, what::GIVEN_BACK];
    let touch = [
        (what::MAPPED, ns, "mapped [ns/page]"),
        (what::READ, ns, "first read [ns/page]"),
        (what::READ, 1.0, "[cycles/page]"),
        (what::READ_FAULTS, 1.0, "faults"),
        (what::AGAIN, ns, "second read [ns/page]"),
        (what::WRITE, ns, "first write [ns/page]"),
        (what::WRITE, 1.0, "[cycles/page]"),
        (what::WRITE_FAULTS, 1.0, "faults"),
    ];
    let switches = [
        (what::FUTEX, ns, "futex [ns]"),
        (what::FUTEX, 1.0, "futex [cycles]"),
        (what::YIELD, ns, "sched_yield [ns]"),
        (what::SWITCHES, 1.0, "switches"),
        (what::CHANGES, 1.0, "page-table changes"),
    ];
    let first = |measure| samples.points(measure).first().copied().unwrap_or(0);
    vec![
        by_point(samples, Measure::SetUp, "set-up [cycles]", &sides, size),
        calls(samples),
        by_column(samples, Measure::FirstTouch, first(Measure::FirstTouch), "first touch by the peer", &touch),
        by_point(samples, Measure::PageTables, "page tables [KiB]", &[what::GROWTH, what::TOTAL], |count| {
            count.to_string()
        }),
        by_point(samples, Measure::PageTables, "of participants", &[what::SPACES, what::FAULTS], |count| {
            count.to_string()
        }),
        by_column(samples, Measure::HandOver, first(Measure::HandOver), "one hand-over of a core", &switches),
        by_point(samples, Measure::HandOver, "and pages read [cycles]", &[what::FUTEX, what::TLB_MISSES], |pages| {
            pages.to_string()
        }),
    ]
}

/// A row for each kind of participants and what was measured, a column for each point.
fn by_point(samples: &Samples, measure: Measure, title: &str, whats: &[&str], text: fn(u64) -> String) -> String {
    let points = samples.points(measure);
    let header = [title.to_owned(), String::new()].into_iter().chain(points.iter().map(|point| text(*point)));
    let mut rows = Vec::new();
    for who in samples.participants(measure) {
        for what in whats {
            let values = points.iter().map(|at| cell(samples, measure, who, what, *at, 1.0));
            let what = what.split(" [").next().unwrap_or(what).to_owned();
            rows.push([ALL[who].name.to_owned(), what].into_iter().chain(values).collect());
        }
    }
    table(header.collect(), rows, 2)
}

/// A row for each kind of participants, a column for each thing that was measured at one point.
fn by_column(samples: &Samples, measure: Measure, at: u64, title: &str, columns: &[(&str, f64, &str)]) -> String {
    let header = [title.to_owned()].into_iter().chain(columns.iter().map(|(_, _, name)| (*name).to_owned()));
    let row = |who: usize| {
        let values = columns.iter().map(|(what, factor, _)| cell(samples, measure, who, what, at, *factor));
        [ALL[who].name.to_owned()].into_iter().chain(values).collect()
    };
    table(header.collect(), samples.participants(measure).into_iter().map(row).collect(), 1)
}

/// Each call of the set-up.
fn calls(samples: &Samples) -> String {
    let points = samples.points(Measure::SetUp);
    let header = ["call by call [cycles]".to_owned(), String::new()];
    let header = header.into_iter().chain(points.iter().map(|point| size(*point))).collect();
    let mut rows = Vec::new();
    for who in samples.participants(Measure::SetUp) {
        let calls = ALL[who].way.calls();
        for (side, calls) in [("owner", calls.share), ("peer", calls.obtain)] {
            for call in calls {
                let key = call_name(side, *call);
                let values = points.iter().map(|at| cell(samples, Measure::SetUp, who, &key, *at, 1.0));
                let name = format!("{side}: {}", call.name());
                rows.push([ALL[who].name.to_owned(), name].into_iter().chain(values).collect());
            }
        }
    }
    table(header, rows, 2)
}

fn cell(samples: &Samples, measure: Measure, who: usize, what: &str, at: u64, factor: f64) -> String {
    let summary = samples.summary(measure, who, what, at);
    summary.map_or("-".to_owned(), |summary| match summary.median * factor {
        whole if whole.fract() == 0.0 => format!("{whole:.0}"),
        value => number(value),
    })
}

fn table(header: Vec<String>, rows: Vec<Vec<String>>, names: usize) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(header).add_rows(rows);
    for column in table.column_iter_mut().skip(names) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}
