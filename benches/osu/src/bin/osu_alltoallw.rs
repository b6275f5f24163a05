//! osu_alltoallw: the latency of MPI_Alltoallw.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Alltoallw, Form::Blocking))
}
