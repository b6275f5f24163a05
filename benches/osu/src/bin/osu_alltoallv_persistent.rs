//! osu_alltoallv_persistent: the latency of MPI_Start and MPI_Wait of a request of MPI_Alltoallv_init.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Alltoallv, Form::Persistent))
}
