//! osu_iscatter: the latency of MPI_Iscatter, and what can be computed meanwhile.

use osu::{Form, Kind, Operation};

fn main() {
    osu::main(Kind::Collective(Operation::Scatter, Form::NonBlocking))
}
