//! osu_iallreduce: the latency of MPI_Iallreduce, and what can be computed meanwhile.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Allreduce, Form::NonBlocking))
}
