//! osu_scatter: the latency of MPI_Scatter.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Scatter, Form::Blocking))
}
