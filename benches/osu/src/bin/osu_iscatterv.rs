//! osu_iscatterv: the latency of MPI_Iscatterv, and what can be computed meanwhile.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Scatterv, Form::NonBlocking))
}
