//! osu_gather: the latency of MPI_Gather.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Gather, Form::Blocking))
}
