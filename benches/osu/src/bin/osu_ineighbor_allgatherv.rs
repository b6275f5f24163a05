//! osu_ineighbor_allgatherv: the latency of MPI_Ineighbor_allgatherv, and what can be computed meanwhile.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::NeighborAllgatherv, Form::NonBlocking))
}
