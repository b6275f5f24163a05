//! osu_allreduce: the latency of MPI_Allreduce.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Allreduce, Form::Blocking))
}
