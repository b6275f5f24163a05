//! Whether the result is right: a serial run on rank 0, whose result every rank gets its part of, and a checksum.

use anyhow::Result;
use mpi::ffi;
use std::time::{Duration, Instant};

use crate::cart::Cart;
use crate::field::{Field, Problem};
use crate::grid::{Block, SIDES, Shape};
use crate::memory;

const RESULT: i32 = 10;

/// What the serial run has found.
pub struct Serial {
    /// This rank's part, row by row, without ghosts.
    expected: Vec<f64>,
    /// How long all sweeps took on rank 0.
    pub time: Duration,
}

impl Serial {
    /// Runs on rank 0 while the others wait. All ranks call.
    ///
    /// # Errors
    /// On all ranks, if one finds no memory.
    pub fn run(problem: Problem, cart: &Cart, iterations: usize) -> Result<Self> {
        let Shape { rows, columns } = cart.mine().shape;
        let mut expected = cart.comm.agree(memory::reserve(rows * columns))?;
        let whole = problem.whole();
        let root = cart.comm.rank == 0;
        let memory = cart.comm.agree(memory::reserve(if root { 2 * whole.shape.len() } else { 0 }))?;
        if !root {
            expected.chunks_exact_mut(columns).for_each(|row| receive(cart, row));
            return Ok(Self { expected, time: Duration::ZERO });
        }
        let mut field = Field::new(problem, whole, memory);
        let start = Instant::now();
        (0..iterations).for_each(|_| field.sweep([None; SIDES.len()]));
        let time = start.elapsed();
        for rank in 0..cart.comm.size {
            let Block { top, left, shape } = cart.block(rank);
            for row in 0..shape.rows {
                let points = &whole.shape.row(field.now(), top + row)[left..left + shape.columns];
                if rank == 0 {
                    expected[row * columns..][..columns].copy_from_slice(points);
                } else {
                    send(cart, rank, points);
                }
            }
        }
        Ok(Self { expected, time })
    }

    /// How many of this rank's points differ in any bit.
    pub fn differing(&self, shape: Shape, points: &[f64]) -> u64 {
        let rows = self.expected.chunks_exact(shape.columns).enumerate();
        rows.map(|(row, expected)| {
            let differ = |(a, b): &(&f64, &f64)| a.to_bits() != b.to_bits();
            shape.row(points, row).iter().zip(expected).filter(differ).count() as u64
        })
        .sum()
    }
}

fn send(cart: &Cart, rank: i32, points: &[f64]) {
    // SAFETY: a slice of that many doubles; a row fits an int.
    unsafe {
        let count = points.len() as i32;
        ffi::MPI_Send(points.as_ptr().cast(), count, ffi::RSMPI_DOUBLE, rank, RESULT, cart.comm.raw());
    }
}

fn receive(cart: &Cart, points: &mut [f64]) {
    // SAFETY: as above; rank 0 sends rows of this rank's length.
    unsafe {
        let (data, count, status) = (points.as_mut_ptr().cast(), points.len() as i32, ffi::RSMPI_STATUS_IGNORE);
        ffi::MPI_Recv(data, count, ffi::RSMPI_DOUBLE, 0, RESULT, cart.comm.raw(), status);
    }
}

/// A number that depends on each bit of each point and on its place, but not on which rank has it: the sum over all ranks, modulo
/// 2^64, is the field's.
pub fn checksum(block: Block, size: usize, points: &[f64]) -> u64 {
    let Shape { rows, columns } = block.shape;
    let mut sum = 0u64;
    for row in 0..rows {
        let first = (block.top + row) * size + block.left;
        for (index, point) in (first..first + columns).zip(block.shape.row(points, row)) {
            // Odd factors lose no bit.
            let factor = (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            sum = sum.wrapping_add(point.to_bits().wrapping_mul(factor));
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_that_differ_in_a_bit_are_counted_and_ghosts_are_not() {
        let shape = Shape { rows: 2, columns: 3 };
        let serial = Serial { expected: (0..6).map(f64::from).collect(), time: Duration::ZERO };
        let mut points = vec![9.0; shape.len()];
        for row in 0..2 {
            points[shape.index(row + 1, 1)..][..3].copy_from_slice(&serial.expected[row * 3..][..3]);
        }
        assert_eq!(serial.differing(shape, &points), 0);
        // Equal as numbers, not as bits.
        points[shape.index(1, 1)] = -0.0;
        points[shape.index(2, 3)] += f64::EPSILON * 4.0;
        assert_eq!(serial.differing(shape, &points), 2);
    }

    #[test]
    fn a_checksum_sees_bits_and_places_but_not_ranks() {
        let whole = Problem { size: 6 }.whole();
        let points: Vec<f64> = (0..whole.shape.len()).map(|index| index as f64).collect();
        let all = checksum(whole, 6, &points);
        let half = Shape { rows: 3, columns: 6 };
        let upper = checksum(Block { top: 0, left: 0, shape: half }, 6, &points);
        let lower = checksum(Block { top: 3, left: 0, shape: half }, 6, &points[3 * whole.shape.stride()..]);
        assert_eq!(upper.wrapping_add(lower), all);
        let mut other = points.clone();
        other.swap(whole.shape.index(1, 1), whole.shape.index(1, 2));
        assert_ne!(checksum(whole, 6, &other), all);
        other = points;
        let point = whole.shape.index(3, 3);
        other[point] = f64::from_bits(other[point].to_bits() ^ 1);
        assert_ne!(checksum(whole, 6, &other), all);
    }
}
