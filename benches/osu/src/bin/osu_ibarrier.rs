//! osu_ibarrier: the latency of MPI_Ibarrier, and what can be computed meanwhile.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Barrier, Form::NonBlocking))
}
