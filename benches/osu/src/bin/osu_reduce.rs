//! osu_reduce: the latency of MPI_Reduce.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Reduce, Form::Blocking))
}
