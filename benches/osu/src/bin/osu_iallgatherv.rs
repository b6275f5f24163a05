//! osu_iallgatherv: the latency of MPI_Iallgatherv, and what can be computed meanwhile.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Allgatherv, Form::NonBlocking))
}
