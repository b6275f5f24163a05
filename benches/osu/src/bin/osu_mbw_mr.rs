//! osu_mbw_mr: the added bandwidth and message rate of several pairs; rank i sends to rank i + pairs.

use osu::Kind;

fn main() {
    osu::main(Kind::MultiPair)
}
