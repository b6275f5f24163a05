//! osu_allgatherv: the latency of MPI_Allgatherv.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Allgatherv, Form::Blocking))
}
