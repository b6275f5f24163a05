//! Percentiles of iterations.

/// The value that so many percent of `samples` do not exceed, for each of `percentages`, as the originals count: the
/// one at that share of the sorted samples, rounded down. Empty without samples.
pub fn percentiles(samples: &mut [f64], percentages: &[u32]) -> Vec<f64> {
    if samples.is_empty() {
        return Vec::new();
    }
    samples.sort_unstable_by(f64::total_cmp);
    percentages.iter().map(|&percent| samples[(samples.len() * percent as usize / 100).max(1) - 1]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let mut samples: Vec<f64> = (1..=10).rev().map(f64::from).collect();
        assert_eq!(percentiles(&mut samples, &[1, 50, 90, 99]), [1.0, 5.0, 9.0, 9.0]);
        assert!(percentiles(&mut [], &[50]).is_empty());
    }
}
