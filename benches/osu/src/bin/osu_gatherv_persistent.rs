//! osu_gatherv_persistent: the latency of MPI_Start and MPI_Wait of a request of MPI_Gatherv_init.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Gatherv, Form::Persistent))
}
