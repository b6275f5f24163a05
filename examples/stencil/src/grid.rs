//! Where the points of a rectangle lie, and one sweep over them. The same code runs serially and on each rank, so that both
//! do the same operations in the same order on every point: the results are equal to the last bit.

/// The sides of a rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Up,
    Down,
    Left,
    Right,
}

/// All of them, in the order of their numbers.
pub const SIDES: [Side; 4] = [Side::Up, Side::Down, Side::Left, Side::Right];

impl Side {
    /// The side on which a neighbour on this side has us.
    pub fn opposite(self) -> Self {
        SIDES[self as usize ^ 1]
    }

    /// Whether the points along it are a column.
    pub fn is_column(self) -> bool {
        matches!(self, Self::Left | Self::Right)
    }
}

/// `rows` x `columns` points inside a border of ghosts one wide, stored row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub rows: usize,
    pub columns: usize,
}

/// A rectangle of the whole field: its first row and column, and its shape.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    pub top: usize,
    pub left: usize,
    pub shape: Shape,
}

impl Shape {
    /// Points between the starts of two rows.
    pub fn stride(self) -> usize {
        self.columns + 2
    }

    /// Numbers of one array: points, ghosts, and what puts the array behind it half a page off. Two arrays at the same place in
    /// their pages are slower by up to a tenth while they fit a cache: a processor that compares the lower 12 bits of addresses
    /// takes loads of one for loads of what it has just stored to the other.
    pub fn len(self) -> usize {
        /// Numbers of 8 bytes in a page of 4 KiB.
        const PAGE: usize = 512;
        ((self.rows + 2) * self.stride() + PAGE / 2).next_multiple_of(PAGE) - PAGE / 2
    }

    /// The index of a point, counted with ghosts: (0, 0) is the ghost at the upper left.
    pub fn index(self, row: usize, column: usize) -> usize {
        row * self.stride() + column
    }

    /// The first point of the row or column next to a side.
    pub fn edge(self, side: Side) -> usize {
        match side {
            Side::Up | Side::Left => self.index(1, 1),
            Side::Down => self.index(self.rows, 1),
            Side::Right => self.index(1, self.columns),
        }
    }

    /// The first ghost beyond a side, beside its `edge`.
    pub fn ghost(self, side: Side) -> usize {
        match side {
            Side::Up => self.index(0, 1),
            Side::Down => self.index(self.rows + 1, 1),
            Side::Left => self.index(1, 0),
            Side::Right => self.index(1, self.columns + 1),
        }
    }

    /// The points of row `row`, from 0, without ghosts.
    pub fn row(self, points: &[f64], row: usize) -> &[f64] {
        let start = self.index(row + 1, 1);
        &points[start..start + self.columns]
    }
}

/// What lies beyond a side: a row of ghosts or of a neighbour's points (stride 1), or a column (the stride of its rows).
#[derive(Clone, Copy)]
pub struct Beyond<'a> {
    pub points: &'a [f64],
    pub stride: usize,
}

/// Writes into `next` the mean of every point of `now` and its four neighbours. `beyond` is by `Side`; None means the ghosts
/// of `now`, which the sweep leaves alone.
pub fn sweep(shape: Shape, now: &[f64], next: &mut [f64], beyond: [Option<Beyond<'_>>; SIDES.len()]) {
    let [up, down, left, right] = SIDES.map(|side| {
        let stride = if side.is_column() { shape.stride() } else { 1 };
        beyond[side as usize].unwrap_or(Beyond { points: &now[shape.ghost(side)..], stride })
    });
    for row in 0..shape.rows {
        let above = if row == 0 { &up.points[..shape.columns] } else { shape.row(now, row - 1) };
        let below = if row + 1 == shape.rows { &down.points[..shape.columns] } else { shape.row(now, row + 1) };
        let ends = [left.points[row * left.stride], right.points[row * right.stride]];
        let start = shape.index(row + 1, 1);
        sweep_row(&mut next[start..start + shape.columns], shape.row(now, row), above, below, ends);
    }
}

/// One row, with AVX2 where there is one, which is a tenth faster: each point's operations and their order are the same.
fn sweep_row(out: &mut [f64], here: &[f64], above: &[f64], below: &[f64], ends: [f64; 2]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        #[target_feature(enable = "avx2")]
        fn wide(out: &mut [f64], here: &[f64], above: &[f64], below: &[f64], ends: [f64; 2]) {
            plain_row(out, here, above, below, ends);
        }
        // SAFETY: the processor has been asked.
        return unsafe { wide(out, here, above, below, ends) };
    }
    plain_row(out, here, above, below, ends);
}

/// One row: the points between the two ends in a loop that compilers vectorise.
#[inline(always)]
fn plain_row(out: &mut [f64], here: &[f64], above: &[f64], below: &[f64], [left, right]: [f64; 2]) {
    let last = out.len() - 1;
    let (above, below, here) = (&above[..=last], &below[..=last], &here[..=last]);
    out[0] = mean(here[0], above[0], below[0], left, if last == 0 { right } else { here[1] });
    for column in 1..last {
        out[column] = mean(here[column], above[column], below[column], here[column - 1], here[column + 1]);
    }
    if last > 0 {
        out[last] = mean(here[last], above[last], below[last], here[last - 1], right);
    }
}

#[inline(always)]
fn mean(here: f64, above: f64, below: f64, left: f64, right: f64) -> f64 {
    0.2 * (here + above + below + left + right)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { rows: 3, columns: 4 };

    /// Points of 1 in ghosts of 2.
    fn framed() -> Vec<f64> {
        let mut points = vec![2.0; SHAPE.len()];
        for row in 1..=SHAPE.rows {
            points[SHAPE.index(row, 1)..=SHAPE.index(row, SHAPE.columns)].fill(1.0);
        }
        points
    }

    #[test]
    fn ghosts_are_read_and_never_written() {
        let now = framed();
        let mut next = now.clone();
        sweep(SHAPE, &now, &mut next, [None; 4]);
        assert_eq!(SHAPE.row(&next, 1)[1], 1.0);
        assert_eq!(SHAPE.row(&next, 0)[1], 0.2 * (1.0 + 2.0 + 1.0 + 1.0 + 1.0));
        assert_eq!(SHAPE.row(&next, 1)[3], 0.2 * (1.0 + 1.0 + 1.0 + 1.0 + 2.0));
        assert_eq!(next[0], 2.0);
    }

    #[test]
    fn what_lies_beyond_replaces_the_ghosts_of_its_side() {
        let now = framed();
        let mut next = now.clone();
        let column: Vec<f64> = (0..9).map(f64::from).collect();
        let mut beyond = [None; 4];
        beyond[Side::Right as usize] = Some(Beyond { points: &column, stride: 3 });
        sweep(SHAPE, &now, &mut next, beyond);
        assert_eq!(SHAPE.row(&next, 1)[3], 0.2 * (1.0 + 1.0 + 1.0 + 1.0 + 3.0));
        assert_eq!(SHAPE.row(&next, 2)[3], 0.2 * (1.0 + 1.0 + 2.0 + 1.0 + 6.0));
        assert_eq!(SHAPE.row(&next, 1)[0], 0.2 * (1.0 + 1.0 + 1.0 + 2.0 + 1.0));
    }

    #[test]
    fn a_single_column_has_both_ends() {
        let shape = Shape { rows: 1, columns: 1 };
        let now: Vec<f64> = (0..9).map(f64::from).collect();
        let mut next = now.clone();
        sweep(shape, &now, &mut next, [None; 4]);
        assert_eq!(next[4], 0.2 * (4.0 + 1.0 + 7.0 + 3.0 + 5.0));
    }
}
