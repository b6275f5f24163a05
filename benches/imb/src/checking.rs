//! `-check`: before the clock starts, one repetition with data that names its sender, counted wrong byte by byte.

use bench_harness::{Element, Pattern, World};

use crate::benchmark::{Arrives, Benchmark};
use crate::sample::Sample;

/// Repetitions that are checked.
pub const PASSES: usize = 2;

/// The byte at `position` of the message of `from`. The period 251 is prime.
fn byte(position: usize, from: i32, pass: usize) -> u8 {
    ((position + 7 * pass + 31 * from as usize) % 251) as u8
}

/// The number in element `position` that process `from` adds.
fn number(position: usize, from: i32, pass: usize) -> i64 {
    ((3 * position + 7 * pass + 5 * from as usize) % 23) as i64
}

/// What is in a window before numbers are added to it.
fn before(position: usize) -> i64 {
    (position % 11) as i64
}

/// Writes the first parts of both buffers. The messages of a send buffer with two are equal.
pub fn prepare(test: &Benchmark, sample: &Sample<'_>, blocks: (usize, usize), pass: usize) {
    let (send, recv) = parts(sample, blocks);
    let (rank, size) = (sample.world.rank(), sample.size.max(1));
    match test.arrives {
        Arrives::Collective(_) => {
            if let Some(pattern) = pattern(test, sample, pass) {
                pattern.prepare(send, recv);
            }
        }
        Arrives::Sum(_) | Arrives::Swapped(_) => {
            for position in 0..sample.count as usize {
                sample.element.write(send, position, number(position, rank, pass));
                sample.element.write(recv, position, before(position));
                // What is compared, where something is.
                if blocks.0 == 2 {
                    sample.element.write(send, sample.count as usize + position, before(position));
                }
            }
        }
        _ => {
            send.iter_mut().enumerate().for_each(|(position, value)| *value = byte(position % size, rank, pass));
            // No sender's byte is equal to this, whoever it is.
            recv.fill(255);
        }
    }
}

/// Counts what is wrong on this process: bytes or, of sums, elements.
pub fn count_errors(test: &Benchmark, sample: &Sample<'_>, blocks: (usize, usize), pass: usize) -> i32 {
    let (_, recv) = parts(sample, blocks);
    let (world, size) = (sample.world, sample.size);
    let whole = |part: &[u8], from: i32| {
        part.iter().enumerate().filter(|&(position, &found)| found != byte(position, from, pass)).count()
    };
    let wrong = match test.arrives {
        Arrives::Unknown => 0,
        Arrives::From(from) => match from(world) {
            Some(from) => whole(&recv[..size], from),
            None => recv[..size].iter().filter(|&&found| found != 255).count(),
        },
        Arrives::Halves(from) => {
            let (first, second) = from(world);
            whole(&recv[..size], first) + whole(&recv[size..2 * size], second)
        }
        Arrives::Any(here) if here(world) && world.size() > 1 => {
            let anybody = |position: usize, found: u8| {
                (0..world.size()).any(|from| from != world.rank() && byte(position, from, pass) == found)
            };
            recv[..size].iter().enumerate().filter(|&(position, &found)| !anybody(position, found)).count()
        }
        Arrives::Any(_) => recv[..size].iter().filter(|&&found| found != 255).count(),
        Arrives::Swapped(from) => {
            let expected = from(world).map_or(before(0), |from| number(0, from, pass));
            usize::from(recv[..sample.element.size()] != sample.element.encoded(expected)[..sample.element.size()])
        }
        Arrives::Sum(from) => sums(sample.element, recv, &from(world), pass, sample.count as usize),
        Arrives::Collective(_) => {
            pattern(test, sample, pass).map_or(0, |pattern| pattern.count_errors(recv).max(0) as usize)
        }
    };
    i32::try_from(wrong).unwrap_or(i32::MAX)
}

fn sums(element: Element, recv: &[u8], from: &[i32], pass: usize, count: usize) -> usize {
    let size = element.size();
    let expected = |position: usize| {
        let added: i64 = from.iter().map(|&from| number(position, from, pass)).sum();
        element.encoded(before(position) + added)
    };
    let elements = recv.chunks_exact(size).take(count).enumerate();
    elements.filter(|&(position, found)| found != &expected(position)[..size]).count()
}

fn pattern<'a>(test: &Benchmark, sample: &Sample<'a>, pass: usize) -> Option<Pattern<'a>> {
    let Arrives::Collective(operation) = test.arrives else { return None };
    Some(Pattern {
        operation,
        element: sample.element,
        count: sample.count as usize,
        rank: sample.world.rank() as usize,
        ranks: sample.world.size() as usize,
        root: 0,
        neighbors: None,
        iteration: pass,
    })
}

/// The parts of the buffers that the first repetition uses.
fn parts<'a>(sample: &Sample<'_>, (send, recv): (usize, usize)) -> (&'a mut [u8], &'a mut [u8]) {
    // SAFETY: both buffers hold so many messages of this size and live through the table; no operation uses them now, which the
    // barriers around a checked repetition see to.
    unsafe {
        (
            std::slice::from_raw_parts_mut(sample.send.start, send * sample.size),
            std::slice::from_raw_parts_mut(sample.recv.start, recv * sample.size),
        )
    }
}

/// The other process of a pair.
pub fn peer(world: &World) -> Option<i32> {
    (world.rank() < 2).then(|| 1 - world.rank())
}

/// The neighbour to the left on a ring.
pub fn left(world: &World) -> i32 {
    (world.rank() + world.size() - 1) % world.size()
}

/// The neighbour to the right on a ring.
pub fn right(world: &World) -> i32 {
    (world.rank() + 1) % world.size()
}
