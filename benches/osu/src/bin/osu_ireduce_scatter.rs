//! osu_ireduce_scatter: the latency of MPI_Ireduce_scatter, and what can be computed meanwhile.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::ReduceScatter, Form::NonBlocking))
}
