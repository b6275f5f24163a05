//! osu_neighbor_alltoall: the latency of MPI_Neighbor_alltoall.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::NeighborAlltoall, Form::Blocking))
}
