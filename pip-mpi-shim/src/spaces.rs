//! Which ranks share an address space, in a job that has several of them: one per host, and one for each rank that cannot be a
//! task. The launcher tells each rank who is in its own; the ranks tell each other the rest.
//!
//! This module knows neither MPI nor the operating system.

/// The environment variable in which the launcher lists the ranks of a rank's own space; absent if there is only one.
pub const ENVIRONMENT: &str = "PIP_MPI_LOCAL_RANKS";

/// Contexts of communicators whose ranks are in several spaces have this bit.
const SPANNING: u32 = 1 << 31;
/// Contexts of the messages that collective operations send have this one, which no communicator's has.
const COLLECTIVE: u32 = 1 << 30;

/// The context of what collective operations send in a communicator.
pub fn collective(context: u32) -> u32 {
    context | COLLECTIVE
}

/// Ranks from a list of ascending ranges such as `0-1,6,8-9`; None if it is none.
pub fn parse(text: &str) -> Option<Vec<u32>> {
    let mut ranks: Vec<u32> = Vec::new();
    for range in text.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (first.parse::<u32>().ok()?, last.parse::<u32>().ok()?);
        if first > last || last > 1 << 24 || ranks.last().is_some_and(|&before| before >= first) {
            return None;
        }
        ranks.extend(first..=last);
    }
    Some(ranks)
}

/// A number for a list of ranks, by which two of them can be told apart.
pub fn fingerprint(ranks: impl IntoIterator<Item = u32>) -> u64 {
    // FNV-1a, in words
    ranks.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, rank| (hash ^ u64::from(rank)).wrapping_mul(0x0100_0000_01b3))
}

/// The spaces of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spaces {
    /// Of each rank, the number of its space.
    of: Vec<u32>,
    count: u32,
}

impl Spaces {
    /// From the lowest rank in each rank's space.
    pub fn new(lowest: &[u32]) -> Spaces {
        let mut all = lowest.to_vec();
        all.sort_unstable();
        all.dedup();
        let of = lowest.iter().map(|rank| all.partition_point(|lowest| lowest < rank) as u32).collect();
        Spaces { of, count: all.len() as u32 }
    }

    /// A rank whose list is not that of its space, from the fingerprint of each rank's list; all ranks find the same one.
    pub fn contradiction(&self, fingerprints: &[u64]) -> Option<u32> {
        let mut right: Vec<Option<u64>> = vec![None; self.count as usize];
        let differs = |&rank: &u32| {
            let space = self.of(rank);
            let together = || (0..).zip(&self.of).filter(|(_, of)| **of == space).map(|(rank, _)| rank);
            fingerprints[rank as usize] != *right[space as usize].get_or_insert_with(|| fingerprint(together()))
        };
        (0..self.of.len() as u32).find(differs)
    }

    /// Number of spaces.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The space of a rank.
    pub fn of(&self, rank: u32) -> u32 {
        self.of[rank as usize]
    }

    /// The number of a communicator with ranks in several spaces, for which `rank` has drawn a number in its own; None if
    /// that space has none left.
    pub fn context(&self, drawn: u32, rank: u32) -> Option<u32> {
        let bits = COLLECTIVE.ilog2() - self.count.next_power_of_two().ilog2();
        (drawn >> bits == 0).then(|| SPANNING | self.of(rank) << bits | drawn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_of_ranks_are_read() {
        assert_eq!(parse("0-3"), Some(vec![0, 1, 2, 3]));
        assert_eq!(parse("0-1,6,8-9"), Some(vec![0, 1, 6, 8, 9]));
        assert_eq!(parse("7"), Some(vec![7]));
        for wrong in ["", "a", "3-1", "1,1", "2,0-1", "0-", "-1", "0,,2", "0-99999999"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn spaces_are_numbered_alike_everywhere() {
        let spaces = Spaces::new(&[0, 1, 0, 1, 4]);
        assert_eq!(spaces.count(), 3);
        assert_eq!((0..5).map(|rank| spaces.of(rank)).collect::<Vec<_>>(), [0, 1, 0, 1, 2]);
    }

    #[test]
    fn lists_that_differ_are_noticed() {
        let lists: [&[u32]; 4] = [&[0, 2], &[1, 3], &[0, 2], &[1, 3]];
        let said = |lists: [&[u32]; 4]| {
            let spaces = Spaces::new(&lists.map(|list| list[0]));
            spaces.contradiction(&lists.map(|list| fingerprint(list.iter().copied())))
        };
        assert_eq!(said(lists), None);
        assert_eq!(said([&[0, 1], lists[1], lists[2], lists[3]]), Some(0));
        assert_eq!(said([lists[0], lists[1], &[2], lists[3]]), Some(0), "rank 2 says it is alone");
        assert_eq!(said([&[0], &[1, 3], &[2], &[1, 3]]), None);
    }

    #[test]
    fn contexts_end_before_they_come_again() {
        let spaces = Spaces::new(&[0, 1, 2]);
        assert!(spaces.context((1 << 28) - 1, 2).is_some() && spaces.context(1 << 28, 2).is_none());
    }

    proptest! {
        #[test]
        fn a_context_tells_who_drew_it(lowest in prop::collection::vec(0u32..50, 1..50), draws in prop::collection::vec((0usize..50, 0u32..1000), 2)) {
            let spaces = Spaces::new(&lowest);
            let drawn = |(rank, number): (usize, u32)| {
                let rank = (rank % lowest.len()) as u32;
                ((spaces.of(rank), number), spaces.context(number, rank))
            };
            let (first, second) = (drawn(draws[0]), drawn(draws[1]));
            prop_assert_eq!(first.0 == second.0, first.1 == second.1);
            prop_assert!(first.1.is_some_and(|context| context >= SPANNING && context != collective(context)));
        }
    }
}
