//! What the values of options mean. Each function is None for a value that is not allowed.

use bench_harness::Element;

use super::{BufferCount, Graph, Options, Root};
use crate::kind::Kind;
use crate::layout::{Shape, element};
use crate::one_sided::Synchronization;

/// The largest share of `-z`, and how many percentiles the originals take.
const PERCENTILES: usize = 5;

/// A decimal number of at least `least` that fits MPI's `int`.
pub(super) fn at_least(text: &str, least: usize) -> Option<usize> {
    text.parse().ok().filter(|&value| value >= least && value <= i32::MAX as usize)
}

pub(super) fn message_size(options: &mut Options, text: &str) -> Option<()> {
    let (min, max) = match text.split_once(':') {
        None => (None, Some(text)),
        Some((min, "")) => (Some(min), None),
        Some((min, max)) => (Some(min), Some(max)),
    };
    if let Some(min) = min {
        options.min_size = at_least(min, 0)?;
    }
    if let Some(max) = max {
        options.max_size = at_least(max, 1)?;
    }
    (options.min_size <= options.max_size).then_some(())
}

/// Repeated options add types, as in the originals.
pub(super) fn types(options: &mut Options, text: &str) -> Option<()> {
    let all = [Element::Char, Element::Int, Element::Float];
    let mut chosen = match text {
        "all" => all.into_iter().filter(|&kind| allowed(options.kind, kind)).collect(),
        text => vec![element(text).filter(|&kind| allowed(options.kind, kind))?],
    };
    options.elements.append(&mut chosen);
    Some(())
}

/// MPI_Compare_and_swap compares integers only.
fn allowed(kind: Kind, element: Element) -> bool {
    kind != Kind::CompareAndSwapLatency || matches!(element, Element::Char | Element::Int)
}

pub(super) fn derived(options: &mut Options, text: &str) -> Option<()> {
    options.shape = Some(match text {
        "cont" => Shape::Contiguous,
        _ => match text.split_once(':')? {
            ("vect", lengths) => {
                let (stride, length) = lengths.split_once(':')?;
                let (stride, length) = (at_least(stride, 1)?, at_least(length, 1)?);
                (length <= stride).then_some(Shape::Vector { stride, length })?
            }
            ("indx", path) => {
                Shape::Indexed(pairs(path, 1)?.into_iter().map(|(at, len)| (at as usize, len as usize)).collect())
            }
            _ => return None,
        },
    });
    Some(())
}

/// The pairs of numbers of a file with lines `ONE,OTHER`; lines that begin with # are comments. None when the file is not
/// readable, empty or has anything else, or another number is less than `least`.
fn pairs(path: &str, least: i32) -> Option<Vec<(i32, i32)>> {
    let text = std::fs::read_to_string(path).ok()?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pair = |line: &str| {
        let (one, other) = line.split_once(',')?;
        let pair: (i32, i32) = (one.trim().parse().ok()?, other.trim().parse().ok()?);
        (pair.0 >= 0 && pair.1 >= least).then_some(pair)
    };
    lines.map(pair).collect::<Option<Vec<_>>>().filter(|pairs| !pairs.is_empty())
}

pub(super) fn synchronization(options: &mut Options, text: &str) -> Option<()> {
    options.synchronization = Synchronization::parse(options.kind, text)?;
    Some(())
}

pub(super) fn warmup(options: &mut Options, text: &str) -> Option<()> {
    let value = at_least(text, 0)?;
    (options.small.warmup, options.large.warmup) = (value, value);
    Some(())
}

pub(super) fn iterations(options: &mut Options, text: &str) -> Option<()> {
    let value = at_least(text, 1)?;
    (options.small.iterations, options.large.iterations) = (value, value);
    Some(())
}

pub(super) fn window(options: &mut Options, text: &str) -> Option<()> {
    options.window = at_least(text, 1)?;
    Some(())
}

pub(super) fn pair_count(options: &mut Options, text: &str) -> Option<()> {
    options.pairs = Some(at_least(text, 1)?.try_into().ok()?);
    Some(())
}

pub(super) fn print_rate(options: &mut Options, text: &str) -> Option<()> {
    options.print_rate = match text {
        "0" => false,
        "1" => true,
        _ => return None,
    };
    Some(())
}

pub(super) fn buffer_count(options: &mut Options, text: &str) -> Option<()> {
    options.buffers = match text {
        "single" => BufferCount::Single,
        "multiple" => BufferCount::Multiple,
        _ => return None,
    };
    Some(())
}

pub(super) fn validation_warmup(options: &mut Options, text: &str) -> Option<()> {
    options.validation_warmup = at_least(text, 0).filter(|&value| value <= 10)?;
    Some(())
}

pub(super) fn memory_limit(options: &mut Options, text: &str) -> Option<()> {
    options.memory_limit = text.parse().ok().filter(|&value: &usize| value >= 1)?;
    Some(())
}

pub(super) fn probes(options: &mut Options, text: &str) -> Option<()> {
    options.probes = at_least(text, 1)?;
    Some(())
}

/// `RECEIVERS`, with one sender, or `SENDERS:RECEIVERS`.
pub(super) fn workers(options: &mut Options, text: &str) -> Option<()> {
    let number = |text: &str| at_least(text, 1).filter(|&value| value <= 128);
    options.workers = match text.split_once(':') {
        None => (1, number(text)?),
        Some((senders, receivers)) => (number(senders)?, number(receivers)?),
    };
    Some(())
}

pub(super) fn root(options: &mut Options, text: &str) -> Option<()> {
    options.root = match text.split_once(':') {
        None if text == "rotate" => Root::Rotating,
        Some(("fixed", rank)) => Root::Fixed(at_least(rank, 0)? as i32),
        _ => return None,
    };
    Some(())
}

pub(super) fn graph(options: &mut Options, text: &str) -> Option<()> {
    options.graph = match text.split_once(':')? {
        ("cart", numbers) => {
            let (dimensions, radius) = numbers.split_once(':')?;
            Graph::Grid {
                dimensions: at_least(dimensions, 1).filter(|&value| value <= 8)?,
                radius: at_least(radius, 1)?,
            }
        }
        ("graph", path) => Graph::Edges(pairs(path, 0)?),
        _ => return None,
    };
    Some(())
}

/// Without a value: 50, 90 and 99.
pub(super) fn tails(options: &mut Options, text: Option<&str>) -> Option<()> {
    let number = |text: &str| at_least(text, 1).filter(|&value| value <= 99).map(|value| value as u32);
    options.tails = match text {
        None => vec![50, 90, 99],
        Some(list) => list.split(',').map(number).collect::<Option<_>>()?,
    };
    (options.tails.len() <= PERCENTILES).then_some(())
}
