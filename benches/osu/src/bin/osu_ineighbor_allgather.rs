//! osu_ineighbor_allgather: the latency of MPI_Ineighbor_allgather, and what can be computed meanwhile.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::NeighborAllgather, Form::NonBlocking))
}
