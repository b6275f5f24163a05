//! Axes: where values lie on them, and their ticks.

use crate::text::size;

/// An axis.
#[derive(Clone, Debug)]
pub struct Axis {
    /// What it shows, with the unit.
    pub label: String,
    /// Its ends, and whether it is logarithmic.
    from: f64,
    to: f64,
    logarithmic: bool,
    /// Values with their texts.
    pub ticks: Vec<(f64, String)>,
    /// Lines without a text.
    pub fine: Vec<f64>,
}

/// Ticks of an axis at most.
const MOST: usize = 10;

impl Axis {
    /// Powers of two, from the smallest value to the largest; `text` writes one.
    fn doubling(label: &str, values: impl Iterator<Item = f64>, text: impl Fn(f64) -> String) -> Self {
        let (least, most) = ends(values.filter(|value| *value > 0.0)).unwrap_or((1.0, 2.0));
        let (first, last) = (least.log2().floor() as i32, most.log2().ceil() as i32);
        let last = last.max(first + 1);
        let step = ((last - first) as usize).div_ceil(MOST).max(1) as i32;
        // Multiples of the step: 1, 4, 16, 64 rather than 8, 32, 128.
        let whole = (first..=last).filter(|power| power.rem_euclid(step) == 0);
        let ticks = whole.map(|power| (f64::from(power).exp2(), text(f64::from(power).exp2()))).collect();
        let (from, to) = (f64::from(first).exp2(), f64::from(last).exp2());
        Self { label: label.to_owned(), from, to, logarithmic: true, ticks, fine: Vec::new() }
    }

    /// Sizes in bytes.
    pub fn bytes(label: &str, values: impl Iterator<Item = f64>) -> Self {
        Self::doubling(label, values, |value| size(value as usize))
    }

    /// Numbers of ranks.
    pub fn ranks(label: &str, values: impl Iterator<Item = f64>) -> Self {
        Self::doubling(label, values, |value| format!("{value:.0}"))
    }

    /// From a round number below the smallest value to one above the largest, logarithmic.
    pub fn logarithmic(label: &str, values: impl Iterator<Item = f64>) -> Self {
        let (least, most) = ends(values.filter(|value| *value > 0.0)).unwrap_or((1.0, 10.0));
        let decades = (most / least).log10();
        let digits: &[f64] = if decades < 1.8 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let powers = least.log10().floor() as i32 - 1..=most.log10().ceil() as i32 + 1;
        let all = |digits: Vec<f64>| {
            powers
                .clone()
                .flat_map(move |power| digits.clone().into_iter().map(move |digit| digit * 10_f64.powi(power)))
        };
        let marks: Vec<f64> = all(vec![1.0, 2.0, 5.0]).collect();
        // A hair of tolerance: 10^-1 is not exact.
        let from = marks.iter().rev().copied().find(|mark| *mark <= least * 1.0001).unwrap_or(least);
        let to = marks.iter().copied().find(|mark| *mark >= most * 0.9999 && *mark > from * 1.5).unwrap_or(most);
        let inside = |value: &f64| *value >= from * 0.9999 && *value <= to * 1.0001;
        let ticks = all(digits.to_vec()).filter(inside).map(|value| (value, plain(value))).collect();
        // Over many decades lines without a text are a grey area.
        let digits = if decades < 4.5 { (1..10).map(f64::from).collect() } else { Vec::new() };
        let fine = all(digits).filter(inside).collect();
        Self { label: label.to_owned(), from, to, logarithmic: true, ticks, fine }
    }

    /// From 0 to a round number above the largest value.
    pub fn linear(label: &str, values: impl Iterator<Item = f64>) -> Self {
        let most = values.fold(f64::MIN_POSITIVE, f64::max);
        let magnitude = 10_f64.powf((most / 5.0).log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * magnitude);
        let step = steps.into_iter().find(|step| most / step <= 8.0).unwrap_or(magnitude * 20.0);
        let count = (most / step).ceil().max(1.0) as u32;
        let ticks = (0..=count).map(|tick| (f64::from(tick) * step, plain(f64::from(tick) * step))).collect();
        let to = f64::from(count) * step;
        Self { label: label.to_owned(), from: 0.0, to, logarithmic: false, ticks, fine: Vec::new() }
    }

    /// Where a value lies, from 0 to 1; beyond the ends at the ends.
    pub fn place(&self, value: f64) -> f64 {
        let part = if self.logarithmic {
            (value.max(f64::MIN_POSITIVE) / self.from).ln() / (self.to / self.from).ln()
        } else {
            (value - self.from) / (self.to - self.from)
        };
        part.clamp(0.0, 1.0)
    }

    /// Its ends.
    #[cfg(test)]
    pub fn range(&self) -> (f64, f64) {
        (self.from, self.to)
    }
}

/// The smallest and the largest.
fn ends(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |ends, value| {
        let (least, most) = ends.unwrap_or((value, value));
        Some((value.min(least), value.max(most)))
    })
}

/// A round number without the zeros that binary fractions leave.
fn plain(value: f64) -> String {
    if value >= 1e6 {
        return format!("{:.0} M", value / 1e6);
    }
    if value >= 1e4 {
        return format!("{:.0} 000", value / 1e3);
    }
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(texts(&Axis::logarithmic("", [0.13, 0.9].into_iter())), ["0.1", "0.2", "0.5", "1"]);
        assert_eq!(texts(&Axis::logarithmic("", [0.1, 2500.0].into_iter())), ["0.1", "1", "10", "100", "1000"]);
        assert_eq!(texts(&Axis::linear("", [3.0, 41.0].into_iter())), ["0", "10", "20", "30", "40", "50"]);
        let sizes = Axis::bytes("", [1.0, 4_194_304.0].into_iter());
        assert_eq!(texts(&sizes)[..2], ["1 B", "8 B"]);
        assert!(sizes.ticks.len() <= MOST);
        assert_eq!(texts(&Axis::ranks("", [2.0, 16.0].into_iter())), ["2", "4", "8", "16"]);
    }

    #[test]
    fn places_go_from_0_to_1_and_never_beyond() {
        let axis = Axis::logarithmic("", [1.0, 100.0].into_iter());
        assert_eq!((axis.place(1.0), axis.place(10.0), axis.place(100.0)), (0.0, 0.5, 1.0));
        assert_eq!((axis.place(0.0), axis.place(1e9)), (0.0, 1.0));
    }

    #[test]
    fn nothing_and_single_values_have_axes() {
        for axis in [
            Axis::logarithmic("", [].into_iter()),
            Axis::logarithmic("", [5.0].into_iter()),
            Axis::linear("", [].into_iter()),
            Axis::bytes("", [8.0].into_iter()),
        ] {
            let (from, to) = axis.range();
            assert!(from < to && axis.place((from + to) / 2.0).is_finite() && !axis.ticks.is_empty(), "{axis:?}");
        }
    }
}
