//! osu_iallgather: the latency of MPI_Iallgather, and what can be computed meanwhile.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Allgather, Form::NonBlocking))
}
