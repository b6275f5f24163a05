//! osu_latency_persistent: half the round trip of a ping-pong of persistent requests.

use osu::Kind;

fn main() {
    osu::main(Kind::LatencyPersistent)
}
