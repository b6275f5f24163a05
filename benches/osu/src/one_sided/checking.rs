//! `-c` of single operations: small numbers that differ by rank, element and iteration, and what must become of
//! them.

use bench_harness::Element;

use crate::kind::Kind;

/// What stands in a result before the operation. No operation yields it: sums stay below.
const NO_RESULT: u8 = 111;
/// Values are below it, so that the sum of two fits every type exactly.
const RANGE: usize = 50;

/// One iteration, as one rank sees it.
pub struct Check {
    /// The benchmark.
    pub kind: Kind,
    /// The type of the elements.
    pub element: Element,
    /// Whether rank 1 is an origin too.
    pub both_ways: bool,
    /// This rank.
    pub rank: usize,
    /// The iteration.
    pub iteration: usize,
}

/// The memory of one rank.
pub struct Parts<'a> {
    /// What it writes.
    pub data: &'a mut [u8],
    /// What it reads.
    pub result: &'a mut [u8],
    /// What it compares.
    pub compare: &'a mut [u8],
    /// Its part of the window.
    pub window: &'a mut [u8],
}

impl Check {
    /// The element of `rank`'s window before the iteration.
    fn target(&self, rank: usize, position: usize) -> u8 {
        ((position + 7 * self.iteration + 13 * rank) % RANGE) as u8
    }

    /// The element that `rank` writes.
    fn data(&self, rank: usize, position: usize) -> u8 {
        ((3 * position + 5 * self.iteration + 17 * rank + 1) % RANGE) as u8
    }

    /// Whether the swap of `rank` finds what it expects: in every second iteration.
    fn swaps(&self, rank: usize) -> bool {
        (self.iteration + rank).is_multiple_of(2)
    }

    /// The element that `rank` compares with the other's window.
    fn compare(&self, rank: usize, position: usize) -> u8 {
        self.target(1 - rank, position) + u8::from(!self.swaps(rank))
    }

    fn is_origin(&self, rank: usize) -> bool {
        rank == 0 || self.both_ways
    }

    /// The element of this rank's window after the iteration.
    fn target_after(&self, position: usize) -> u8 {
        let (other, before) = (1 - self.rank, self.target(self.rank, position));
        match self.kind {
            _ if !self.is_origin(other) => before,
            Kind::GetLatency => before,
            Kind::PutLatency => self.data(other, position),
            Kind::CompareAndSwapLatency if self.swaps(other) => self.data(other, position),
            Kind::CompareAndSwapLatency => before,
            _ => before + self.data(other, position),
        }
    }

    /// The element of this rank's result after the iteration.
    fn result_after(&self, position: usize) -> u8 {
        match self.kind {
            Kind::AccumulateLatency | Kind::PutLatency => NO_RESULT,
            _ if self.is_origin(self.rank) => self.target(1 - self.rank, position),
            _ => NO_RESULT,
        }
    }

    /// Writes everything of this rank for the iteration.
    pub fn prepare(&self, parts: &mut Parts<'_>) {
        self.write(parts.data, |position| self.data(self.rank, position));
        self.write(parts.result, |_| NO_RESULT);
        self.write(parts.compare, |position| self.compare(self.rank, position));
        self.write(parts.window, |position| self.target(self.rank, position));
    }

    /// Counts the wrong elements of this rank after the iteration.
    pub fn count_errors(&self, parts: &Parts<'_>) -> i32 {
        let window = self.count(parts.window, |position| self.target_after(position));
        let result = self.count(parts.result, |position| self.result_after(position));
        i32::try_from(window + result).unwrap_or(i32::MAX)
    }

    fn write(&self, bytes: &mut [u8], value: impl Fn(usize) -> u8) {
        let size = self.element.size();
        for (position, element) in bytes.chunks_exact_mut(size).enumerate() {
            element.copy_from_slice(&self.element.encoded(i64::from(value(position)))[..size]);
        }
    }

    fn count(&self, bytes: &[u8], value: impl Fn(usize) -> u8) -> usize {
        let size = self.element.size();
        let elements = bytes.chunks_exact(size).enumerate();
        elements
            .filter(|&(position, element)| element != &self.element.encoded(i64::from(value(position)))[..size])
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEN: usize = 24;

    /// Both ranks' memory: data, result, compare, window.
    type Memory = [[Vec<u8>; 4]; 2];

    fn checks(kind: Kind, element: Element, both_ways: bool, iteration: usize) -> [Check; 2] {
        [0, 1].map(|rank| Check { kind, element, both_ways, rank, iteration })
    }

    fn parts(memory: &mut [Vec<u8>; 4]) -> Parts<'_> {
        let [data, result, compare, window] = memory;
        Parts { data, result, compare, window }
    }

    /// The errors on both ranks after `operation` by rank 0 on (data, compare, window) element by element of integers, which
    /// returns the new element of the window and that of the result.
    fn errors(kind: Kind, iteration: usize, operation: fn(i32, i32, i32) -> (i32, Option<i32>)) -> i32 {
        let checks = checks(kind, Element::Int, false, iteration);
        let mut memory: Memory = Default::default();
        for (check, memory) in checks.iter().zip(&mut memory) {
            memory.iter_mut().for_each(|part| part.resize(LEN, 0));
            check.prepare(&mut parts(memory));
        }
        let at = |bytes: &[u8], start: usize| i32::from_ne_bytes(bytes[start..start + 4].try_into().expect("4 bytes"));
        for start in (0..LEN).step_by(4) {
            let [data, compare] = [0, 2].map(|part: usize| at(&memory[0][part], start));
            let (window, result) = operation(data, compare, at(&memory[1][3], start));
            memory[1][3][start..start + 4].copy_from_slice(&window.to_ne_bytes());
            if let Some(result) = result {
                memory[0][1][start..start + 4].copy_from_slice(&result.to_ne_bytes());
            }
        }
        checks.iter().zip(&mut memory).map(|(check, memory)| check.count_errors(&parts(memory))).sum()
    }

    #[test]
    fn right_operations_have_no_errors_and_wrong_ones_do() {
        for iteration in 0..20 {
            let none = |kind, operation| assert_eq!(errors(kind, iteration, operation), 0, "{kind:?} {iteration}");
            none(Kind::PutLatency, |data, _, _| (data, None));
            none(Kind::GetLatency, |_, _, window| (window, Some(window)));
            none(Kind::GetAccumulateLatency, |data, _, window| (window + data, Some(window)));
            none(Kind::AccumulateLatency, |data, _, window| (window + data, None));
            none(Kind::FetchAndOpLatency, |data, _, window| (window + data, Some(window)));
            none(Kind::CompareAndSwapLatency, |data, compare, window| {
                (if compare == window { data } else { window }, Some(window))
            });
            let some = |kind, operation| assert!(errors(kind, iteration, operation) > 0, "{kind:?} {iteration}");
            some(Kind::PutLatency, |_, _, window| (window, None));
            some(Kind::GetLatency, |_, _, window| (window, None));
            some(Kind::GetAccumulateLatency, |data, _, window| (window + data, Some(window + data)));
            some(Kind::AccumulateLatency, |_, _, window| (window, None));
            some(Kind::AccumulateLatency, |data, _, window| (window + data, Some(window)));
            some(Kind::FetchAndOpLatency, |data, _, window| (window + data, None));
            some(Kind::FetchAndOpLatency, |data, _, window| (window + data, Some(window + data)));
            some(Kind::CompareAndSwapLatency, |data, compare, window| {
                (if compare == window { window } else { data }, Some(window))
            });
        }
    }

    #[test]
    fn where_both_are_origins_an_idle_rank_is_an_error() {
        let [_, check] = checks(Kind::FetchAndOpLatency, Element::Char, true, 3);
        let mut memory: [Vec<u8>; 4] = Default::default();
        memory.iter_mut().for_each(|part| part.resize(1, 0));
        check.prepare(&mut parts(&mut memory));
        assert!(check.count_errors(&parts(&mut memory)) > 0);
    }
}
