//! A rectangle of points with a ghost border, and one sweep over it. The same code runs serially and on each rank, so that
//! both do the same operations in the same order on every point: the results are equal to the last bit.

/// `rows` x `columns` points inside a border of ghosts one wide, twice: what is read and what is written.
pub struct Grid {
    rows: usize,
    columns: usize,
    now: Vec<f64>,
    next: Vec<f64>,
}

impl Grid {
    /// Fills points and ghosts with `value(row, column)`, where -1 and `rows` (`columns`) are the ghosts.
    pub fn new(rows: usize, columns: usize, value: impl Fn(isize, isize) -> f64) -> Self {
        let mut now = Vec::with_capacity((rows + 2) * (columns + 2));
        for row in -1..=rows as isize {
            now.extend((-1..=columns as isize).map(|column| value(row, column)));
        }
        let next = now.clone();
        Self { rows, columns, now, next }
    }

    /// Points between the starts of two rows.
    pub fn stride(&self) -> usize {
        self.columns + 2
    }

    /// The points' rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// The index of a point, counted with ghosts: (0, 0) is the ghost at the upper left.
    pub fn index(&self, row: usize, column: usize) -> usize {
        row * self.stride() + column
    }

    /// The memory of the points that the next sweep reads, for the halo exchange.
    pub fn memory(&mut self) -> *mut f64 {
        self.now.as_mut_ptr()
    }

    /// One row of points, without ghosts; `row` from 0.
    pub fn row(&self, row: usize) -> &[f64] {
        let start = self.index(row + 1, 1);
        &self.now[start..start + self.columns]
    }

    /// Replaces every point by the mean of itself and its four neighbours.
    pub fn sweep(&mut self) {
        let stride = self.stride();
        for row in 1..=self.rows {
            let start = row * stride;
            let above = &self.now[start - stride..start];
            let here = &self.now[start..start + stride];
            let below = &self.now[start + stride..start + 2 * stride];
            let out = &mut self.next[start..start + stride];
            for column in 1..=self.columns {
                out[column] =
                    0.2 * (here[column] + above[column] + below[column] + here[column - 1] + here[column + 1]);
            }
        }
        std::mem::swap(&mut self.now, &mut self.next);
    }
}

/// The start of the problem: a rough surface, with fixed values around the grid.
pub fn initial(row: isize, column: isize) -> f64 {
    // Irrational factors, so that a point taken from the wrong place differs.
    (row as f64 * 0.731).sin()
        + (column as f64 * 1.177).cos() * 0.5
        + (row * 31 + column * 17).rem_euclid(101) as f64 * 0.01
}

/// The part `index` of `total` points split over `parts`: its start and length. The first ones get the rest.
pub fn part(total: usize, parts: usize, index: usize) -> (usize, usize) {
    let (each, rest) = (total / parts, total % parts);
    (index * each + index.min(rest), each + usize::from(index < rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_grid_stays_and_ghosts_are_never_written() {
        let mut grid =
            Grid::new(3, 4, |row, column| if (0..3).contains(&row) && (0..4).contains(&column) { 1.0 } else { 2.0 });
        grid.sweep();
        assert_eq!(grid.row(1)[1], 1.0);
        assert_eq!(grid.row(0)[1], 0.2 * (1.0 + 2.0 + 1.0 + 1.0 + 1.0));
        assert_eq!(grid.now[0], 2.0);
    }

    #[test]
    fn parts_cover_everything_once() {
        for (total, parts) in [(10, 3), (4, 4), (3, 5), (512, 7)] {
            let mut next = 0;
            for index in 0..parts {
                let (start, length) = part(total, parts, index);
                assert_eq!(start, next);
                next += length;
            }
            assert_eq!(next, total);
        }
    }
}
