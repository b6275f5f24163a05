//! The Gray-Scott model of two substances that react and diffuse (Pearson, Science 261, 1993): spots grow and divide. Explicit Euler
//! steps on a periodic grid, of which a rank has some rows and a border of ghost points around them.

use std::ops::Range;

/// Rates of diffusion of the two substances, per step and squared spacing.
const DIFFUSION: [f64; 2] = [0.16, 0.08];
const FEED: f64 = 0.037;
const KILL: f64 = 0.06;

/// The rows of a rank, with ghosts.
#[derive(Debug, Clone)]
pub struct Part {
    /// Rows of the whole grid that are this rank's.
    pub rows: Range<usize>,
    /// Points per row and rows of the whole grid.
    pub size: usize,
}

impl Part {
    /// Points from a row to the next.
    pub fn stride(&self) -> usize {
        self.size + 2
    }

    /// Points of an array, ghosts included.
    pub fn len(&self) -> usize {
        (self.rows.len() + 2) * self.stride()
    }

    /// The start: substance u everywhere, and squares of v in it. The same for any number of ranks.
    pub fn begin(&self, [u, v]: [&mut [f64]; 2]) {
        u.fill(1.0);
        v.fill(0.0);
        let stride = self.stride();
        for (row, line) in self.rows.clone().zip(1..) {
            for column in 0..self.size {
                if is_seed(row, column) {
                    (u[line * stride + column + 1], v[line * stride + column + 1]) = (0.5, 0.25);
                }
            }
        }
    }

    /// One step from the old arrays, whose ghosts are right, to the inner points of the new ones.
    pub fn step(&self, old: [&[f64]; 2], new: [&mut [f64]; 2]) {
        let stride = self.stride();
        let [new_u, new_v] = new;
        for line in 1..=self.rows.len() {
            let row = |array: usize, line: usize| &old[array][line * stride..][..stride];
            let out = line * stride..(line + 1) * stride;
            let rows = [0, 1].map(|array| [row(array, line - 1), row(array, line), row(array, line + 1)]);
            step_row(rows, &mut new_u[out.clone()], &mut new_v[out]);
        }
    }
}

/// The row and its neighbours above and below, of both substances.
fn step_row([u, v]: [[&[f64]; 3]; 2], new_u: &mut [f64], new_v: &mut [f64]) {
    let width = new_u.len();
    // Slices of one length, so that the loop below needs no check of bounds.
    let [[u0, u1, u2], [v0, v1, v2]] = [u, v].map(|rows| rows.map(|row| &row[..width]));
    let new_v = &mut new_v[..width];
    for i in 1..width - 1 {
        let around_u = u0[i] + u2[i] + u1[i - 1] + u1[i + 1] - 4.0 * u1[i];
        let around_v = v0[i] + v2[i] + v1[i - 1] + v1[i + 1] - 4.0 * v1[i];
        let reaction = u1[i] * v1[i] * v1[i];
        new_u[i] = u1[i] + DIFFUSION[0] * around_u - reaction + FEED * (1.0 - u1[i]);
        new_v[i] = v1[i] + DIFFUSION[1] * around_v + reaction - (FEED + KILL) * v1[i];
    }
}

/// Squares of 8 points at irregular places, one in 12 of the cells of 24 points.
fn is_seed(row: usize, column: usize) -> bool {
    const CELL: usize = 24;
    // splitmix64 of the cell's number.
    let mut hash = ((row / CELL) as u64).wrapping_mul(0x1_0000_0001).wrapping_add((column / CELL) as u64);
    for factor in [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb] {
        hash = hash.wrapping_add(0x9e37_79b9_7f4a_7c15);
        hash = (hash ^ (hash >> 29)).wrapping_mul(factor);
    }
    hash ^= hash >> 32;
    let (down, right) = ((hash >> 8) as usize % 16, (hash >> 16) as usize % 16);
    let inside = |at: usize, start: usize| (start..start + 8).contains(&(at % CELL));
    hash.is_multiple_of(12) && inside(row, down) && inside(column, right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_v_nothing_happens_and_v_decays_without_u() {
        let part = Part { rows: 0..3, size: 4 };
        let (u, v) = (vec![1.0; part.len()], vec![0.0; part.len()]);
        let (mut new_u, mut new_v) = (vec![9.0; part.len()], vec![9.0; part.len()]);
        part.step([&u, &v], [&mut new_u, &mut new_v]);
        assert_eq!((new_u[part.stride() + 1], new_v[part.stride() + 1]), (1.0, 0.0));
        assert_eq!(new_u[0], 9.0, "ghosts are not written");
        let (u, v) = (vec![0.0; part.len()], vec![0.5; part.len()]);
        part.step([&u, &v], [&mut new_u, &mut new_v]);
        assert!((new_u[part.stride() + 4] - FEED).abs() < 1e-15);
        assert!((new_v[part.stride() + 4] - 0.5 * (1.0 - FEED - KILL)).abs() < 1e-15);
    }

    #[test]
    fn the_start_does_not_depend_on_the_parts() {
        let begin = |rows: Range<usize>| {
            let part = Part { rows, size: 96 };
            let (mut u, mut v) = (vec![0.0; part.len()], vec![0.0; part.len()]);
            part.begin([&mut u, &mut v]);
            v[part.stride()..part.len() - part.stride()].to_vec()
        };
        let whole = begin(0..96);
        assert_eq!(whole, [begin(0..31), begin(31..96)].concat());
        assert!(whole.iter().any(|v| *v > 0.0));
    }
}
