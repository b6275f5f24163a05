//! osu_ibcast: the latency of MPI_Ibcast, and what can be computed meanwhile.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Bcast, Form::NonBlocking))
}
