//! Tables of a page: every number of the plots, with quartiles, runs, ratios, or why there is none.

use crate::baseline::Change;
use crate::plot::escaped;
use crate::ratio::Ratio;
use crate::record::Record;
use crate::rivals::PIP;
use crate::stats::{Comparison, Summary};
use crate::text::{cell, number, size};

/// A row per line, a column per rival.
pub fn table(record: &Record, lines: &[&Comparison]) -> String {
    // A rival that has none of these benchmarks has no column.
    let shown: Vec<usize> =
        (0..record.rivals.len()).filter(|&rival| lines.iter().any(|line| line.summaries[rival].is_some())).collect();
    let limited = lines.iter().any(|line| line.limits != crate::bounds::Limits::default());
    let heading = |&rival: &usize| {
        let class = if rival == PIP { " class=\"ours\"" } else { "" };
        format!("<th{class}>{}</th>", escaped(&record.rivals[rival].name))
    };
    let mut head: String = "<th class=\"name\">benchmark</th><th>size</th><th>unit</th>".into();
    head += &shown.iter().map(heading).collect::<String>();
    if limited {
        head += "<th>hand-off</th><th>copy, 1 core</th><th>copy, 2 cores</th>";
    }
    let row = |line: &&Comparison| {
        let mut row = format!(
            "<td class=\"name\">{}</td><td>{}</td><td>{}</td>",
            escaped(&line.benchmark),
            size(line.bytes),
            line.metric.unit()
        );
        row += &shown.iter().map(|&rival| column(line, rival)).collect::<String>();
        if limited {
            let limits = [line.limits.hand_off, line.limits.one_core, line.limits.two_cores];
            row += &limits.map(|limit| format!("<td>{}</td>", cell(limit))).concat();
        }
        format!("<tr>{row}</tr>\n")
    };
    format!(
        "<div class=\"wide\"><table class=\"numbers\"><thead><tr>{head}</tr></thead><tbody>\n{}</tbody></table></div>\n",
        lines.iter().map(row).collect::<String>()
    )
}

/// Median; quartiles and runs; what PiP gains.
fn column(line: &Comparison, rival: usize) -> String {
    let Some(summary) = line.summaries[rival] else { return "<td>-</td>".to_owned() };
    let quartiles = quartiles(&summary);
    if rival == PIP {
        return format!("<td class=\"ours\">{}{quartiles}</td>", number(summary.median));
    }
    format!("<td>{}{quartiles}{}</td>", number(summary.median), gain(line.gains[rival]))
}

/// The line of quartiles and runs.
pub fn quartiles(summary: &Summary) -> String {
    if summary.count == 1 {
        return "<small>1 run</small>".to_owned();
    }
    format!("<small>{}–{} ({})</small>", number(summary.lower), number(summary.upper), summary.count)
}

/// A ratio with its interval, or why there is none. The sign says what the colour says.
pub fn gain(ratio: Ratio) -> String {
    match ratio {
        Ratio::Supported { value, low, high } => {
            let (class, sign) = if value > 1.0 { ("better", "▲") } else { ("worse", "▼") };
            format!(
                "<small class=\"{class}\">{sign} {} ×</small><small>{}–{}</small>",
                number(value),
                number(low),
                number(high)
            )
        }
        Ratio::Spread { low, high } => format!("<small>close</small><small>{}–{}</small>", number(low), number(high)),
        Ratio::TooFew { ours, theirs } => format!("<small>too few</small><small>{ours}, {theirs}</small>"),
    }
}

/// What changed since the baseline.
pub fn change(change: &Change) -> String {
    let mut text =
        format!("<h2 class=\"flow\">Against {}</h2>\n<p>{}</p>\n", escaped(&change.name), escaped(&change.sentence()));
    for warning in &change.warnings {
        text += &format!("<p class=\"warning\">{}</p>\n", escaped(warning));
    }
    if change.moved.is_empty() {
        return text;
    }
    let row = |moved: &crate::baseline::Moved| {
        let class = if moved.is_slower() { "worse" } else { "better" };
        let (word, control) = (moved.word(), moved.control.map_or_else(|| "-".to_owned(), gain));
        format!(
            "<tr><td class=\"name {class}\">{word}</td><td>{}</td><td class=\"name\">{}</td><td>{}</td><td>{}</td>\
             <td>{}{}</td><td>{}{}</td><td>{}</td><td>{control}</td></tr>\n",
            moved.state.name(),
            escaped(&moved.benchmark),
            size(moved.bytes),
            moved.metric.unit(),
            number(moved.before.median),
            quartiles(&moved.before),
            number(moved.now.median),
            quartiles(&moved.now),
            gain(moved.gain)
        )
    };
    text + &format!(
        "<div class=\"wide\"><table class=\"numbers\"><thead><tr><th class=\"name\">PiP is</th><th>state</th><th class=\"name\">benchmark</th>\
         <th>size</th><th>unit</th><th>before</th><th>now</th><th>times better</th><th>stock meanwhile</th></tr></thead><tbody>\n{}</tbody></table></div>\n",
        change.moved.iter().map(row).collect::<String>()
    )
}
