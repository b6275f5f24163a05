//! osu_bibw: windows of messages in both directions at once; the bandwidth is that of both.

use osu::Kind;

fn main() {
    osu::main(Kind::BiBandwidth)
}
