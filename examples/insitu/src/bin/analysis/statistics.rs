//! What is computed of every step: moments of both substances, and the isoline of v by marching squares.

/// Of one substance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// The mean.
    pub mean: f64,
    /// The smallest value.
    pub least: f64,
    /// The largest.
    pub most: f64,
    /// The standard deviation.
    pub deviation: f64,
}

/// In one pass over the rows, which must hold at least one value.
pub fn moments(rows: &[&[f64]]) -> Moments {
    let (mut sum, mut squares, mut least, mut most, mut count) = (0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY, 0usize);
    for row in rows {
        // Sums of a row first: the numbers that are added stay of a size.
        let (mut row_sum, mut row_squares) = (0.0, 0.0);
        for &value in *row {
            row_sum += value;
            row_squares += value * value;
            least = if value < least { value } else { least };
            most = if value > most { value } else { most };
        }
        sum += row_sum;
        squares += row_squares;
        count += row.len();
    }
    let mean = sum / count as f64;
    Moments { mean, least, most, deviation: (squares / count as f64 - mean * mean).max(0.0).sqrt() }
}

/// A piece of an isoline: from and to, as (column, row).
pub type Piece = [(f64, f64); 2];

/// Calls `piece` for every piece of the line on which the values are `level`, by marching squares: each square of four
/// points has none, one or two. In a saddle the mean of the four decides which corners belong together.
pub fn isoline(rows: &[&[f64]], level: f64, mut piece: impl FnMut(Piece)) {
    for (y, pair) in rows.windows(2).enumerate() {
        let (upper, lower) = (pair[0], pair[1]);
        for (x, (above, below)) in upper.windows(2).zip(lower.windows(2)).enumerate() {
            // Clockwise from the upper left.
            let corners = [above[0], above[1], below[1], below[0]];
            let inside = corners.map(|corner| corner >= level);
            if inside == [inside[0]; 4] {
                continue;
            }
            let crossing = |edge: usize| {
                let (from, to) = (corners[edge], corners[(edge + 1) % 4]);
                let part = (level - from) / (to - from);
                let (x, y) = (x as f64, y as f64);
                [(x + part, y), (x + 1.0, y + part), (x + 1.0 - part, y + 1.0), (x, y + 1.0 - part)][edge]
            };
            let crossed: Vec<usize> = (0..4).filter(|edge| inside[*edge] != inside[(edge + 1) % 4]).collect();
            match crossed[..] {
                [a, b] => piece([crossing(a), crossing(b)]),
                _ => {
                    // Around the upper left and the lower right corner, or around the two others.
                    let joined = corners.iter().sum::<f64>() / 4.0 >= level;
                    let pairs = if joined == inside[0] { [(0, 1), (2, 3)] } else { [(3, 0), (1, 2)] };
                    pairs.into_iter().for_each(|(a, b)| piece([crossing(a), crossing(b)]));
                }
            }
        }
    }
}

/// The length of a piece, in spacings of the grid.
pub fn length([(x0, y0), (x1, y1)]: Piece) -> f64 {
    (x1 - x0).hypot(y1 - y0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slices(rows: &[Vec<f64>]) -> Vec<&[f64]> {
        rows.iter().map(Vec::as_slice).collect()
    }

    #[test]
    fn moments_of_known_numbers() {
        let all = moments(&[&[1.0, 2.0], &[3.0, 6.0]]);
        assert_eq!(all, Moments { mean: 3.0, least: 1.0, most: 6.0, deviation: 3.5f64.sqrt() });
    }

    #[test]
    fn the_isoline_of_a_cone_is_a_circle() {
        let radius = 30.0;
        let value = |x: i32, y: i32| 100.0 - (f64::from(x) - 50.2).hypot(f64::from(y) - 49.7);
        let rows: Vec<Vec<f64>> = (0..100).map(|y| (0..100).map(|x| value(x, y)).collect()).collect();
        let mut all = 0.0;
        isoline(&slices(&rows), 100.0 - radius, |piece| {
            all += length(piece);
            for (x, y) in piece {
                assert!(((x - 50.2).hypot(y - 49.7) - radius).abs() < 0.02, "({x}, {y})");
            }
        });
        assert!((all / (std::f64::consts::TAU * radius) - 1.0).abs() < 0.001, "{all}");
    }

    #[test]
    fn saddles_have_two_pieces() {
        for (corners, near) in [([1.0, 0.0, 0.0, 1.0], (0.5, 0.0)), ([0.9, 0.0, 0.0, 0.9], (0.0, 0.0))] {
            let mut pieces = Vec::new();
            isoline(&[&corners[..2], &corners[2..]], 0.5, |piece| pieces.push(piece));
            assert_eq!(pieces.len(), 2, "{near:?}");
            // A mean below the level: each inner corner is alone, so each piece is near one of them.
            let short = pieces.iter().all(|piece| length(*piece) < 0.8);
            assert!(short, "{pieces:?}");
        }
        let mut none = 0;
        isoline(&[&[1.0, 1.0], &[1.0, 1.0]], 0.5, |_| none += 1);
        assert_eq!(none, 0);
    }
}
