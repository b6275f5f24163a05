//! How many times better one set of samples is than another, and whether the samples can tell.
//!
//! The ratio is the median of all quotients of a sample of one by a sample of the other (Hodges and Lehmann). Its interval is made
//! of the quotients that the rank test of Mann and Whitney does not reject; it assumes nothing about how the samples are
//! distributed, and there is none for so few samples that chance alone orders them this way too often.

use serde::Serialize;

/// How often chance may put an interval beside the truth.
pub const CHANCE: f64 = 0.05;

/// Above it the number of pairs is large enough for the normal distribution.
const EXACT_UP_TO: usize = 400;

/// A ratio, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Ratio {
    /// The interval lies on one side of 1.
    Supported {
        /// The ratio.
        value: f64,
        /// The lower end of its interval.
        low: f64,
        /// The upper end.
        high: f64,
    },
    /// The samples spread more than they differ: the interval holds 1.
    Spread {
        /// The lower end of the interval.
        low: f64,
        /// The upper end.
        high: f64,
    },
    /// There are too few samples.
    TooFew {
        /// Of ours.
        ours: usize,
        /// Of the others'.
        theirs: usize,
    },
}

impl Ratio {
    /// The ratio of `ours` to `theirs` with an interval that misses the truth with probability `chance`.
    pub fn of(ours: &[f64], theirs: &[f64], chance: f64) -> Self {
        let too_few = Ratio::TooFew { ours: ours.len(), theirs: theirs.len() };
        let Some(outside) = outside(ours.len(), theirs.len(), chance) else { return too_few };
        let mut quotients: Vec<f64> = ours.iter().flat_map(|our| theirs.iter().map(move |their| our / their)).collect();
        if quotients.iter().any(|quotient| !quotient.is_finite() || *quotient <= 0.0) {
            return too_few;
        }
        quotients.sort_by(f64::total_cmp);
        let (low, high) = (quotients[outside], quotients[quotients.len() - 1 - outside]);
        match crate::stats::median(&quotients) {
            Some(value) if low > 1.0 || high < 1.0 => Ratio::Supported { value, low, high },
            _ => Ratio::Spread { low, high },
        }
    }

    /// The same seen from the other side: for metrics of which less is better.
    pub fn inverse(self) -> Self {
        match self {
            Ratio::Supported { value, low, high } => {
                Ratio::Supported { value: 1.0 / value, low: 1.0 / high, high: 1.0 / low }
            }
            Ratio::Spread { low, high } => Ratio::Spread { low: 1.0 / high, high: 1.0 / low },
            few @ Ratio::TooFew { .. } => few,
        }
    }

    /// The ratio, if it is supported.
    pub fn value(self) -> Option<f64> {
        if let Ratio::Supported { value, .. } = self { Some(value) } else { None }
    }

    /// The interval, if there are enough samples.
    pub fn interval(self) -> Option<(f64, f64)> {
        match self {
            Ratio::Supported { low, high, .. } | Ratio::Spread { low, high } => Some((low, high)),
            Ratio::TooFew { .. } => None,
        }
    }
}

/// How many of the sorted quotients lie outside of the interval at either end: the largest number that the statistic of Mann and
/// Whitney falls below or equals with at most half of `chance`. None when even 0 is more probable.
fn outside(ours: usize, theirs: usize, chance: f64) -> Option<usize> {
    if ours == 0 || theirs == 0 {
        return None;
    }
    let pairs = ours * theirs;
    if pairs > EXACT_UP_TO && ours.min(theirs) > 3 {
        let deviation = ((pairs * (ours + theirs + 1)) as f64 / 12.0).sqrt();
        // The two chances that are used.
        let quantile = if chance <= 0.01 { 2.576 } else { 1.960 };
        return Some((pairs as f64 / 2.0 - quantile * deviation - 0.5).floor().max(0.0) as usize);
    }
    let ways = ways(ours, theirs);
    let all: f64 = ways.iter().sum();
    let mut sum = 0.0;
    let within = ways.iter().take_while(|&&count| {
        sum += count;
        sum / all <= chance / 2.0
    });
    within.count().checked_sub(1)
}

/// In how many orders of `a` and `b` samples a pair is in the wrong order 0, 1, 2 .. a*b times.
fn ways(a: usize, b: usize) -> Vec<f64> {
    // The Gaussian binomial coefficient, factor by factor: product of (1 - q^(b+i)) / (1 - q^i).
    let mut ways = vec![0.0; a * b + 1];
    ways[0] = 1.0;
    for i in 1..=a {
        for at in (b + i..ways.len()).rev() {
            ways[at] -= ways[at - b - i];
        }
        for at in i..ways.len() {
            ways[at] += ways[at - i];
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn orders_are_counted_as_in_tables() {
        assert_eq!(ways(2, 2), [1.0, 1.0, 2.0, 1.0, 1.0]);
        assert_eq!(ways(4, 4).iter().sum::<f64>(), 70.0);
        // Tables of critical values: 5 and 5 samples 2, 8 and 8 samples 13, 10 and 10 samples 23, at 5 % two-sided.
        assert_eq!([(5, 5), (8, 8), (10, 10)].map(|(a, b)| outside(a, b, 0.05)), [Some(2), Some(13), Some(23)]);
        assert_eq!(outside(20, 20, 0.05), Some(127));
        assert!(outside(30, 30, 0.05).is_some_and(|exact| (310..325).contains(&exact)));
    }

    #[test]
    fn three_runs_of_each_tell_nothing_and_four_do() {
        let (fast, slow) = ([1.0, 1.1, 1.2, 1.3], [2.0, 2.1, 2.2, 2.3]);
        assert_eq!(Ratio::of(&slow[..3], &fast[..3], CHANCE), Ratio::TooFew { ours: 3, theirs: 3 });
        let Ratio::Supported { value, low, high } = Ratio::of(&slow, &fast, CHANCE) else { panic!("clearly apart") };
        assert!((1.7..2.0).contains(&value) && low > 1.5 && high < 2.4, "{value} {low} {high}");
        assert_eq!(Ratio::of(&[], &[], CHANCE), Ratio::TooFew { ours: 0, theirs: 0 });
        // A wrong verdict in a hundred takes more runs.
        assert!(matches!(Ratio::of(&slow, &fast, 0.01), Ratio::TooFew { .. }));
    }

    #[test]
    fn a_spread_larger_than_the_difference_is_no_ratio() {
        let (ours, theirs) = ([1.0, 2.0, 3.0, 4.0, 5.0], [1.1, 2.1, 3.1, 4.1, 5.1]);
        let Ratio::Spread { low, high } = Ratio::of(&ours, &theirs, CHANCE) else { panic!("all mixed up") };
        assert!(low < 1.0 && high > 1.0);
        assert!(matches!(Ratio::of(&[1.0; 6], &[1.0; 6], CHANCE), Ratio::Spread { low: 1.0, high: 1.0 }));
    }

    proptest! {
        #[test]
        fn swapping_the_sides_inverts_the_ratio(
            ours in prop::collection::vec(0.1..10.0, 1..30), theirs in prop::collection::vec(0.1..10.0, 1..30),
        ) {
            let (one, other) = (Ratio::of(&ours, &theirs, CHANCE), Ratio::of(&theirs, &ours, CHANCE).inverse());
            match (one.interval(), other.interval()) {
                (Some(one), Some(other)) => {
                    prop_assert!((one.0 / other.0 - 1.0).abs() < 1e-9 && (one.1 / other.1 - 1.0).abs() < 1e-9);
                }
                (one, other) => prop_assert_eq!(one, other),
            }
            prop_assert_eq!(one.value().is_some(), other.value().is_some());
        }

        #[test]
        fn a_factor_is_found(ours in prop::collection::vec(1.0..1.2, 6..20), factor in 2.0_f64..9.0) {
            let theirs: Vec<f64> = ours.iter().map(|value| value * factor).collect();
            let found = Ratio::of(&theirs, &ours, CHANCE).value().expect("supported");
            prop_assert!((found / factor - 1.0).abs() < 0.1);
        }
    }
}
