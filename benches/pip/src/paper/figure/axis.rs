//! Axes: where values lie on them, and their ticks.

use super::super::samples::Summary;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

/// How values become lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// From 0.
    Linear,
    /// From a power of ten.
    Logarithmic,
    /// From 0, as bars that lie, with their values beside them.
    Bars,
}

impl Scale {
    /// Where a value is on its axis.
    pub fn length(self, value: f64) -> f64 {
        if self == Scale::Logarithmic { value.max(1.0).log10() } else { value }
    }

    /// The ticks for these values: powers of ten, or up to nine round numbers from 0 to beyond the largest.
    pub fn ticks<'a>(self, values: impl Iterator<Item = &'a Summary> + Clone) -> Vec<f64> {
        let largest = values.clone().map(|value| value.upper).fold(f64::MIN_POSITIVE, f64::max);
        if self == Scale::Logarithmic {
            let smallest = values.map(|value| value.lower).fold(largest, f64::min);
            let first = self.length(smallest).floor() as i32;
            let last = (self.length(largest).ceil() as i32).max(first + 1);
            return (first..=last).map(f64::from).collect();
        }
        let magnitude = 10_f64.powf((largest / 5.0).log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * magnitude);
        let step = steps.into_iter().find(|step| largest / step <= 8.0).unwrap_or(magnitude * 20.0);
        (0..=(largest / step).ceil() as u32).map(|tick| f64::from(tick) * step).collect()
    }

    /// The text of a tick.
    pub fn tick(self, at: f64) -> String {
        let value = if self == Scale::Logarithmic { 10_f64.powf(at) } else { at };
        // Rounded, so that 0.30000000000000004 is 0.3.
        let text = format!("{value:.3}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// An axis with ticks where they are wanted.
pub struct Axis {
    from: f64,
    to: f64,
    ticks: Vec<f64>,
}

/// The axis from one value to another.
pub fn axis(from: f64, to: f64, ticks: Vec<f64>) -> Axis {
    Axis { from, to, ticks }
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (low, high): (i32, i32)) -> i32 {
        low + ((value - self.from) / (self.to - self.from) * f64::from(high - low)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.from..self.to
    }
}
