//! Jobs that behave as if their ranks were in several address spaces, without hosts: each rank is told that only some of the
//! others are in its own (see PIP_MPI_LOCAL_RANKS).

use crate::run::Run;
use std::ffi::OsStr;

/// Which ranks share a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Neighbours, in so many blocks of about the same size.
    Blocks(usize),
    /// Ranks whose numbers leave the same remainder.
    Alternating(usize),
    /// All but rank 0, which is alone.
    FirstAlone,
}

impl Spread {
    fn space(self, rank: usize, ranks: usize) -> usize {
        match self {
            Spread::Blocks(spaces) => rank * spaces / ranks,
            Spread::Alternating(spaces) => rank % spaces,
            Spread::FirstAlone => rank.min(1),
        }
    }

    /// `pip-mpiexec` with `ranks` ranks of `command`. Programs about windows do without MPI_Win_allocate_shared, which would succeed
    /// here as it does not on several nodes: such windows are MPICH's, with its defects.
    pub fn run<S: AsRef<OsStr>>(self, ranks: usize, command: &[S]) -> Run {
        let first = Run::pip("").env("WITHOUT_SHARED_WINDOWS", "1");
        (0..ranks).fold(first, |run, rank| {
            let alike = |other: &usize| self.space(*other, ranks) == self.space(rank, ranks);
            let local: Vec<String> = (0..ranks).filter(alike).map(|rank| rank.to_string()).collect();
            let run = if rank > 0 { run.arg(":") } else { run };
            let run = run.words("-n 1 -env PIP_MPI_LOCAL_RANKS").arg(local.join(","));
            command.iter().fold(run, Run::arg)
        })
    }
}
