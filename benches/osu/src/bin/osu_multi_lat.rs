//! osu_multi_lat: half the round trip of blocking ping-pongs in all pairs at once.

use osu::Kind;

fn main() {
    osu::main(Kind::MultiLatency)
}
