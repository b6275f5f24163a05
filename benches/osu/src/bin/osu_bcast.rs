//! osu_bcast: the latency of MPI_Bcast.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Bcast, Form::Blocking))
}
