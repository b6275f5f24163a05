//! IMB-RMA.

fn main() {
    imb::main(&imb::RMA)
}
