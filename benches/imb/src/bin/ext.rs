//! IMB-EXT.

fn main() {
    imb::main(&imb::EXT)
}
