//! The tables, their footnotes, the failures, and the JSON file.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use limits::State;
use serde_json::{Value, json};

use crate::benchmarks::{Benchmark, Metric};
use crate::campaign::{Campaign, Results};
use crate::rivals::library::Library;
use crate::rivals::{PIP, Rival, STOCK};
use crate::stats::{Comparison, STATES, median};

/// Latencies below it have lost more than a twentieth to rounding, in microseconds.
const COARSE_US: f64 = 0.1;

/// `8 B`, `64 KiB`, `4 MiB`.
fn size(bytes: usize) -> String {
    match bytes {
        _ if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes >= 1 << 10 && bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} B"),
    }
}

/// Three significant digits, but whole numbers from 100 on.
fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 99.95 => format!("{value:.0}"),
        v if v >= 9.995 => format!("{value:.1}"),
        v if v >= 0.0995 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn cell(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), number)
}

/// Everything for people: who was measured, a table per state, footnotes, failures.
pub fn text(lines: &[Comparison], results: &Results, campaign: &Campaign) -> String {
    let mut text = rivals(campaign);
    for state in STATES {
        let lines: Vec<&Comparison> =
            lines.iter().filter(|line| line.state == state && line.over_stock.is_some()).collect();
        if !lines.is_empty() {
            text += &format!("\n{}\n{}\n", heading(state, results), table(&lines, campaign));
        }
    }
    text += &format!("\n{}", footnotes(lines, results, campaign));
    text + &failures(results, campaign)
}

/// The libraries that were measured: each with what it called itself.
fn rivals(campaign: &Campaign) -> String {
    let line = |rival: &Rival| {
        let library = rival.library.as_ref().map_or_else(String::new, Library::short);
        format!("{:<16}{:<34}{library}\n", rival.name, rival.title)
    };
    campaign.rivals.iter().map(line).collect()
}

/// `near: a cache line there and back in 62 ns (130 runs)`
fn heading(state: State, results: &Results) -> String {
    let runs = || results.runs.iter().filter(|run| run.state == state);
    let round_trips: Vec<f64> = runs().flat_map(|run| run.round_trip_ns).collect();
    let round_trip = cell(median(&round_trips));
    format!("{}: a cache line there and back in {round_trip} ns ({} runs)", state.name(), runs().count())
}

/// The table of one state. The best rival has columns only where there is a choice.
fn table(lines: &[&Comparison], campaign: &Campaign) -> String {
    let choice = campaign.rivals.len() > 2;
    let mut table = Table::new();
    table.load_preset(NOTHING);
    let mut heading = vec!["benchmark", "size", "unit", "stock", "PiP", "ratio"];
    if choice {
        heading.extend(["best", "by", "ratio"]);
    }
    heading.extend(["hand-off", "1 core", "2 cores", "runs"]);
    table.set_header(&heading);
    for line in lines {
        let mut row = vec![line.benchmark.to_owned(), size(line.bytes), line.metric.unit().to_owned()];
        row.extend([cell(line.medians[STOCK]), cell(line.medians[PIP]), ratio(line.over_stock)]);
        let mut runs = format!("{}/{}", line.runs[STOCK], line.runs[PIP]);
        if choice {
            let name = line.best.map_or("-", |best| campaign.rivals[best.rival].name);
            let mark = if line.best.is_some_and(|best| !best.of_all) { "*" } else { "" };
            row.extend([cell(line.best.map(|best| best.median)), format!("{name}{mark}")]);
            row.push(ratio(line.best.map(|best| best.over_best)));
            runs += &line.best.map_or_else(String::new, |best| format!("/{}", line.runs[best.rival]));
        }
        row.extend([line.limits.hand_off, line.limits.one_core, line.limits.two_cores].map(cell));
        row.push(runs);
        table.add_row(row);
    }
    for (column, heading) in table.column_iter_mut().zip(heading) {
        column.set_padding(if heading == "benchmark" { (0, 0) } else { (2, 0) });
        if heading != "benchmark" && heading != "by" {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

fn ratio(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |value| format!("{} x", number(value)))
}

/// What the columns mean, and what the machine did meanwhile.
fn footnotes(lines: &[Comparison], results: &Results, campaign: &Campaign) -> String {
    let mut text = "ratio: how many times better PiP is, by the medians of runs in the same state of the machine (runs: how many).\n\
        hand-off: one cache line from core to core. 1 core, 2 cores: copying a message unchanged since the last copy, by one\n\
        core or both, at its fastest (osu_bibw: or each core its own). A message of 16 KiB or more cannot be faster.\n"
        .to_owned();
    if campaign.rivals.len() > 2 {
        text += "best: the best rival, stock included, with at least half as many runs in the state as PiP.\n";
    }
    if lines.iter().any(|line| line.over_stock.is_some() && line.best.is_some_and(|best| !best.of_all)) {
        text += "*: not every rival had as many, or has the benchmark; more --seconds may give them.\n";
    }
    let short = |line: &Comparison| {
        line.metric == Metric::LatencyUs && line.medians.iter().flatten().any(|&median| median < COARSE_US)
    };
    if lines.iter().any(short) {
        text += "Benchmarks print hundredths of a microsecond: ratios of latencies below 0.1 us are that coarse.\n";
    }
    let missing = not_compared(lines, campaign.benchmarks);
    if !missing.is_empty() {
        text += &format!("No state with runs of both stock and PiP, more --seconds may give one: {missing}.\n");
    }
    let count = |state| results.runs.iter().filter(|run| run.state == state).count();
    let parts = [State::Near, State::Middle, State::Far, State::Mixed]
        .map(|state| format!("{} {}", count(state), state.name()));
    text += &format!("{} runs in {} rounds: {} (dropped).\n", results.runs.len(), results.rounds, parts.join(", "));
    text
}

/// `osu_bw 64 KiB, 1 MiB; NetPIPE 8 B`: what has no ratio to stock in any state.
fn not_compared(lines: &[Comparison], benchmarks: &[Benchmark]) -> String {
    let mut sizes: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, bytes) in benchmarks.iter().flat_map(|test| test.sizes.iter().map(|&bytes| (test.name, bytes))) {
        let found = |line: &Comparison| line.benchmark == name && line.bytes == bytes && line.over_stock.is_some();
        if lines.iter().any(found) {
            continue;
        }
        match sizes.last_mut() {
            Some((last, sizes)) if *last == name => sizes.push(size(bytes)),
            _ => sizes.push((name, vec![size(bytes)])),
        }
    }
    let words: Vec<String> = sizes.iter().map(|(name, sizes)| format!("{name} {}", sizes.join(", "))).collect();
    words.join("; ")
}

/// Every distinct failure once, with all that the run said on standard error.
fn failures(results: &Results, campaign: &Campaign) -> String {
    let mut text = String::new();
    for (index, failure) in results.failures.iter().enumerate() {
        let same = |other: &&crate::campaign::Failed| {
            (other.benchmark, other.rival, &other.trouble) == (failure.benchmark, failure.rival, &failure.trouble)
        };
        if results.failures[..index].iter().any(|other| same(&other)) {
            continue;
        }
        let times = results.failures.iter().filter(same).count();
        let (name, rival) = (campaign.benchmarks[failure.benchmark].name, campaign.rivals[failure.rival].name);
        text += &format!(
            "\nFAILED: {name} under {rival}, {times} x: {}\n  command: {}\n",
            failure.trouble, failure.command
        );
        match failure.stderr.trim_end() {
            "" => text += "  standard error: empty\n",
            said => text.extend(said.lines().map(|line| format!("  | {line}\n"))),
        }
    }
    text
}

/// Everything, for machines.
pub fn to_json(lines: &[Comparison], results: &Results, campaign: &Campaign) -> Value {
    let benchmark = |test: &Benchmark| json!({ "name": test.name, "program": test.program.name(), "arguments": test.arguments, "metric": test.metric, "sizes": test.sizes });
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "seed": campaign.seed,
        "cores": campaign.cores,
        "rivals": campaign.rivals,
        "benchmarks": campaign.benchmarks.iter().map(benchmark).collect::<Vec<_>>(),
        "table": lines,
        "results": results,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_ratio_is_listed_by_benchmark() {
        let tests: Vec<Benchmark> =
            crate::benchmarks::table().into_iter().filter(|test| test.name == "osu_bw").collect();
        assert_eq!(not_compared(&[], &tests), "osu_bw 64 KiB, 256 KiB, 1 MiB, 4 MiB");
        assert_eq!(not_compared(&[], &[]), "");
    }

    #[test]
    fn sizes_and_numbers_are_short() {
        assert_eq!([8, 1024, 65_536, 1 << 22, 1025].map(size), ["8 B", "1 KiB", "64 KiB", "4 MiB", "1025 B"]);
        assert_eq!(
            [0.0312, 0.141, 1.0, 9.999, 68.94, 99.96, 297.4].map(number),
            ["0.031", "0.14", "1.00", "10.0", "68.9", "100", "297"]
        );
        assert_eq!(cell(None), "-");
    }
}
