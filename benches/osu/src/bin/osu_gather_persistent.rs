//! osu_gather_persistent: the latency of MPI_Start and MPI_Wait of a request of MPI_Gather_init.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Gather, Form::Persistent))
}
