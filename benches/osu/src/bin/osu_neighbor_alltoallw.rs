//! osu_neighbor_alltoallw: the latency of MPI_Neighbor_alltoallw.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::NeighborAlltoallw, Form::Blocking))
}
