//! Which ranks of a communicator share an address space, which of them work on what, and how data is cut among them. All ranks
//! come to the same answers. A *node* is an address space here.
//!
//! This module knows neither MPI nor the operating system.

use std::collections::HashMap;

/// The nodes of a communicator, in the order of their lowest ranks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nodes {
    /// Of each rank: its node, and its number there.
    of: Vec<u32>,
    slots: Vec<u32>,
    /// Ascending.
    members: Vec<Vec<u32>>,
    own: u32,
    by_node: Vec<Part>,
    in_order: Vec<Part>,
}

/// Ranks of one node whose data is combined there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub node: u32,
    pub ranks: Vec<u32>,
}

impl Nodes {
    /// From a number for the address space of each rank; `rank` is this one.
    pub fn new(spaces: &[u32], rank: u32) -> Nodes {
        let (mut numbers, mut members) = (HashMap::new(), Vec::<Vec<u32>>::new());
        let (mut of, mut slots, mut in_order) = (Vec::new(), Vec::new(), Vec::<Part>::new());
        for (rank, space) in (0..).zip(spaces) {
            let node: u32 = *numbers.entry(space).or_insert_with(|| {
                members.push(Vec::new());
                members.len() as u32 - 1
            });
            slots.push(members[node as usize].len() as u32);
            members[node as usize].push(rank);
            match in_order.last_mut().filter(|part| part.node == node) {
                Some(part) => part.ranks.push(rank),
                None => in_order.push(Part { node, ranks: vec![rank] }),
            }
            of.push(node);
        }
        let by_node = (0..).zip(&members).map(|(node, ranks)| Part { node, ranks: ranks.clone() }).collect();
        let own = of[rank as usize];
        Nodes { of, slots, members, own, by_node, in_order }
    }

    /// Ranks of the communicator.
    pub fn size(&self) -> u32 {
        self.of.len() as u32
    }

    /// Number of nodes.
    pub fn count(&self) -> u32 {
        self.members.len() as u32
    }

    /// This rank's node.
    pub fn own(&self) -> u32 {
        self.own
    }

    /// The node of a rank.
    pub fn of(&self, rank: u32) -> u32 {
        self.of[rank as usize]
    }

    /// Whether a rank is on this rank's node.
    pub fn is_here(&self, rank: u32) -> bool {
        self.of(rank) == self.own
    }

    /// The number of a rank on its node.
    pub fn slot(&self, rank: u32) -> u32 {
        self.slots[rank as usize]
    }

    /// The ranks of a node, ascending.
    pub fn members(&self, node: u32) -> &[u32] {
        &self.members[node as usize]
    }

    /// The nodes other than this rank's.
    pub fn others(&self) -> impl Iterator<Item = u32> {
        let own = self.own;
        (0..self.count()).filter(move |&node| node != own)
    }

    /// The rank of a node that looks after column `column`.
    pub fn helper(&self, node: u32, column: u32) -> u32 {
        let members = self.members(node);
        members[column as usize % members.len()]
    }

    /// Columns into which `bytes` are cut, so that each rank of the largest node has one, of no less than `least` bytes.
    pub fn columns(&self, bytes: usize, least: usize) -> u32 {
        let most = self.members.iter().map(Vec::len).max().unwrap_or(1);
        (bytes / least.max(1)).clamp(1, most) as u32
    }

    /// All ranks in parts, in the order in which their data is combined: the ranks of a node together, or, if the order
    /// `matters`, as many as follow each other.
    pub fn parts(&self, matters: bool) -> &[Part] {
        if matters { &self.in_order } else { &self.by_node }
    }
}

/// Piece `index` of `count` things cut into `pieces` of about the same size: from, to.
pub fn cut(count: usize, pieces: u32, index: u32) -> (usize, usize) {
    let (each, more) = (count / pieces as usize, count % pieces as usize);
    let at = |index: usize| index * each + index.min(more);
    (at(index as usize), at(index as usize + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nodes_are_numbered_by_their_lowest_ranks() {
        let nodes = Nodes::new(&[7, 2, 7, 2, 9], 3);
        assert_eq!([nodes.count(), nodes.own(), nodes.slot(3), nodes.of(4)], [3, 1, 1, 2]);
        assert_eq!(nodes.members(0), [0, 2]);
        assert_eq!([0, 1, 2].map(|column| nodes.helper(2, column)), [4, 4, 4]);
        assert_eq!(nodes.others().collect::<Vec<_>>(), [0, 2]);
        assert_eq!([nodes.columns(100, 200), nodes.columns(400, 200), nodes.columns(4000, 200)], [1, 2, 2]);
    }

    proptest! {
        #[test]
        fn parts_hold_each_rank_once(spaces in prop::collection::vec(0u32..4, 1..40), matters: bool) {
            let nodes = Nodes::new(&spaces, 0);
            let mut all: Vec<u32> = Vec::new();
            for part in nodes.parts(matters) {
                prop_assert!(!part.ranks.is_empty() && part.ranks.iter().all(|&rank| nodes.of(rank) == part.node));
                all.extend(&part.ranks);
            }
            if !matters {
                all.sort_unstable();
            }
            prop_assert!(all.into_iter().eq(0..spaces.len() as u32));
        }

        #[test]
        fn pieces_follow_each_other(count in 0usize..1000, pieces in 1u32..50) {
            let mut end = 0;
            for index in 0..pieces {
                let (from, to) = cut(count, pieces, index);
                prop_assert!(from == end && to >= from && to - from <= count / pieces as usize + 1);
                end = to;
            }
            prop_assert_eq!(end, count);
        }
    }
}
