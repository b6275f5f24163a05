//! One rank's block of a periodic cube, with a layer of its neighbours' cells around it.

use std::f64::consts::TAU;

/// Number of cells in each direction.
pub type Extent = [usize; 3];

/// Cells of a block; each direction has one more at both ends.
#[derive(Debug)]
pub struct Block {
    cells: Vec<f64>,
    next: Vec<f64>,
    extent: Extent,
    /// Place of its first cell in the whole cube.
    origin: Extent,
    whole: Extent,
}

impl Block {
    /// A standing wave, one period in each direction.
    pub fn new(whole: Extent, extent: Extent, origin: Extent) -> Block {
        let size = extent.iter().map(|n| n + 2).product();
        let mut block = Block { cells: vec![0.0; size], next: vec![0.0; size], extent, origin, whole };
        block.each_inner(|block, at, cell| block.cells[cell] = block.wave(at));
        block
    }

    /// The wave at a cell of the whole cube.
    fn wave(&self, at: Extent) -> f64 {
        (0..3).map(|d| (TAU * at[d] as f64 / self.whole[d] as f64).cos()).product()
    }

    fn index(&self, at: Extent) -> usize {
        (at[0] * (self.extent[1] + 2) + at[1]) * (self.extent[2] + 2) + at[2]
    }

    /// Calls `f` with the place in the whole cube and the index of each cell of its own.
    fn each_inner(&mut self, mut f: impl FnMut(&mut Block, Extent, usize)) {
        let (extent, origin) = (self.extent, self.origin);
        for x in 0..extent[0] {
            for y in 0..extent[1] {
                for z in 0..extent[2] {
                    let cell = self.index([x + 1, y + 1, z + 1]);
                    f(self, [x + origin[0], y + origin[1], z + origin[2]], cell);
                }
            }
        }
    }

    /// Indices of the layer at `depth` in `direction`: 0 and extent + 1 are the neighbours'.
    fn layer(&self, direction: usize, depth: usize) -> impl Iterator<Item = usize> + '_ {
        let (a, b) = ((direction + 1) % 3, (direction + 2) % 3);
        (1..=self.extent[a]).flat_map(move |i| {
            (1..=self.extent[b]).map(move |k| {
                let mut at = [0; 3];
                (at[direction], at[a], at[b]) = (depth, i, k);
                self.index(at)
            })
        })
    }

    /// What a neighbour needs: the first or the last own layer in `direction`.
    pub fn face(&self, direction: usize, last: bool) -> Vec<f64> {
        let depth = if last { self.extent[direction] } else { 1 };
        self.layer(direction, depth).map(|cell| self.cells[cell]).collect()
    }

    /// Puts a neighbour's face behind the last own layer, or before the first.
    pub fn set_halo(&mut self, direction: usize, last: bool, face: &[f64]) {
        let depth = if last { self.extent[direction] + 1 } else { 0 };
        let cells: Vec<usize> = self.layer(direction, depth).collect();
        cells.into_iter().zip(face).for_each(|(cell, &value)| self.cells[cell] = value);
    }

    /// One step of diffusion; the sum of the squares of the new values.
    pub fn step(&mut self, rate: f64) -> f64 {
        let (row, plane) = (self.extent[2] + 2, (self.extent[1] + 2) * (self.extent[2] + 2));
        let mut squares = 0.0;
        self.each_inner(|block, _, i| {
            let c = &block.cells;
            let around = c[i - 1] + c[i + 1] + c[i - row] + c[i + row] + c[i - plane] + c[i + plane];
            let value = c[i] + rate * (around - 6.0 * c[i]);
            squares += value * value;
            block.next[i] = value;
        });
        std::mem::swap(&mut self.cells, &mut self.next);
        squares
    }

    /// The largest difference from the wave times `amplitude`, which is the exact solution.
    pub fn error(&mut self, amplitude: f64) -> f64 {
        let mut largest = 0f64;
        self.each_inner(|block, at, cell| {
            largest = largest.max((block.cells[cell] - amplitude * block.wave(at)).abs())
        });
        largest
    }

    /// By what each step multiplies the wave.
    pub fn decay(&self, rate: f64) -> f64 {
        let sum: f64 = self.whole.iter().map(|&n| 2.0 * (TAU / n as f64).cos() - 2.0).sum();
        1.0 + rate * sum
    }
}
