//! osu_reduce_scatter: the latency of MPI_Reduce_scatter.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::ReduceScatter, Form::Blocking))
}
