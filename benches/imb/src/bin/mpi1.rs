//! IMB-MPI1.

fn main() {
    imb::main(&imb::MPI1)
}
