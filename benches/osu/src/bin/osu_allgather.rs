//! osu_allgather: the latency of MPI_Allgather.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Allgather, Form::Blocking))
}
