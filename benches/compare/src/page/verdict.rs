//! The first paragraph: against how many rows PiP is ahead, behind, or undecided, and which.

use crate::noise;
use crate::plot::escaped;
use crate::ratio::Ratio;
use crate::record::Record;
use crate::stats::Comparison;
use crate::text::{number, size};

/// A list per state.
pub fn verdict(record: &Record, lines: &[Comparison]) -> String {
    let choice = record.rivals.len() > 2;
    let mut items = String::new();
    for state in noise::states(record, lines) {
        let lines: Vec<&Comparison> = lines.iter().filter(|line| line.state == state).collect();
        let stock = tally(&lines, |line| Some(line.over_stock()));
        items += &format!("<li>{}, against stock MPICH as shipped: {stock}</li>\n", state.name());
        if choice {
            let best = tally(&lines, Comparison::over_best);
            items += &format!("<li>{}, against the best of all others in each line: {best}</li>\n", state.name());
        }
    }
    if items.is_empty() {
        return String::new();
    }
    format!("<h2 class=\"flow\">PiP in short</h2>\n<ul>\n{items}</ul>\n")
}

/// `better in 31 of 45 lines, worse in 2 (osu_latency 256 B 0.93 x), too close to tell in 5, too few runs in 7.`
fn tally(lines: &[&Comparison], ratio: impl Fn(&Comparison) -> Option<Ratio>) -> String {
    let (mut better, mut worse, mut close, mut few) = (0, Vec::new(), 0, 0);
    for line in lines {
        match ratio(line) {
            Some(Ratio::Supported { value, .. }) if value > 1.0 => better += 1,
            Some(Ratio::Supported { value, .. }) => {
                let size = if line.bytes == 0 { String::new() } else { format!(" {}", size(line.bytes)) };
                worse.push(format!("{}{size} {} x", line.benchmark, number(value)));
            }
            Some(Ratio::Spread { .. }) => close += 1,
            Some(Ratio::TooFew { .. }) | None => few += 1,
        }
    }
    let list = if worse.is_empty() { String::new() } else { format!(" ({})", escaped(&worse.join(", "))) };
    format!(
        "better in <b>{better}</b> of {} lines, worse in <b>{}</b>{list}, too close to tell in {close}, too few runs to tell in {few}.",
        lines.len(),
        worse.len()
    )
}
