//! osu_bw_persistent: windows of persistent sends from rank 0 to rank 1, each answered by one short message.

use osu::Kind;

fn main() {
    osu::main(Kind::BandwidthPersistent)
}
