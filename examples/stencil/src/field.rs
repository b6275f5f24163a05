//! A field of heat: its start, its sources, and the two arrays that sweeps read and write in turn, in memory of any kind.

use crate::grid::{Beyond, Block, SIDES, Shape, sweep};

/// What each source adds to its point in every sweep, in the field's degrees.
const HEAT: f64 = 20.0;

/// Memory for two arrays of one length, 0 and 1.
pub trait Memory {
    /// One of them, which nobody writes while the slice lives.
    fn array(&self, parity: usize) -> &[f64];

    /// Array `parity` to read, the other one to write.
    fn arrays(&mut self, parity: usize) -> (&[f64], &mut [f64]);
}

impl Memory for Vec<f64> {
    fn array(&self, parity: usize) -> &[f64] {
        let length = self.len() / 2;
        &self[parity * length..][..length]
    }

    fn arrays(&mut self, parity: usize) -> (&[f64], &mut [f64]) {
        let length = self.len() / 2;
        let (first, second) = self.split_at_mut(length);
        if parity == 0 { (first, second) } else { (second, first) }
    }
}

/// What is computed: a square plate of `size` x `size` points, whose border keeps its temperature.
#[derive(Clone, Copy, Debug)]
pub struct Problem {
    /// Points per side.
    pub size: usize,
}

impl Problem {
    /// The whole plate.
    pub fn whole(self) -> Block {
        Block { top: 0, left: 0, shape: Shape { rows: self.size, columns: self.size } }
    }

    /// The temperature of a point at the start; -1 and `size` are the border. A coil glows on a cold plate, from 100 degrees at
    /// its inner end down to 40.
    fn start(self, row: isize, column: isize) -> f64 {
        const TURNS: f64 = 3.0;
        let unit = |index: isize| (2.0 * index as f64 + 1.0) / self.size as f64 - 1.0;
        let (x, y) = (unit(column), unit(row));
        let radius = x.hypot(y);
        // A texture of up to 2 degrees, so that no point equals its neighbours and one taken from the wrong place shows.
        let texture = (row * 31 + column * 17).rem_euclid(101) as f64 * 0.02;
        if !(0.1..0.75).contains(&radius) {
            return texture;
        }
        // Where along the coil's windings the point lies: whole numbers are on the wire.
        let winding = (radius - 0.1) / 0.65 * TURNS - y.atan2(x) / std::f64::consts::TAU;
        if (winding - winding.round()).abs() < 0.17 { 100.0 - 80.0 * (radius - 0.1) + texture } else { texture }
    }

    /// The points with a source of heat: three, beside the coil.
    fn sources(self) -> [(usize, usize); 3] {
        let at = |part: f64| ((self.size as f64 * part) as usize).min(self.size - 1);
        [(at(0.10), at(0.12)), (at(0.86), at(0.14)), (at(0.12), at(0.88))]
    }
}

/// One rank's part of the plate (or all of it), twice: what is read and what is written.
pub struct Field<M> {
    block: Block,
    memory: M,
    /// 0 or 1: which of them the next sweep reads.
    now: usize,
    /// Indices of the sources in this part.
    sources: Vec<usize>,
}

impl<M: Memory> Field<M> {
    /// Fills `memory`, whose arrays have the length of the block's shape, with the problem's start.
    pub fn new(problem: Problem, block: Block, mut memory: M) -> Self {
        let shape = block.shape;
        let (_, first) = memory.arrays(1);
        for (row, points) in first.chunks_exact_mut(shape.stride()).take(shape.rows + 2).enumerate() {
            for (column, point) in points.iter_mut().enumerate() {
                *point = problem.start((block.top + row) as isize - 1, (block.left + column) as isize - 1);
            }
        }
        let (first, second) = memory.arrays(0);
        second.copy_from_slice(first);
        let sources = problem.sources().into_iter().filter_map(|(row, column)| {
            let (row, column) = (row.checked_sub(block.top)?, column.checked_sub(block.left)?);
            (row < shape.rows && column < shape.columns).then(|| shape.index(row + 1, column + 1))
        });
        Self { block, sources: sources.collect(), memory, now: 0 }
    }

    /// Which part of the plate this is.
    pub fn block(&self) -> Block {
        self.block
    }

    /// The points and ghosts that the next sweep reads.
    pub fn now(&self) -> &[f64] {
        self.memory.array(self.now)
    }

    /// Which of the two arrays that is, 0 or 1: the same on all ranks.
    pub fn parity(&self) -> usize {
        self.now
    }

    /// The memory itself.
    pub fn memory(&mut self) -> &mut M {
        &mut self.memory
    }

    /// One sweep, and what the sources add. Beyond the sides lies `beyond`, or the ghosts.
    pub fn sweep(&mut self, beyond: [Option<Beyond<'_>>; SIDES.len()]) {
        let shape = self.block.shape;
        let (now, next) = self.memory.arrays(self.now);
        sweep(shape, now, next, beyond);
        for &source in &self.sources {
            next[source] += HEAT;
        }
        self.now ^= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(size: usize) -> Field<Vec<f64>> {
        let problem = Problem { size };
        let block = problem.whole();
        Field::new(problem, block, vec![0.0; 2 * block.shape.len()])
    }

    #[test]
    fn each_source_heats_its_point_once_per_sweep() {
        let mut field = whole(50);
        let shape = field.block().shape;
        let mut unheated = field.now().to_vec();
        sweep(shape, field.now(), &mut unheated, [None; 4]);
        field.sweep([None; 4]);
        let heated: Vec<_> = (0..shape.len()).filter(|&index| field.now()[index] != unheated[index]).collect();
        let expected = field.sources.clone();
        assert_eq!(heated.len(), 3);
        assert!(heated.iter().all(|index| expected.contains(index)));
    }

    #[test]
    fn a_part_starts_like_its_place_in_the_whole() {
        let whole = whole(40);
        let block = Block { top: 20, left: 3, shape: Shape { rows: 20, columns: 9 } };
        let part = Field::new(Problem { size: 40 }, block, vec![0.0; 2 * block.shape.len()]);
        for row in 0..20 {
            let expected = &whole.block().shape.row(whole.now(), 20 + row)[3..12];
            assert_eq!(block.shape.row(part.now(), row), expected);
        }
        assert_eq!(part.sources.len(), 1);
    }
}
