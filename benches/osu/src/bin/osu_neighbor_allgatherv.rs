//! osu_neighbor_allgatherv: the latency of MPI_Neighbor_allgatherv.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::NeighborAllgatherv, Form::Blocking))
}
