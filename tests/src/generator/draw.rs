//! Drawing a case from a seed.

use super::case::{Case, Extras, Form, Kind, Message, Mode, Posting, Receive, Step};
use super::communicators::{ALL, Derivation};
use super::random::Random;
use super::schedule::PROBING;
use super::types::Blueprint;

/// Lengths at which the shim or MPICH changes its ways, and their neighbours.
const EDGES: [u32; 20] = [
    47, 48, 49, 64, 511, 512, 513, 4096, 7999, 8192, 16383, 16384, 16385, 24000, 32768, 49151, 49152, 49153, 65536,
    131_073,
];

/// The case of a seed, of `ranks` ranks.
pub fn case(seed: u64, ranks: usize) -> Case {
    let mut random = Random::new(seed);
    let threaded = random.chance(20);
    // Over UCX, stock MPICH 4.0.2 fails an assertion when several threads call it.
    let stock = random.chance(70) && !threaded;
    let communicators = (0..random.below(7))
        .map(|_| Derivation { how: random.pick(&ALL), parent: random.raw(), choice: random.raw() })
        .collect();
    let types = (0..random.below(9)).map(|_| Blueprint { of: random.raw(), seed: random.raw() }).collect();
    let mut case = Case { seed, ranks, threaded, stock, communicators, types, steps: Vec::new() };
    for _ in 0..random.between(1, 4) {
        let step =
            if threaded && random.chance(60) { threads(&mut random, stock) } else { any_step(&mut random, stock) };
        case.steps.push(step);
    }
    case
}

fn any_step(random: &mut Random, stock: bool) -> Step {
    let kind = match random.below(20) {
        0..=9 => Kind::Exchange,
        10..=12 => Kind::Ordered,
        13..=14 => Kind::Ring,
        15..=16 => Kind::Sink,
        17..=18 => Kind::CancelReceive,
        _ if stock => Kind::Ordered, // stock MPICH 4.0.2 cannot cancel sends over UCX
        _ => Kind::CancelSend,
    };
    let most = match kind {
        Kind::Ring => 4,
        Kind::CancelReceive | Kind::CancelSend => 5,
        _ if random.chance(10) => 40,
        _ => 12,
    };
    let wild = random.pick(&[0, 0, 30, 80]);
    let truncating = matches!(kind, Kind::Exchange | Kind::Ordered) && random.chance(20);
    let messages = (0..random.between(1, most)).map(|_| message(random, wild, truncating)).collect();
    Step { kind, order: random.draw(), messages, extras: extras(random), inner: Vec::new() }
}

fn threads(random: &mut Random, stock: bool) -> Step {
    let count = random.between(2, 4);
    let steps = |random: &mut Random| (0..random.between(1, 3)).map(|_| any_step(random, stock)).collect();
    let inner = (0..count).map(|_| steps(random)).collect();
    let kind = Kind::Threads(random.chance(40));
    Step { kind, order: random.draw(), messages: Vec::new(), extras: Extras::default(), inner }
}

fn extras(random: &mut Random) -> Extras {
    Extras {
        posting: random.pick(&[Posting::ReceivesFirst, Posting::SendsFirst, Posting::Mixed]),
        barrier: random.chance(35),
        repeats: if random.chance(25) { random.between(1, 2) } else { 0 },
        phantoms: if random.chance(20) { random.between(1, 2) } else { 0 },
        nulls: usize::from(random.chance(20)),
        collectives: if random.chance(25) { random.between(1, 3) } else { 0 },
        temporary: random.chance(10),
        frees: random.chance(15),
        pauses: random.pick(&[0, 0, 0, 10, 300]),
    }
}

fn message(random: &mut Random, wild: usize, truncating: bool) -> Message {
    Message {
        communicator: random.raw(),
        part: random.raw(),
        source: random.raw(),
        dest: random.raw(),
        tag: random.raw(),
        send_type: random.raw(),
        receive_type: random.raw(),
        bytes: bytes(random),
        spare: random.raw(),
        mode: random.pick(&[
            Mode::Standard,
            Mode::Standard,
            Mode::Standard,
            Mode::Buffered,
            Mode::Synchronous,
            Mode::Ready,
        ]),
        form: random.pick(&[Form::Blocking, Form::Nonblocking, Form::Nonblocking, Form::Persistent]),
        receive: match random.below(8) {
            0 | 1 => Receive::Blocking,
            2..=4 => Receive::Nonblocking,
            5 => Receive::Persistent,
            _ => Receive::Probing(random.pick(&PROBING)),
        },
        any_source: random.chance(wild),
        any_tag: random.chance(wild),
        large: if random.chance(20) { random.raw() } else { 0 },
        truncated: truncating && random.chance(20),
    }
}

fn bytes(random: &mut Random) -> u32 {
    let below = |random: &mut Random, end: usize| random.below(end) as u32;
    match random.below(100) {
        0..=11 => 0,
        12..=44 => below(random, 65),
        45..=64 => random.pick(&EDGES),
        65..=88 => below(random, 5000),
        89..=97 => below(random, 80_000),
        _ => below(random, 400_000),
    }
}
