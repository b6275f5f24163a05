//! Who exchanges with whom in a neighbourhood collective.

use std::mem::MaybeUninit;

use mpi::ffi;

use crate::world::World;

/// A communicator with a graph: from whom this rank receives and to whom it sends. It must be dropped before MPI ends.
pub struct Neighborhood {
    comm: ffi::MPI_Comm,
    /// The ranks it receives from, in the order of their messages.
    pub sources: Vec<i32>,
    /// The ranks it sends to, in the order of their messages.
    pub destinations: Vec<i32>,
}

impl Neighborhood {
    pub(crate) fn comm(&self) -> ffi::MPI_Comm {
        self.comm
    }

    /// The graph with these neighbours of this rank (MPI_Dist_graph_create_adjacent). Collective.
    pub fn new(world: &World, sources: Vec<i32>, destinations: Vec<i32>) -> Self {
        // Without weights every MPI library has its own constant; equal weights say the same.
        let weights = vec![1; sources.len().max(destinations.len()).max(1)];
        let mut comm = MaybeUninit::uninit();
        // SAFETY: ranks of a valid communicator, with as many weights; MPI writes the handle.
        let comm = unsafe {
            ffi::MPI_Dist_graph_create_adjacent(
                world.comm(),
                sources.len() as i32,
                sources.as_ptr(),
                weights.as_ptr(),
                destinations.len() as i32,
                destinations.as_ptr(),
                weights.as_ptr(),
                ffi::RSMPI_INFO_NULL,
                0,
                comm.as_mut_ptr(),
            );
            comm.assume_init()
        };
        Self { comm, sources, destinations }
    }
}

impl Drop for Neighborhood {
    fn drop(&mut self) {
        // SAFETY: made in `new`, freed only here, while MPI is initialised.
        unsafe { ffi::MPI_Comm_free(&raw mut self.comm) };
    }
}

/// The neighbours of `rank` on a periodic grid of these `sides`: every other place up to `radius` steps away in each direction, in
/// the order of their coordinates. None when the grid is so small that a place would be reached twice.
pub fn neighborhood(rank: usize, sides: &[usize], radius: usize) -> Option<Vec<i32>> {
    if sides.iter().any(|&side| radius > (side - 1) / 2) {
        return None;
    }
    let width = 2 * radius + 1;
    let places = width.checked_pow(sides.len() as u32)?;
    let all = (0..places).map(|mut place| {
        let (mut neighbor, mut stride, mut left) = (0, 1, rank);
        for &side in sides.iter().rev() {
            let (here, step) = (left % side, place % width);
            neighbor += (here + side + step - radius) % side * stride;
            (left, place, stride) = (left / side, place / width, stride * side);
        }
        neighbor as i32
    });
    Some(all.filter(|&neighbor| neighbor != rank as i32).collect())
}

/// `ranks` as a product of `dimensions` factors that differ as little as possible, the largest first.
pub fn sides(ranks: usize, dimensions: usize) -> Vec<usize> {
    let mut sides = vec![1; dimensions.max(1)];
    let (mut left, mut factors) = (ranks.max(1), Vec::new());
    let mut divisor = 2;
    while left > 1 {
        while left.is_multiple_of(divisor) {
            factors.push(divisor);
            left /= divisor;
        }
        divisor += 1;
    }
    for factor in factors.into_iter().rev() {
        if let Some(smallest) = sides.iter_mut().min() {
            *smallest *= factor;
        }
    }
    sides.sort_unstable_by(|one, other| other.cmp(one));
    sides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_has_two_neighbors_and_a_grid_eight() {
        assert_eq!(neighborhood(0, &[4], 1), Some(vec![3, 1]));
        assert_eq!(neighborhood(1, &[2], 1), None);
        assert_eq!(neighborhood(0, &[5], 2), Some(vec![3, 4, 1, 2]));
        assert_eq!(sides(12, 2), [4, 3]);
        assert_eq!(sides(7, 3), [7, 1, 1]);
        assert_eq!(neighborhood(5, &[4, 3], 1), Some(vec![1, 2, 0, 4, 3, 7, 8, 6]));
    }

    #[test]
    fn who_sends_to_me_is_who_i_send_to() {
        for (sides, radius) in [(vec![4, 3], 1), (vec![7], 3), (vec![3, 3, 3], 1)] {
            for rank in 0..sides.iter().product::<usize>() {
                for other in neighborhood(rank, &sides, radius).expect("large enough") {
                    let back = neighborhood(other as usize, &sides, radius).expect("large enough");
                    assert!(back.contains(&(rank as i32)) && other != rank as i32);
                }
            }
        }
    }
}
