//! What was measured and fitted, as text for the terminal and as tables of the page.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use super::measure::gaps;
use super::model::{Costs, Model, Prediction, predictions};
use super::record::{Record, What};
use crate::plot::escaped;
use crate::ratio::{CHANCE, Ratio};
use crate::rivals::{PIP, STOCK};
use crate::stats::Summary;
use crate::text::{cell, count, interval, number, ratio, spread};

/// A column's digits: a whole number stays one.
fn plain(value: f64) -> String {
    if value.fract() == 0.0 && value < 1e9 { format!("{value:.0}") } else { number(value) }
}

/// How many times better PiP is.
pub fn gain(record: &Record, what: What, ranks: usize) -> Ratio {
    let of = |rival: usize| -> Vec<f64> {
        let same =
            record.samples.iter().filter(|sample| (sample.rival, sample.what, sample.ranks) == (rival, what, ranks));
        same.map(|sample| sample.value).collect()
    };
    Ratio::of(&of(PIP), &of(STOCK), CHANCE).inverse()
}

/// `64 (32 per core)`
fn ranks_text(record: &Record, ranks: usize) -> String {
    let cores = record.machine.cores.max(1);
    match ranks {
        _ if ranks <= cores => ranks.to_string(),
        _ if ranks.is_multiple_of(cores) => format!("{ranks} ({} per core)", ranks / cores),
        _ => format!("{ranks} ({:.1} per core)", ranks as f64 / cores as f64),
    }
}

/// How much of the machine others had.
pub fn others(record: &Record) -> String {
    let busy = record.others.iter().filter(|others| **others > crate::load::MOST).count();
    if busy == 0 {
        return "No other program used the cores.".to_owned();
    }
    format!(
        "Other programs used the cores in {busy} of {}: end them and measure again.",
        count(record.others.len(), "run")
    )
}

/// Everything for the terminal.
pub fn text(record: &Record, model: &Model) -> String {
    let mut text = format!("{}\n{}\n", record.machine.line(), others(record));
    for what in What::ALL {
        let mut table = Table::new();
        table.load_preset(NOTHING);
        table.set_header(["ranks", "stock", "PiP", "unit", "ratio", "of 95 %"]);
        for &ranks in &record.ranks {
            let of = |rival| record.summary(rival, what, ranks);
            // Counts are whole.
            let value = |summary: Option<Summary>| match summary {
                Some(summary) if what == What::AddressSpaces => plain(summary.median),
                summary => spread(summary),
            };
            if of(STOCK).is_none() && of(PIP).is_none() {
                continue;
            }
            let gain = gain(record, what, ranks);
            table.add_row([
                ranks_text(record, ranks),
                value(of(STOCK)),
                value(of(PIP)),
                what.unit().to_owned(),
                ratio(gain),
                interval(gain),
            ]);
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
            column.set_cell_alignment(CellAlignment::Right);
        }
        text += &format!("\n{}\n{}\n", what.title(), table.trim_fmt());
    }
    text += "\nmedians; ±: half of what lies between the quartiles; ratio: how many times better PiP is, with its interval of 95 %\n\
        (few: too few rounds for one; spread: the interval holds 1). Memory is the whole job's, each address space counted once.\n";
    text += &format!("\nThe model: hand-off {} us (measured)\n", cell(model.hand_off_us));
    for (rival, costs) in record.rivals.iter().zip(&model.rivals) {
        text.extend(parameters(costs).into_iter().map(|(name, value)| format!("{:<6}{name}: {value}\n", rival.name)));
    }
    text += "\nPredicted, not measured:\n";
    for prediction in predictions(model) {
        text += &format!("{}, {}: {}\n", prediction.title, prediction.unit, row(record, &prediction));
    }
    text.extend(gaps(record).into_iter().map(|gap| format!("Not measured: {gap}\n")));
    let ended = if record.interrupted { ", ended before its time" } else { "" };
    text + &format!("{}{ended} in {:.0} s.\n", count(record.rounds, "round"), record.seconds)
}

/// `stock 12.0 (64) to 190 (1024), PiP 3.0 (64) to 12.0 (1024)`
fn row(record: &Record, prediction: &Prediction) -> String {
    let curve = |(rival, curve): (usize, &Vec<(f64, f64)>)| match (curve.first(), curve.last()) {
        (Some(first), Some(last)) => {
            format!(
                "{} {} (n = {}) to {} ({})",
                record.rivals[rival].name,
                number(first.1),
                first.0,
                number(last.1),
                last.0
            )
        }
        _ => format!("{} unknown", record.rivals[rival].name),
    };
    prediction.curves.iter().enumerate().map(curve).collect::<Vec<_>>().join(", ")
}

/// The fitted parameters as name and value.
pub fn parameters(costs: &Costs) -> Vec<(String, String)> {
    let percent = |part: f64| format!("at most {:.0} % off", part * 100.0);
    let mut found = Vec::new();
    match &costs.message {
        Some(message) => found.push((
            "a message alone".to_owned(),
            format!(
                "hand-off + {} us software + {} us from {} on + m / {} GB/s ({})",
                number(message.software_us),
                number(message.rendezvous_us),
                crate::text::size(message.rendezvous_from as usize),
                number(message.copy_gbs),
                percent(message.deviation)
            ),
        )),
        None => found.push(("a message alone".to_owned(), "not fitted".to_owned())),
    }
    match &costs.window {
        Some(window) => found.push((
            "a message in a window".to_owned(),
            format!(
                "{} us + m x {} ns/KiB ({})",
                number(window.coefficients[0]),
                number(window.coefficients[1] * 1024e3),
                percent(window.deviation)
            ),
        )),
        None => found.push(("a message in a window".to_owned(), "not fitted".to_owned())),
    }
    for (what, growth) in &costs.growth {
        let Some(growth) = growth.as_ref().filter(|_| *what != What::AddressSpaces) else { continue };
        let mut text = number(growth.fit.coefficients[0]);
        for (factor, term) in growth.fit.coefficients[1..].iter().zip(growth.shape.growing()) {
            text += &format!(" + {} {term}", number(*factor));
        }
        text += &format!(" {} ({})", what.unit(), percent(growth.fit.deviation));
        found.push((what.title().to_owned(), text));
    }
    found
}

/// The table below a plot of the page.
pub fn measured(record: &Record, what: What) -> String {
    let mut rows = String::new();
    for &ranks in &record.ranks {
        let column = |rival: usize| match record.summary(rival, what, ranks) {
            None => "<td>not measured</td>".to_owned(),
            Some(summary) => {
                let class = if rival == PIP { " class=\"ours\"" } else { "" };
                let each = match what {
                    What::PageTables | What::Anonymous => {
                        format!("<small>{} per rank</small>", number(summary.median / ranks as f64))
                    }
                    _ => String::new(),
                };
                format!("<td{class}>{}{}{each}</td>", plain(summary.median), crate::page::quartiles(&summary))
            }
        };
        rows += &format!(
            "<tr><td>{}</td>{}{}<td>{}</td></tr>\n",
            escaped(&ranks_text(record, ranks)),
            column(STOCK),
            column(PIP),
            crate::page::gain(gain(record, what, ranks))
        );
    }
    let unit = if what.unit().is_empty() { String::new() } else { format!(", {}", what.unit()) };
    format!(
        "<div class=\"wide\"><table class=\"numbers\"><thead><tr><th>ranks</th><th>stock{unit}</th><th class=\"ours\">PiP{unit}</th>\
         <th>times better</th></tr></thead><tbody>\n{rows}</tbody></table></div>\n"
    )
}

/// The table of a prediction.
pub fn predicted(record: &Record, prediction: &Prediction) -> String {
    let ranks = super::model::RANKS;
    let head: String = ranks.iter().map(|ranks| format!("<th>{ranks}</th>")).collect();
    let row = |(rival, curve): (usize, &Vec<(f64, f64)>)| {
        let at = |ranks: &f64| curve.iter().find(|point| point.0 == *ranks).map(|point| point.1);
        let cells: String = ranks.iter().map(|ranks| format!("<td>{}</td>", cell(at(ranks)))).collect();
        format!(
            "<tr><td class=\"name\">{}, {}</td>{cells}</tr>\n",
            escaped(&record.rivals[rival].name),
            prediction.unit
        )
    };
    format!(
        "<div class=\"wide\"><table class=\"numbers\"><thead><tr><th class=\"name\">ranks</th>{head}</tr></thead><tbody>\n{}</tbody></table></div>\n",
        prediction.curves.iter().enumerate().map(row).collect::<String>()
    )
}
