//! osu_alltoallw_persistent: the latency of MPI_Start and MPI_Wait of a request of MPI_Alltoallw_init.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Alltoallw, Form::Persistent))
}
