//! The collective operations as the benchmarks call them: one table of all calls in their blocking, non-blocking and persistent
//! forms, the shapes of their buffers, and what must be in them afterwards ([`checking`]).

mod calls;
mod checking;
mod neighbors;
mod request;

pub use calls::Call;
pub use checking::Pattern;
pub use neighbors::{Neighborhood, neighborhood, sides};
pub use request::Pending;

/// A collective operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// MPI_Allgather
    Allgather,
    /// MPI_Allgatherv
    Allgatherv,
    /// MPI_Allreduce
    Allreduce,
    /// MPI_Alltoall
    Alltoall,
    /// MPI_Alltoallv
    Alltoallv,
    /// MPI_Alltoallw
    Alltoallw,
    /// MPI_Barrier
    Barrier,
    /// MPI_Bcast
    Bcast,
    /// MPI_Gather
    Gather,
    /// MPI_Gatherv
    Gatherv,
    /// MPI_Neighbor_allgather
    NeighborAllgather,
    /// MPI_Neighbor_allgatherv
    NeighborAllgatherv,
    /// MPI_Neighbor_alltoall
    NeighborAlltoall,
    /// MPI_Neighbor_alltoallv
    NeighborAlltoallv,
    /// MPI_Neighbor_alltoallw
    NeighborAlltoallw,
    /// MPI_Reduce
    Reduce,
    /// MPI_Reduce_scatter
    ReduceScatter,
    /// MPI_Reduce_scatter_block
    ReduceScatterBlock,
    /// MPI_Scatter
    Scatter,
    /// MPI_Scatterv
    Scatterv,
}

impl Operation {
    /// Whether one rank sends to all or receives from all.
    pub fn has_root(self) -> bool {
        use Operation::*;
        matches!(self, Bcast | Gather | Gatherv | Reduce | Scatter | Scatterv)
    }

    /// Whether elements are added up.
    pub fn is_reduction(self) -> bool {
        use Operation::*;
        matches!(self, Allreduce | Reduce | ReduceScatter | ReduceScatterBlock)
    }

    /// Whether it runs on the neighbours of a topology.
    pub fn is_neighborhood(self) -> bool {
        use Operation::*;
        matches!(
            self,
            NeighborAllgather | NeighborAllgatherv | NeighborAlltoall | NeighborAlltoallv | NeighborAlltoallw
        )
    }

    /// Whether a buffer of a rank holds a message per rank.
    pub fn is_many_fold(self) -> bool {
        !self.is_reduction() && !matches!(self, Operation::Bcast | Operation::Barrier)
    }

    /// The messages in the send and in the receive buffer of a rank that is a root or not, between `sources` and
    /// `destinations`, which are all ranks, but for neighbourhoods.
    pub fn blocks(self, is_root: bool, sources: usize, destinations: usize) -> (usize, usize) {
        use Operation::*;
        match self {
            Barrier => (0, 0),
            Bcast | Allreduce | Reduce | ReduceScatter | ReduceScatterBlock => (1, 1),
            Allgather | Allgatherv | NeighborAllgather | NeighborAllgatherv => (1, sources),
            Gather | Gatherv => (1, if is_root { sources } else { 0 }),
            Scatter | Scatterv => (if is_root { destinations } else { 0 }, 1),
            Alltoall | Alltoallv | Alltoallw | NeighborAlltoall | NeighborAlltoallv | NeighborAlltoallw => {
                (destinations, sources)
            }
        }
    }
}

/// How many of `elements` rank `rank` of `ranks` gets from a reduction that scatters its result: equal shares, and of the rest
/// the first ranks one each, unless the operation's shares are equal.
pub fn share(operation: Operation, elements: usize, rank: usize, ranks: usize) -> usize {
    let rest = match operation {
        Operation::ReduceScatter => elements % ranks,
        _ => 0,
    };
    elements / ranks + usize::from(rank < rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_all_elements() {
        for (elements, ranks) in [(0, 3), (2, 4), (7, 3), (8, 4)] {
            let shares = |operation| (0..ranks).map(|rank| share(operation, elements, rank, ranks)).collect::<Vec<_>>();
            assert_eq!(shares(Operation::ReduceScatter).iter().sum::<usize>(), elements);
            assert_eq!(shares(Operation::ReduceScatterBlock), vec![elements / ranks; ranks]);
        }
    }

    #[test]
    fn only_roots_hold_what_they_scatter_or_gather() {
        assert_eq!(Operation::Gather.blocks(true, 4, 4), (1, 4));
        assert_eq!(Operation::Gatherv.blocks(false, 4, 4), (1, 0));
        assert_eq!(Operation::Scatter.blocks(false, 4, 4), (0, 1));
        assert_eq!(Operation::NeighborAlltoallw.blocks(false, 2, 3), (3, 2));
        assert_eq!(Operation::Barrier.blocks(true, 4, 4), (0, 0));
    }
}
