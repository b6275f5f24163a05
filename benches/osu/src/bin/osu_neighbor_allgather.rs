//! osu_neighbor_allgather: the latency of MPI_Neighbor_allgather.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::NeighborAllgather, Form::Blocking))
}
