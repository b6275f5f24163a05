//! osu_scatterv: the latency of MPI_Scatterv.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Scatterv, Form::Blocking))
}
