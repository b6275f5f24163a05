//! osu_bibw_persistent: windows of persistent requests in both directions at once; the bandwidth is that of both.

use osu::Kind;

fn main() {
    osu::main(Kind::BiBandwidthPersistent)
}
