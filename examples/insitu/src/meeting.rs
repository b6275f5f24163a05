//! How the two programs find each other: in one address space by the field "phase", which tells what the simulation is
//! doing; as MPI programs of one job by one collective call at the start, the only one in which both take part.

use crate::Coupling;
use crate::segment::Place;
use anyhow::{Result, ensure};
use mpi::ffi;
use mpi::topology::{Communicator, SimpleCommunicator};
use mpi::traits::{AsRaw, CommunicatorCollectives};
use std::mem::MaybeUninit;

/// The field in which rank 0 of the simulation tells about a phase: a stretch of steps with one coupling.
pub const PHASE: &str = "phase";

/// A stretch of steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// How the arrays are shared in it.
    pub coupling: Coupling,
    /// The first step after those of earlier phases.
    pub first: u64,
    /// One per rank of the simulation; empty without shared memory.
    pub segments: Vec<Place>,
    /// Ranks of the simulation.
    pub ranks: usize,
    /// No step will follow; the last one may still be looked at.
    pub over: bool,
}

impl Phase {
    /// Numbers in the field of a simulation of so many ranks.
    pub fn words(ranks: usize) -> usize {
        4 + 2 * ranks
    }

    /// Writes it into the field.
    pub fn write(&self, words: &mut [u64]) {
        words.fill(0);
        words[..4].copy_from_slice(&[self.coupling as u64, self.first, self.ranks as u64, u64::from(self.over)]);
        for (words, place) in words[4..].chunks_mut(2).zip(&self.segments) {
            words.copy_from_slice(&place.words());
        }
    }

    /// Reads what [`Phase::write`] wrote.
    pub fn read(words: &[u64]) -> Option<Phase> {
        let (&[coupling, first, ranks, over], places) = words.split_first_chunk::<4>()?;
        let segments = places.chunks(2).filter_map(Place::of).collect();
        Some(Phase { coupling: Coupling::of(coupling)?, first, segments, ranks: ranks as usize, over: over != 0 })
    }
}

/// Whether a launcher started this process as a rank, so that the others wait for its MPI_Init.
pub fn is_rank() -> bool {
    ["PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK"].iter().any(|name| std::env::var_os(name).is_some())
}

/// Tells all ranks of the job where this rank's segment is, and returns everybody's, without those who have none.
pub fn exchange(world: &SimpleCommunicator, own: Option<Place>) -> Vec<Place> {
    let mut words = vec![0; 2 * world.size() as usize];
    world.all_gather_into(&own.map_or([0; 2], |place| place.words())[..], &mut words[..]);
    words.chunks(2).filter_map(Place::of).collect()
}

/// The communicator of the ranks that run the same program as this one.
pub fn same_program(world: &SimpleCommunicator, simulation: bool) -> Result<ffi::MPI_Comm> {
    let mut comm = MaybeUninit::uninit();
    // SAFETY: every rank of both programs calls this once, with a valid colour; MPI writes the handle.
    let comm = unsafe {
        let code = ffi::MPI_Comm_split(world.as_raw(), i32::from(simulation), world.rank(), comm.as_mut_ptr());
        ensure!(code == ffi::MPI_SUCCESS as i32, "MPI_Comm_split failed with code {code}");
        comm.assume_init()
    };
    Ok(comm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_survive_the_field() {
        let place = |pid| Place { pid, fd: 7 };
        let phase =
            Phase { coupling: Coupling::Shm, first: 40, segments: vec![place(11), place(12)], ranks: 2, over: true };
        let mut words = vec![9; Phase::words(2)];
        phase.write(&mut words);
        assert_eq!(Phase::read(&words), Some(phase.clone()));
        let bare = Phase { segments: Vec::new(), coupling: Coupling::ZeroCopy, ..phase };
        bare.write(&mut words);
        assert_eq!(Phase::read(&words), Some(bare));
        assert_eq!(Phase::read(&[9, 0, 0, 0]), None);
        assert_eq!(Phase::read(&[1]), None);
    }
}
