//! osu_ialltoall: the latency of MPI_Ialltoall, and what can be computed meanwhile.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Alltoall, Form::NonBlocking))
}
