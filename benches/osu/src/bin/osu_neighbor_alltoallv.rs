//! osu_neighbor_alltoallv: the latency of MPI_Neighbor_alltoallv.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::NeighborAlltoallv, Form::Blocking))
}
