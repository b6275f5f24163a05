//! osu_ireduce_scatter_block: the latency of MPI_Ireduce_scatter_block, and what can be computed meanwhile.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::ReduceScatterBlock, Form::NonBlocking))
}
