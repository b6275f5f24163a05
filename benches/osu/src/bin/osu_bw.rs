//! osu_bw: windows of MPI_Isend from rank 0 to rank 1, each answered by one short message.

use osu::Kind;

fn main() {
    osu::main(Kind::Bandwidth)
}
