//! Datatypes: how they are made, and which basic elements they hold in which order.

use super::random::Random;
use super::script::Script;

/// Sizes of the interpreter's basic types.
const BASIC: [usize; 8] = [1, 1, 2, 4, 4, 8, 8, 8];

/// No type holds more bytes.
const MOST_BYTES: usize = 3000;

/// How a type is made of others; everything follows from two raw numbers.
#[derive(Debug, Clone, Copy)]
pub struct Blueprint {
    /// The type below.
    pub of: u32,
    /// Constructor and parameters.
    pub seed: u32,
}

/// A datatype.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type {
    /// Its number in the script.
    pub slot: usize,
    /// The shortest sequence of basic types that its own repeats.
    pub period: Vec<u8>,
    /// How often.
    pub units: usize,
}

impl Type {
    /// Bytes of data in one element.
    pub fn bytes(&self) -> usize {
        self.units * self.unit_bytes()
    }

    /// Bytes of data in one period.
    pub fn unit_bytes(&self) -> usize {
        self.period.iter().map(|&basic| BASIC[usize::from(basic)]).sum()
    }

    /// Whether it is none of the basic ones.
    pub fn is_derived(&self) -> bool {
        self.slot >= BASIC.len()
    }

    /// The sequence of basic types, unless it is long.
    fn sequence(&self) -> Option<Vec<u8>> {
        (self.period.len() * self.units <= 48).then(|| self.period.repeat(self.units))
    }
}

/// Makes all types of a case; the basic ones come first.
pub fn make(script: &mut Script, blueprints: &[Blueprint]) -> Vec<Type> {
    let mut made: Vec<Type> = (0..BASIC.len()).map(|slot| Type { slot, period: vec![slot as u8], units: 1 }).collect();
    for (index, blueprint) in blueprints.iter().enumerate() {
        let slot = BASIC.len() + index;
        let mut random = Random::new(u64::from(blueprint.seed));
        // Types without data are in no other type: packing those, MPICH 4.0.2 divides by zero.
        let full: Vec<&Type> = made.iter().filter(|kind| kind.units > 0).collect();
        let of = full[blueprint.of as usize % full.len()].clone();
        let (mut line, mut units) = construct(&mut random, &of);
        let mut period = of.period.clone();
        if random.chance(15) {
            let other = full[random.below(full.len())];
            if let Some((text, both)) = structure(&mut random, &of, other) {
                (line, (period, units)) = (text, both);
            }
        }
        let unit_bytes: usize = period.iter().map(|&basic| BASIC[usize::from(basic)]).sum();
        if units * unit_bytes > MOST_BYTES {
            (line, period, units) = (format!("dup of={}", of.slot), of.period.clone(), of.units);
        }
        let made_now = Type { slot, period, units };
        let (how, rest) = line.split_once(' ').unwrap_or((&line, ""));
        script.everybody(&format!("type {how} slot={slot} bytes={} {rest}", made_now.bytes()));
        made.push(made_now);
    }
    made
}

fn join<T: ToString>(list: &[T]) -> String {
    list.iter().map(T::to_string).collect::<Vec<_>>().join(",")
}

/// A constructor of one type: its line, and the units in one element.
fn construct(random: &mut Random, of: &Type) -> (String, usize) {
    let base = of.slot;
    match random.below(11) {
        0 => {
            let count = random.below(6);
            (format!("contiguous of={base} count={count}"), count * of.units)
        }
        1 | 2 => {
            let (count, block) = (random.between(1, 6), random.below(4));
            let stride = (block + random.below(3)).max(1) as i64 * if random.chance(15) { -1 } else { 1 };
            (format!("vector of={base} count={count} block={block} stride={stride}"), count * block * of.units)
        }
        3 => {
            let (count, block) = (random.between(1, 5), random.between(1, 3));
            let (stride, more) = (block + random.below(2), random.pick(&[0, 4, 16, 3]));
            let line = format!("hvector of={base} count={count} block={block} stride={stride} more={more}");
            (line, count * block * of.units)
        }
        4 | 5 => indexed(random, of),
        6 => {
            let (below, more) = (random.pick(&[0, 8, 24]), random.pick(&[0, 8, 40]));
            (format!("resized of={base} below={below} more={more}"), of.units)
        }
        7 => (format!("dup of={base}"), of.units),
        8 => darray(random, of),
        9 => {
            let dims = random.between(1, 3);
            let parts: Vec<usize> = (0..dims).map(|_| random.between(1, 3)).collect();
            let starts: Vec<usize> = (0..dims).map(|_| random.below(3)).collect();
            let sizes: Vec<usize> =
                parts.iter().zip(&starts).map(|(part, start)| part + start + random.below(3)).collect();
            let (sizes, places, order) = (join(&sizes), join(&starts), random.below(2));
            let line =
                format!("subarray of={base} sizes={sizes} parts={} starts={places} fortran={order}", join(&parts));
            (line, parts.iter().product::<usize>() * of.units)
        }
        _ => {
            let lengths = [random.between(1, 3), random.below(3)];
            let line = format!(
                "struct of={base},{base} lengths={} start={} gap={}",
                join(&lengths),
                random.pick(&[0, -16, 8]),
                random.below(9)
            );
            (line, (lengths[0] + lengths[1]) * of.units)
        }
    }
}

/// Blocks that do not overlap, listed in any order.
fn indexed(random: &mut Random, of: &Type) -> (String, usize) {
    let how = random.pick(&["indexed", "hindexed", "indexed_block"]);
    let count = random.between(1, 5);
    let length = random.between(1, 3);
    let mut place = 0;
    let mut blocks = Vec::new();
    for _ in 0..count {
        let length = if how == "indexed_block" { length } else { random.below(4) };
        place += random.below(3);
        blocks.push((length, place));
        place += length;
    }
    random.shuffle(&mut blocks);
    let (lengths, places): (Vec<usize>, Vec<usize>) = blocks.into_iter().unzip();
    let line = format!("{how} of={} lengths={} places={}", of.slot, join(&lengths), join(&places));
    (line, lengths.iter().sum::<usize>() * of.units)
}

/// The part of a 2-dimensional array that one of several processes has.
fn darray(random: &mut Random, of: &Type) -> (String, usize) {
    let grid = [random.between(1, 3), random.between(1, 2)];
    let place = random.below(grid[0] * grid[1]);
    let sizes = [random.between(3, 7), random.between(2, 6)];
    let blocks = [random.below(3), random.below(3)];
    let coordinates = [place / grid[1], place % grid[1]]; // processes are in row-major order whatever the array's
    let owned = |dimension: usize| {
        let (size, processes) = (sizes[dimension], grid[dimension]);
        let block = if blocks[dimension] == 0 { size.div_ceil(processes) } else { blocks[dimension] };
        (0..size).filter(|index| index / block % processes == coordinates[dimension]).count()
    };
    let line = format!(
        "darray of={} sizes={} blocks={} grid={} place={place} fortran={}",
        of.slot,
        join(&sizes),
        join(&blocks),
        join(&grid),
        random.below(2)
    );
    (line, owned(0) * owned(1) * of.units)
}

/// Two types one behind the other.
fn structure(random: &mut Random, first: &Type, second: &Type) -> Option<(String, (Vec<u8>, usize))> {
    let lengths = [random.between(1, 2), random.between(1, 2)];
    let (slots, lengths_text) = (join(&[first.slot, second.slot]), join(&lengths));
    let line =
        format!("struct of={slots} lengths={lengths_text} start={} gap={}", random.pick(&[0, 8]), random.below(9));
    if first.period == second.period {
        return Some((line, (first.period.clone(), lengths[0] * first.units + lengths[1] * second.units)));
    }
    let both = [first.sequence()?.repeat(lengths[0]), second.sequence()?.repeat(lengths[1])].concat();
    Some((line, reduced(both)))
}

/// The shortest period of a sequence, and how often it is repeated.
fn reduced(sequence: Vec<u8>) -> (Vec<u8>, usize) {
    let length = sequence.len();
    let repeats = |period: usize| sequence.iter().enumerate().all(|(index, basic)| *basic == sequence[index % period]);
    match (1..=length).find(|&period| length.is_multiple_of(period) && repeats(period)) {
        Some(period) => (sequence[..period].to_vec(), length / period),
        None => (vec![0], 0),
    }
}
