//! Numbers, sizes and ratios as people read them, in the terminal and on pages.

use crate::ratio::Ratio;
use crate::stats::Summary;

/// `8 B`, `64 KiB`, `4 MiB`; a dash where there is no size.
pub fn size(bytes: usize) -> String {
    match bytes {
        0 => "-".to_owned(),
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

/// A number or a dash.
pub fn cell(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), number)
}

/// A median and half of what lies between the quartiles: `0.17 ±3%`.
pub fn spread(summary: Option<Summary>) -> String {
    match summary {
        None => "-".to_owned(),
        Some(summary) if summary.count == 1 => format!("{}      ", number(summary.median)),
        Some(summary) => format!("{} ±{:<3}", number(summary.median), format!("{:.0}%", summary.spread() * 50.0)),
    }
}

/// A ratio, or the word that says why there is none.
pub fn ratio(ratio: Ratio) -> String {
    match ratio {
        Ratio::Supported { value, .. } => format!("{} x", number(value)),
        Ratio::Spread { .. } => "spread".to_owned(),
        Ratio::TooFew { .. } => "few".to_owned(),
    }
}

/// The interval of a ratio: `2.1-2.5`.
pub fn interval(ratio: Ratio) -> String {
    ratio.interval().map_or_else(|| "-".to_owned(), |(low, high)| format!("{}-{}", number(low), number(high)))
}

/// `1 run`, `2 runs`.
pub fn count(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_numbers_are_short() {
        assert_eq!([8, 1024, 65_536, 1 << 22, 1025, 0].map(size), ["8 B", "1 KiB", "64 KiB", "4 MiB", "1025 B", "-"]);
        assert_eq!(
            [0.0312, 0.141, 1.0, 9.999, 68.94, 99.96, 297.4].map(number),
            ["0.031", "0.14", "1.00", "10.0", "68.9", "100", "297"]
        );
        assert_eq!(cell(None), "-");
        assert_eq!(spread(Summary::of(&[1.0, 2.0, 3.0])), "2.00 ±25%");
    }

    #[test]
    fn a_ratio_that_is_not_supported_is_a_word() {
        assert_eq!(ratio(Ratio::Supported { value: 2.0, low: 1.5, high: 2.5 }), "2.00 x");
        assert_eq!(ratio(Ratio::TooFew { ours: 1, theirs: 9 }), "few");
        let spread = Ratio::Spread { low: 0.9, high: 1.1 };
        assert_eq!((ratio(spread), interval(spread)), ("spread".to_owned(), "0.90-1.10".to_owned()));
    }
}
