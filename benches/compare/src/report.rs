//! The table, its footnotes, the failures, and the JSON file.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use limits::State;
use serde_json::{Value, json};

use crate::benchmarks::Benchmark;
use crate::campaign::{Campaign, Results};
use crate::stats::Comparison;

/// `8 B`, `64 KiB`, `4 MiB`.
pub fn size(bytes: usize) -> String {
    match bytes {
        _ if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes >= 1 << 10 && bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} B"),
    }
}

/// Three significant digits, but whole numbers from 100 on.
pub fn number(value: f64) -> String {
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

/// The one table.
pub fn table(lines: &[Comparison], campaign: &Campaign) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING);
    let names = || campaign.rivals.iter().map(|rival| rival.name.to_owned());
    let ratio_names: Vec<String> = match campaign.rivals {
        [_, _] => vec!["ratio".into()],
        rivals => rivals.iter().skip(1).map(|rival| format!("ratio {}", rival.name)).collect(),
    };
    let first = ["benchmark", "size", "unit"].map(String::from).into_iter();
    table.set_header(first.chain(names()).chain(ratio_names).chain(["limit", "state", "runs"].map(String::from)));
    for line in lines {
        let first = [line.benchmark.to_owned(), size(line.bytes), line.metric.unit().to_owned()].into_iter();
        let medians = line.medians.iter().map(|&value| cell(value));
        let ratios = line
            .ratios
            .iter()
            .skip(1)
            .map(|&ratio| ratio.map_or_else(|| "-".into(), |ratio| format!("{} x", number(ratio))));
        let runs: Vec<String> = line.runs.iter().map(usize::to_string).collect();
        let last = [cell(line.limit), line.state.map_or("-", State::name).to_owned(), runs.join("/")].into_iter();
        table.add_row(first.chain(medians).chain(ratios).chain(last));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}

/// What the columns mean, and what the machine did meanwhile.
pub fn footnotes(lines: &[Comparison], results: &Results, campaign: &Campaign) -> String {
    let mut text = format!(
        "ratio: how many times better than {}, by the medians of runs in the same state of the machine (runs: how many).\n\
         limit: below 16 KiB one cache line from core to core; else copying a message unchanged since the last copy, by one\n\
         core or both, whichever is faster, in the fastest round.\n",
        campaign.rivals[0].name
    );
    if lines.iter().any(|line| line.ratios.iter().any(Option::is_none)) {
        text += "-: no two runs in the same state, or no run worked; more --rounds may give one.\n";
    }
    let count = |state| results.runs.iter().filter(|run| run.state == state).count();
    let parts = [State::Near, State::Middle, State::Far, State::Mixed]
        .map(|state| format!("{} {}", count(state), state.name()));
    text += &format!("{} runs in {} rounds: {} (dropped).\n", results.runs.len(), results.rounds, parts.join(", "));
    text
}

/// Every distinct failure once, with all that the run said on standard error.
pub fn failures(results: &Results, campaign: &Campaign) -> String {
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
    let benchmark = |test: &Benchmark| json!({ "name": test.name, "program": test.program, "arguments": test.arguments, "metric": test.metric, "sizes": test.sizes });
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
    fn sizes_and_numbers_are_short() {
        assert_eq!([8, 1024, 65_536, 1 << 22, 1025].map(size), ["8 B", "1 KiB", "64 KiB", "4 MiB", "1025 B"]);
        assert_eq!(
            [0.0312, 0.141, 1.0, 9.999, 68.94, 99.96, 297.4].map(number),
            ["0.031", "0.14", "1.00", "10.0", "68.9", "100", "297"]
        );
        assert_eq!(cell(None), "-");
    }
}
