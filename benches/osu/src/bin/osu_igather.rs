//! osu_igather: the latency of MPI_Igather, and what can be computed meanwhile.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Gather, Form::NonBlocking))
}
