//! Least squares of relative errors with coefficients that are not negative: costs add up, and none is a gain.

use serde::Serialize;

/// A fitted sum of terms.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// By term.
    pub coefficients: Vec<f64>,
    /// The largest relative error of a fitted value.
    pub deviation: f64,
}

/// Fits `values[i]` by the sum of `terms[i][j] * coefficients[j]`. None when there are fewer values than terms, or the values cannot
/// tell the terms apart.
pub fn fit(terms: &[Vec<f64>], values: &[f64]) -> Option<Fit> {
    let count = terms.first()?.len();
    if values.len() < count || values.iter().any(|value| !value.is_finite() || *value <= 0.0) {
        return None;
    }
    let mut used: Vec<usize> = (0..count).collect();
    loop {
        let solution = solve(terms, values, &used)?;
        // The most negative term goes, and the others are fitted again.
        let worst = (0..used.len()).filter(|&at| solution[at] < 0.0).min_by(|&a, &b| {
            let part = |at: usize| solution[at] * terms.iter().map(|row| row[used[at]]).fold(0.0, f64::max);
            part(a).total_cmp(&part(b))
        });
        if let Some(worst) = worst {
            used.remove(worst);
            if used.is_empty() {
                return None;
            }
            continue;
        }
        let mut coefficients = vec![0.0; count];
        for (at, coefficient) in used.iter().zip(solution) {
            coefficients[*at] = coefficient;
        }
        let error = |(row, value): (&Vec<f64>, &f64)| (sum(row, &coefficients) / value - 1.0).abs();
        let deviation = terms.iter().zip(values).map(error).fold(0.0, f64::max);
        return Some(Fit { coefficients, deviation });
    }
}

/// What a fit says for these terms.
pub fn sum(terms: &[f64], coefficients: &[f64]) -> f64 {
    terms.iter().zip(coefficients).map(|(term, coefficient)| term * coefficient).sum()
}

/// The normal equations of the terms in `used`, by elimination with pivots. Each row is divided by its value.
fn solve(terms: &[Vec<f64>], values: &[f64], used: &[usize]) -> Option<Vec<f64>> {
    let count = used.len();
    // Terms of different sizes are scaled to 1, or small ones would be lost.
    let scale: Vec<f64> = used
        .iter()
        .map(|&term| terms.iter().zip(values).map(|(row, value)| (row[term] / value).abs()).fold(0.0, f64::max))
        .collect();
    if scale.iter().any(|scale| !scale.is_finite() || *scale <= 0.0) {
        return None;
    }
    let row = |terms: &Vec<f64>, value: f64| -> Vec<f64> {
        used.iter().zip(&scale).map(|(&term, scale)| terms[term] / value / scale).collect()
    };
    let mut matrix = vec![vec![0.0; count + 1]; count];
    for (terms, value) in terms.iter().zip(values) {
        let row = row(terms, *value);
        for (line, factor) in matrix.iter_mut().zip(&row) {
            for (entry, other) in line.iter_mut().zip(&row) {
                *entry += factor * other;
            }
            line[count] += factor;
        }
    }
    for column in 0..count {
        let pivot = (column..count).max_by(|&a, &b| matrix[a][column].abs().total_cmp(&matrix[b][column].abs()))?;
        matrix.swap(column, pivot);
        if matrix[column][column].abs() < 1e-11 {
            return None;
        }
        let upper = matrix[column].clone();
        for line in matrix.iter_mut().skip(column + 1) {
            let factor = line[column] / upper[column];
            for (entry, above) in line.iter_mut().zip(&upper) {
                *entry -= factor * above;
            }
        }
    }
    let mut solution = vec![0.0; count];
    for at in (0..count).rev() {
        let known: f64 = (at + 1..count).map(|other| matrix[at][other] * solution[other]).sum();
        solution[at] = (matrix[at][count] - known) / matrix[at][at];
    }
    Some(solution.into_iter().zip(scale).map(|(value, scale)| value / scale).collect())
}

/// How something grows with the ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// a + b n
    Linear,
    /// a + b n log2 n
    LinearLogarithmic,
    /// a + b n^2
    Quadratic,
    /// a + b n + c n^2
    Polynomial,
}

impl Shape {
    /// Those of times, of which the closest is taken.
    pub const OF_TIMES: [Self; 3] = [Shape::Linear, Shape::LinearLogarithmic, Shape::Quadratic];
    /// That of memory: something for the job, for each rank, and for each pair.
    pub const OF_MEMORY: [Self; 1] = [Shape::Polynomial];

    fn terms(self, ranks: f64) -> Vec<f64> {
        match self {
            Shape::Linear => vec![1.0, ranks],
            Shape::LinearLogarithmic => vec![1.0, ranks * ranks.log2()],
            Shape::Quadratic => vec![1.0, ranks * ranks],
            Shape::Polynomial => vec![1.0, ranks, ranks * ranks],
        }
    }

    /// Its terms as a text.
    pub fn text(self) -> &'static str {
        match self {
            Shape::Linear => "a + b n",
            Shape::LinearLogarithmic => "a + b n log₂ n",
            Shape::Quadratic => "a + b n²",
            Shape::Polynomial => "a + b n + c n²",
        }
    }

    /// The terms beyond the first.
    pub fn growing(self) -> &'static [&'static str] {
        match self {
            Shape::Linear => &["n"],
            Shape::LinearLogarithmic => &["n log₂ n"],
            Shape::Quadratic => &["n²"],
            Shape::Polynomial => &["n", "n²"],
        }
    }
}

/// A growth that was fitted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Growth {
    /// Its shape: the one that fits best.
    pub shape: Shape,
    /// The fit of it.
    #[serde(flatten)]
    pub fit: Fit,
}

impl Growth {
    /// The one of `shapes` that fits these (ranks, value) best; one point more than terms is needed, or any would fit.
    pub fn of(points: &[(f64, f64)], shapes: &[Shape]) -> Option<Self> {
        let values: Vec<f64> = points.iter().map(|point| point.1).collect();
        let of = |shape: Shape| {
            let terms: Vec<Vec<f64>> = points.iter().map(|point| shape.terms(point.0)).collect();
            Some(Self { shape, fit: fit(&terms, &values)? })
        };
        let better = |a: &Self, b: &Self| a.fit.deviation.total_cmp(&b.fit.deviation);
        let told = |shape: &&Shape| points.len() > 1 + shape.growing().len();
        shapes.iter().filter(told).filter_map(|shape| of(*shape)).min_by(better)
    }

    /// Its value at so many ranks.
    pub fn at(&self, ranks: f64) -> f64 {
        sum(&self.shape.terms(ranks), &self.fit.coefficients)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_be_fitted_is_not() {
        assert_eq!(fit(&[], &[]), None);
        assert_eq!(fit(&[vec![1.0, 2.0]], &[3.0]), None);
        // The second term is the first doubled.
        assert_eq!(fit(&[vec![1.0, 2.0], vec![2.0, 4.0], vec![3.0, 6.0]], &[1.0, 2.0, 3.0]), None);
        assert_eq!(fit(&[vec![1.0], vec![1.0]], &[1.0, f64::NAN]), None);
        assert_eq!(Growth::of(&[(2.0, 1.0), (4.0, 2.0)], &Shape::OF_TIMES), None);
    }

    #[test]
    fn no_cost_is_negative() {
        let terms: Vec<Vec<f64>> = [1.0, 2.0, 4.0].map(|x| vec![1.0, x]).to_vec();
        let found = fit(&terms, &[4.0, 2.0, 1.0]).expect("a constant remains");
        assert!(found.coefficients[0] > 0.0 && found.coefficients[1] == 0.0 && found.deviation > 0.3, "{found:?}");
    }

    proptest! {
        #[test]
        fn the_terms_of_made_up_costs_are_found(a in 0.01..10.0_f64, b in 0.01..5.0_f64, c in 1e-6..1e-2_f64) {
            let sizes: Vec<f64> = (0..23).map(|power| f64::from(power).exp2()).collect();
            let terms: Vec<Vec<f64>> = sizes.iter().map(|&size| vec![1.0, f64::from(size >= 16384.0), size]).collect();
            let values: Vec<f64> = terms.iter().map(|terms| sum(terms, &[a, b, c])).collect();
            let found = fit(&terms, &values).expect("fits");
            prop_assert!(found.deviation < 1e-6, "{:?}", found);
            for (found, true_value) in found.coefficients.iter().zip([a, b, c]) {
                prop_assert!((found / true_value - 1.0).abs() < 1e-3, "{} {}", found, true_value);
            }
        }

        #[test]
        fn a_made_up_growth_is_found_despite_noise(
            a in 1.0..1000.0_f64, b in 1.0..100.0_f64, shape in 0..3_usize, noise in prop::collection::vec(-0.01..0.01_f64, 6),
        ) {
            let shape = Shape::OF_TIMES[shape];
            let value = |ranks: f64| sum(&shape.terms(ranks), &[a, b]);
            let points: Vec<(f64, f64)> =
                (1..=6).zip(&noise).map(|(power, noise)| (f64::from(power).exp2(), value(f64::from(power).exp2()) * (1.0 + noise))).collect();
            let found = Growth::of(&points, &Shape::OF_TIMES).expect("fits");
            prop_assert!(found.fit.deviation < 0.05, "{:?}", found);
            // Whatever shape was taken, it is right where it was measured.
            prop_assert!((found.at(64.0) / value(64.0) - 1.0).abs() < 0.05, "{:?}", found);
        }

        #[test]
        fn memory_of_the_job_the_ranks_and_the_pairs_is_told_apart(a in 50.0..500.0_f64, b in 20.0..500.0_f64, c in 0.5..20.0_f64) {
            let points: Vec<(f64, f64)> =
                (1..=6).map(|power| f64::from(power).exp2()).map(|ranks| (ranks, a + b * ranks + c * ranks * ranks)).collect();
            let found = Growth::of(&points, &Shape::OF_MEMORY).expect("fits");
            for (found, made_up) in found.fit.coefficients.iter().zip([a, b, c]) {
                prop_assert!((found / made_up - 1.0).abs() < 1e-3, "{} {}", found, made_up);
            }
        }
    }
}
