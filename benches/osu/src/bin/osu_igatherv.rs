//! osu_igatherv: the latency of MPI_Igatherv, and what can be computed meanwhile.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Gatherv, Form::NonBlocking))
}
