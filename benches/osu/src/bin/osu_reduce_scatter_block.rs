//! osu_reduce_scatter_block: the latency of MPI_Reduce_scatter_block.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::ReduceScatterBlock, Form::Blocking))
}
