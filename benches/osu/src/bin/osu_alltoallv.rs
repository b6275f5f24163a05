//! osu_alltoallv: the latency of MPI_Alltoallv.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Alltoallv, Form::Blocking))
}
