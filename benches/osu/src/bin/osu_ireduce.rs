//! osu_ireduce: the latency of MPI_Ireduce, and what can be computed meanwhile.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Reduce, Form::NonBlocking))
}
