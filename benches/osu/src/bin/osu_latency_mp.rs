//! osu_latency_mp: half the round trip of a ping-pong of processes that have forked others.

use osu::Kind;

fn main() {
    osu::main(Kind::ProcessesLatency)
}
