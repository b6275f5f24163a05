//! osu_hello: says how many ranks there are.

use osu::Kind;

fn main() {
    osu::main(Kind::Hello)
}
