//! osu_allreduce_persistent: the latency of MPI_Start and MPI_Wait of a request of MPI_Allreduce_init.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Allreduce, Form::Persistent))
}
