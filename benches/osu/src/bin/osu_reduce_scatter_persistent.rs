//! osu_reduce_scatter_persistent: the latency of MPI_Start and MPI_Wait of a request of MPI_Reduce_scatter_init.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::ReduceScatter, Form::Persistent))
}
