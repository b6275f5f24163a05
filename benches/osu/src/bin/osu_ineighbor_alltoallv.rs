//! osu_ineighbor_alltoallv: the latency of MPI_Ineighbor_alltoallv, and what can be computed meanwhile.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::NeighborAlltoallv, Form::NonBlocking))
}
