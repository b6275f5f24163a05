//! osu_latency_mt: half the round trip of ping-pongs of several threads of two processes.

use osu::Kind;

fn main() {
    osu::main(Kind::ThreadsLatency)
}
