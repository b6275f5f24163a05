//! osu_gatherv: the latency of MPI_Gatherv.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Gatherv, Form::Blocking))
}
