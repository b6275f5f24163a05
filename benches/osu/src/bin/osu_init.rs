//! osu_init: how long MPI_Init takes.

fn main() {
    osu::run_init()
}
