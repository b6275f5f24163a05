//! osu_ialltoallv: the latency of MPI_Ialltoallv, and what can be computed meanwhile.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Alltoallv, Form::NonBlocking))
}
