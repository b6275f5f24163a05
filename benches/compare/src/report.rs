//! The tables of the terminal, their footnotes, and the failures.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use limits::State;

use crate::benchmarks::Metric;
use crate::noise::{self, Noise};
use crate::ratio::Ratio;
use crate::record::Record;
use crate::rivals::library::Library;
use crate::rivals::{PIP, Rival, STOCK};
use crate::stats::Comparison;
use crate::text::{cell, interval, number, ratio, size, spread};

/// Latencies below it have lost more than a twentieth to rounding, in microseconds.
const COARSE_US: f64 = 0.1;

/// Everything for people: who was measured, a table per state, footnotes, failures.
pub fn text(record: &Record, lines: &[Comparison]) -> String {
    let mut text = rivals(record);
    for state in noise::states(record, lines) {
        let lines: Vec<&Comparison> = lines.iter().filter(|line| line.state == state).collect();
        text += &format!("\n{}\n{}\n", heading(state, record), table(&lines, record));
    }
    text += &format!("\n{}", footnotes(record, lines));
    text + &failures(record)
}

/// The libraries that were measured: each with what it called itself.
fn rivals(record: &Record) -> String {
    let line = |rival: &Rival| {
        let library = rival.library.as_ref().map_or_else(String::new, Library::short);
        format!("{:<16}{:<34} {library}\n", rival.name, rival.title)
    };
    record.rivals.iter().map(line).collect()
}

/// `near: a cache line there and back in 62 ns (130 runs)`
fn heading(state: State, record: &Record) -> String {
    let runs = record.results.runs.iter().filter(|run| run.state == state).count();
    format!(
        "{}: a cache line there and back in {} ns ({runs} runs)",
        state.name(),
        cell(noise::round_trip(record, state))
    )
}

/// The table of one state. The best rival has columns only where there is a choice.
fn table(lines: &[&Comparison], record: &Record) -> String {
    let choice = record.rivals.len() > 2;
    let mut table = Table::new();
    table.load_preset(NOTHING);
    let mut heading = vec!["benchmark", "size", "unit", "stock", "PiP", "ratio", "of 95 %"];
    if choice {
        heading.extend(["best", "by", "ratio", "of 95 %"]);
    }
    heading.extend(["hand-off", "1 core", "2 cores", "runs"]);
    table.set_header(&heading);
    for line in lines {
        let mut row = vec![line.benchmark.clone(), size(line.bytes), line.metric.unit().to_owned()];
        row.extend([spread(line.summaries[STOCK]), spread(line.summaries[PIP])]);
        row.extend([ratio(line.over_stock()), interval(line.over_stock())]);
        let runs = |rival: usize| line.summaries[rival].map_or(0, |summary| summary.count);
        let mut counts = format!("{}/{}", runs(STOCK), runs(PIP));
        if choice {
            let name = line.best.map_or("-", |best| &record.rivals[best.rival].name);
            let mark = if line.best.is_some_and(|best| !best.of_all) { "*" } else { "" };
            row.extend([spread(line.best.and_then(|best| line.summaries[best.rival])), format!("{name}{mark}")]);
            row.extend([
                line.over_best().map_or_else(|| "-".into(), ratio),
                line.over_best().map_or_else(|| "-".into(), interval),
            ]);
            counts += &line.best.map_or_else(String::new, |best| format!("/{}", runs(best.rival)));
        }
        row.extend([line.limits.hand_off, line.limits.one_core, line.limits.two_cores].map(cell));
        row.push(counts);
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

/// What the columns mean, and what the machine did meanwhile.
fn footnotes(record: &Record, lines: &[Comparison]) -> String {
    let mut text = "medians; ±: half of what lies between the quartiles. ratio: how many times better PiP is, the median of all pairs of runs in\n\
        the same state of the machine (runs: how many), with its interval of 95 % (Mann-Whitney). few: too few runs for one.\n\
        spread: the interval holds 1, so that the runs spread more than they differ.\n\
        hand-off: one cache line from core to core. 1 core, 2 cores: copying a message unchanged since the last copy, by one\n\
        core or both, at its fastest (osu_bibw: or each core its own). A message of 16 KiB or more cannot be faster.\n"
        .to_owned();
    if record.rivals.len() > 2 {
        text += "best: the best rival, stock included, with at least half as many runs in the state as PiP.\n";
    }
    if lines.iter().any(|line| line.best.is_some_and(|best| !best.of_all)) {
        text += "*: not every rival had as many, or has the benchmark; more --seconds may give them.\n";
    }
    let short = |line: &Comparison| {
        line.metric == Metric::LatencyUs && line.summaries.iter().flatten().any(|cell| cell.median < COARSE_US)
    };
    if lines.iter().any(short) {
        text += &format!(
            "Benchmarks print hundredths of a microsecond: ratios of latencies below {} us are that coarse.\n",
            number(COARSE_US)
        );
    }
    for missing in &record.missing {
        text += &format!("Not measured: {missing}.\n");
    }
    let few = without_ratio(record, lines);
    if !few.is_empty() {
        text += &format!("No state with enough runs of both stock and PiP, more --seconds may give one: {few}.\n");
    }
    let noise = Noise::of(record, lines).sentences();
    let ended =
        record.results.ended.as_ref().map_or_else(String::new, |why| format!(" (ended before its time: {why})"));
    text + &format!("{} rounds{ended}; {noise}\n", record.results.rounds)
}

/// `osu_bw 64 KiB, 1 MiB; NetPIPE 8 B`: what was measured too rarely for a ratio to stock in any state.
pub fn without_ratio(record: &Record, lines: &[Comparison]) -> String {
    let mut sizes: Vec<(&str, Vec<String>)> = Vec::new();
    let points = record.benchmarks.iter().flat_map(|test| test.sizes.iter().map(|&bytes| (test.name.as_str(), bytes)));
    for (name, bytes) in points {
        let enough = |line: &Comparison| {
            line.benchmark == name && line.bytes == bytes && !matches!(line.over_stock(), Ratio::TooFew { .. })
        };
        if lines.iter().any(enough) {
            continue;
        }
        match sizes.last_mut() {
            Some((last, sizes)) if *last == name => sizes.push(size(bytes)),
            _ => sizes.push((name, vec![size(bytes)])),
        }
    }
    let words: Vec<String> =
        sizes.iter().map(|(name, sizes)| format!("{name} {}", sizes.join(", ")).replace(" -", "")).collect();
    words.join("; ")
}

/// Every distinct failure once, with all that the run said on standard error.
fn failures(record: &Record) -> String {
    let (mut text, results) = (String::new(), &record.results);
    for (index, failure) in results.failures.iter().enumerate() {
        let same = |other: &&crate::campaign::Failed| {
            (other.benchmark, other.rival, &other.trouble) == (failure.benchmark, failure.rival, &failure.trouble)
        };
        if results.failures[..index].iter().any(|other| same(&other)) {
            continue;
        }
        let times = results.failures.iter().filter(same).count();
        let (name, rival) = (&record.benchmarks[failure.benchmark].name, &record.rivals[failure.rival].name);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made_up;
    use crate::stats::compare;

    #[test]
    fn what_has_too_few_runs_is_listed_by_benchmark() {
        let mut record = made_up::record(2, &[(0, 60.0, 1.0), (1, 60.0, 1.0)]);
        assert_eq!(without_ratio(&record, &compare(&record)), "osu_latency 8 B");
        record.benchmarks[0].sizes = vec![8, 1024];
        assert_eq!(without_ratio(&record, &[]), "osu_latency 8 B, 1 KiB");
        record.benchmarks.clear();
        assert_eq!(without_ratio(&record, &[]), "");
    }

    #[test]
    fn a_table_says_why_there_is_no_ratio() {
        let record = made_up::record(3, &[(0, 60.0, 1.0), (1, 60.0, 0.5), (2, 60.0, 0.7)]);
        let text = text(&record, &compare(&record));
        assert!(
            text.contains("near: a cache line there and back in 60.0 ns (3 runs)") && text.contains("few"),
            "{text}"
        );
        assert!(text.contains("1/1/1") && text.contains("stock-tuned") && !text.contains("NaN"), "{text}");
        let runs: Vec<_> = (0..5).flat_map(|_| [(0, 60.0, 1.0), (1, 60.0, 0.5)]).collect();
        let record = made_up::record(2, &runs);
        let text = super::text(&record, &compare(&record));
        assert!(text.contains("2.00 x") && text.contains("2.00-2.00"), "{text}");
    }
}
