//! osu_ialltoallw: the latency of MPI_Ialltoallw, and what can be computed meanwhile.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Alltoallw, Form::NonBlocking))
}
