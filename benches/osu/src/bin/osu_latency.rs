//! osu_latency: half the round trip of a blocking ping-pong between two processes.

use osu::Kind;

fn main() {
    osu::main(Kind::Latency)
}
