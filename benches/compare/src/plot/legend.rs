//! The legend: samples of the curves with their names, in rows above the plot.

use super::marker::marker;
use super::{Look, Series, line, text};

/// Height of a row.
const ROW: f64 = 19.0;
/// Length of a sample.
const SAMPLE: f64 = 30.0;

/// The widest that a text of this font can be expected to be; browsers measure, we guess.
pub fn width(words: &str, size: f64) -> f64 {
    words
        .chars()
        .map(|c| {
            if "iljt.,:;|'()[]- ".contains(c) {
                0.36
            } else if c.is_uppercase() || c == 'm' || c == 'w' {
                0.78
            } else {
                0.58
            }
        })
        .sum::<f64>()
        * size
}

/// The legend from `(left, top)` within `room`, and its height.
pub fn legend(series: &[Series], (left, top): (f64, f64), room: f64) -> (String, f64) {
    let (mut drawn, mut x, mut y) = (String::new(), left, top);
    for series in series.iter().filter(|series| !series.name.is_empty()) {
        let needed = SAMPLE + 8.0 + width(&series.name, 13.0) + 18.0;
        if x + needed > left + room && x > left {
            (x, y) = (left, y + ROW);
        }
        drawn += &sample(series.look, x, y + ROW / 2.0);
        drawn += &text("", x + SAMPLE + 7.0, y + ROW / 2.0 + 4.5, &series.name);
        x += needed;
    }
    (drawn, y + ROW - top)
}

fn sample(look: Look, x: f64, y: f64) -> String {
    let ends = ((x, y), (x + SAMPLE, y));
    match look {
        Look::Curve { .. } | Look::Cloud(_) => {
            let (class, family, radius) = class(look);
            let curve = if matches!(look, Look::Curve { .. }) { line("curve", ends.0, ends.1) } else { String::new() };
            format!("<g class=\"{class}\">{curve}{}</g>", marker(family, x + SAMPLE / 2.0, y, radius))
        }
        Look::Limit(number) => format!("<g class=\"limit{number}\">{}</g>", line("limit", ends.0, ends.1)),
    }
}

/// The class of a group, the family of its markers and their radius.
pub fn class(look: Look) -> (String, usize, f64) {
    match look {
        Look::Curve { family, variant } => {
            let variant = if variant { " variant" } else { "" };
            (format!("f{}{variant}", family % 8), family, if family == 0 { 4.2 } else { 3.4 })
        }
        Look::Cloud(family) => (format!("f{} cloud", family % 8), family, 2.6),
        Look::Limit(number) => (format!("limit{number}"), 0, 0.0),
    }
}
