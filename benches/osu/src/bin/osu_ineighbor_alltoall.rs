//! osu_ineighbor_alltoall: the latency of MPI_Ineighbor_alltoall, and what can be computed meanwhile.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::NeighborAlltoall, Form::NonBlocking))
}
