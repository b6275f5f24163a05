//! What the values of options mean. Each function is None for a value that is not allowed.

use bench_harness::{Element, Threading};

use super::{Multi, Options, Policy};
use crate::benchmark::{Benchmark, Suite};

/// What `-off_cache -1` takes the cache and its line for: 8 MiB and 64 bytes.
const CACHE: (f64, usize) = (8.0, 64);

fn positive(text: &str) -> Option<usize> {
    text.trim().parse().ok().filter(|&value| value >= 1 && value <= i32::MAX as usize)
}

pub(super) fn flag(text: &str) -> Option<bool> {
    match text {
        "on" | "1" | "enable" | "yes" => Some(true),
        "off" | "0" | "disable" | "no" => Some(false),
        _ => None,
    }
}

pub(super) fn npmin(options: &mut Options, text: &str) -> Option<()> {
    options.npmin = positive(text)?.try_into().ok()?;
    Some(())
}

pub(super) fn multi(options: &mut Options, text: &str) -> Option<()> {
    options.multi = match text {
        "0" => Multi::Summary,
        "1" => Multi::EachGroup,
        _ => return None,
    };
    Some(())
}

pub(super) fn map(options: &mut Options, text: &str) -> Option<()> {
    let (p, q) = text.split_once('x')?;
    options.map = Some((positive(p)? as i32, positive(q)? as i32));
    options.map.filter(|(p, q)| p.checked_mul(*q).is_some()).map(|_| ())
}

pub(super) fn iter(options: &mut Options, text: &str) -> Option<()> {
    let numbers: Vec<usize> = text.split(',').map(positive).collect::<Option<_>>()?;
    match numbers[..] {
        [repetitions] => options.repetitions = repetitions,
        [repetitions, volume] => (options.repetitions, options.volume_mib) = (repetitions, volume),
        [repetitions, volume, single] => {
            (options.repetitions, options.volume_mib) = (repetitions, volume);
            options.single_repetitions = Some(single);
        }
        _ => return None,
    }
    Some(())
}

pub(super) fn policy(options: &mut Options, text: &str) -> Option<()> {
    options.policy = match text {
        "dynamic" => Policy::Dynamic,
        "multiple_np" => Policy::MultipleOfProcesses,
        "auto" => Policy::Auto,
        "off" => Policy::Off,
        _ => return None,
    };
    Some(())
}

fn quantity(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|value: &f64| value.is_finite() && *value > 0.0)
}

pub(super) fn time(options: &mut Options, text: &str) -> Option<()> {
    options.seconds = quantity(text)?;
    Some(())
}

pub(super) fn memory(options: &mut Options, text: &str) -> Option<()> {
    options.memory_gb = quantity(text)?;
    Some(())
}

pub(super) fn msglog(options: &mut Options, text: &str) -> Option<()> {
    let (min, max) = text.split_once(':').unwrap_or(("0", text));
    let (min, max) = (min.parse().ok()?, max.parse().ok()?);
    // 2^30 is the largest power of two that a count of MPI_BYTE holds.
    (min <= max && max <= 30).then(|| options.msglog = (min, max))
}

fn lengths<'a>(options: &mut Options, words: impl Iterator<Item = &'a str>) -> Option<()> {
    let length = |word: &str| word.trim().parse().ok().filter(|&value: &usize| value <= i32::MAX as usize);
    options.lengths = Some(words.map(length).collect::<Option<Vec<_>>>().filter(|lengths| !lengths.is_empty())?);
    Some(())
}

pub(super) fn msgsize(options: &mut Options, text: &str) -> Option<()> {
    lengths(options, text.split(','))
}

/// One length a line; `#` begins a comment.
pub(super) fn msglen(options: &mut Options, path: &str) -> Option<()> {
    let text = std::fs::read_to_string(path).ok()?;
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lengths(options, lines.filter(|line| !line.is_empty()))
}

/// `SIZE[,LINE]` in MiB and bytes, or -1.
pub(super) fn off_cache(options: &mut Options, text: &str) -> Option<()> {
    let (size, line) = match text.split_once(',') {
        _ if text == "-1" => CACHE,
        None => (quantity(text)?, CACHE.1),
        Some((size, line)) => (quantity(size)?, positive(line)?),
    };
    options.off_cache = Some(((size * f64::from(1 << 20)) as usize, line));
    Some(())
}

pub(super) fn window_size(options: &mut Options, text: &str) -> Option<()> {
    options.window_size = positive(text)?;
    Some(())
}

/// (the word, the type, its name in MPI)
const TYPES: [(&str, Element, &str); 5] = [
    ("byte", Element::Char, "MPI_BYTE"),
    ("char", Element::Char, "MPI_CHAR"),
    ("int", Element::Int, "MPI_INT"),
    ("float", Element::Float, "MPI_FLOAT"),
    ("double", Element::Double, "MPI_DOUBLE"),
];

fn element(text: &str) -> Option<(Element, &'static str)> {
    TYPES.iter().find(|(word, ..)| *word == text).map(|&(_, element, name)| (element, name))
}

pub(super) fn data_type(options: &mut Options, text: &str) -> Option<()> {
    options.element = element(text)?;
    Some(())
}

pub(super) fn reduction_type(options: &mut Options, text: &str) -> Option<()> {
    options.reduction = element(text).filter(|_| text != "byte")?;
    Some(())
}

pub(super) fn thread_level(options: &mut Options, text: &str) -> Option<()> {
    options.threading = match text {
        "single" => Threading::Single,
        "funneled" => Threading::Funneled,
        "serialized" => Threading::Serialized,
        "multiple" => Threading::Multiple,
        _ => return None,
    };
    Some(())
}

/// The benchmarks of `suite` with these names, whatever their case.
pub(super) fn named(suite: &'static Suite, text: &str) -> Result<Vec<&'static Benchmark>, String> {
    let find = |name: &str| {
        let test = suite.benchmarks.iter().find(|test| test.name.eq_ignore_ascii_case(name));
        test.ok_or_else(|| format!("Invalid benchmark name {name}; -list shows the names of {}.", suite.name))
    };
    text.split(',').map(find).collect()
}

pub(super) fn include(options: &mut Options, text: &str) -> Option<()> {
    options.included.extend(named(options.suite, text).ok()?);
    Some(())
}

pub(super) fn exclude(options: &mut Options, text: &str) -> Option<()> {
    options.excluded.extend(named(options.suite, text).ok()?);
    Some(())
}

/// Lines that are names of benchmarks; `#` begins a comment.
pub(super) fn input(options: &mut Options, path: &str) -> Option<()> {
    let text = std::fs::read_to_string(path).ok()?;
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    for line in lines.filter(|line| !line.is_empty()) {
        options.included.extend(named(options.suite, line).ok()?);
    }
    options.input = Some(path.into());
    Some(())
}
