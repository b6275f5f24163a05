//! osu_ineighbor_alltoallw: the latency of MPI_Ineighbor_alltoallw, and what can be computed meanwhile.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::NeighborAlltoallw, Form::NonBlocking))
}
