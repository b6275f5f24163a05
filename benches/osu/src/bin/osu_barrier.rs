//! osu_barrier: the latency of MPI_Barrier.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Barrier, Form::Blocking))
}
