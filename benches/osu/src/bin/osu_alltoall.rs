//! osu_alltoall: the latency of MPI_Alltoall.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Alltoall, Form::Blocking))
}
