//! Which rank runs on which node. Pure.
//!
//! Ranks fill the entries of the host list one after the other, each up to its slots, and begin again at the first one when all
//! are full. Entries of one host are one node, wherever they stand: its ranks share an address space.

use crate::hosts::Host;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// A machine of the job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// The host it is, as first named.
    pub host: Host,
    /// Whether it is the machine the launcher runs on.
    pub is_local: bool,
    /// Its ranks, ascending; at least one.
    pub ranks: Vec<usize>,
}

/// Where all ranks of a job are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    nodes: Vec<Node>,
    /// Entries of the host list that ranks were given to, in turn: index into `nodes`, and how many fit. The whole is repeated
    /// until all ranks are placed.
    blocks: Vec<(usize, usize)>,
    /// By rank: its node, its place among the ranks there, and the entry of the host list.
    places: Vec<(usize, usize, usize)>,
}

impl Placement {
    /// All ranks on this machine, whose name is for the eye only.
    pub fn local(size: usize, name: &str) -> Placement {
        Placement::new(&[Host::new(name, size)], size, |_| true)
    }

    /// Places `size` ranks (at least 1) on the entries of a host list, which must not be empty.
    pub fn new(hosts: &[Host], size: usize, is_local: impl Fn(&Host) -> bool) -> Placement {
        Placement::beside(&vec![0; hosts.len()], hosts, size, is_local)
    }

    /// The same where so many ranks run on the entries already: first all are filled as far as the fullest one, in rounds of its
    /// slots each, and then all again from the first.
    pub fn beside(used: &[usize], hosts: &[Host], size: usize, is_local: impl Fn(&Host) -> bool) -> Placement {
        let mut placement = Placement { nodes: Vec::new(), blocks: Vec::new(), places: Vec::with_capacity(size) };
        let entries = || used.iter().zip(hosts);
        let rounds = entries().map(|(used, host)| used.div_ceil(host.slots)).max().unwrap_or(0).max(1);
        let room = |(used, host): (&usize, &Host)| host.slots.saturating_mul(rounds).saturating_sub(*used);
        let first: Vec<usize> = entries().map(room).collect();
        let slots: Vec<usize> = hosts.iter().map(|host| host.slots).collect();
        placement.round(&first, hosts, size, &is_local);
        let is_regular = first == slots;
        while placement.places.len() < size && !hosts.is_empty() {
            let known = placement.blocks.len();
            placement.round(&slots, hosts, size, &is_local);
            if is_regular {
                placement.blocks.truncate(known); // readers repeat the first round
            }
        }
        placement
    }

    /// Gives the next ranks to the entries of a host list, to each as many as there is room.
    fn round(&mut self, room: &[usize], hosts: &[Host], size: usize, is_local: impl Fn(&Host) -> bool) {
        for (entry, (&room, host)) in room.iter().zip(hosts).enumerate() {
            if room == 0 || self.places.len() == size {
                continue;
            }
            let local = is_local(host);
            let known = |node: &Node| if local { node.is_local } else { !node.is_local && node.host.same_login(host) };
            let node = self.nodes.iter().position(known).unwrap_or_else(|| {
                self.nodes.push(Node { host: host.clone(), is_local: local, ranks: Vec::new() });
                self.nodes.len() - 1
            });
            self.blocks.push((node, room));
            for rank in (self.places.len()..size).take(room) {
                self.places.push((node, self.nodes[node].ranks.len(), entry));
                self.nodes[node].ranks.push(rank);
            }
        }
    }

    /// The nodes that have ranks, in the order of the host list.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Number of ranks.
    pub fn size(&self) -> usize {
        self.places.len()
    }

    /// Index of a rank's node in [`Placement::nodes`].
    pub fn node_of(&self, rank: usize) -> usize {
        self.places[rank].0
    }

    /// A rank's number among those of its node, which is MPI_LOCALRANKID.
    pub fn local_rank(&self, rank: usize) -> usize {
        self.places[rank].1
    }

    /// Index of the entry of the host list that a rank was placed on.
    pub fn entry_of(&self, rank: usize) -> usize {
        self.places[rank].2
    }

    /// Number of ranks on a rank's node, which is MPI_LOCALNRANKS.
    pub fn local_size(&self, rank: usize) -> usize {
        self.nodes[self.node_of(rank)].ranks.len()
    }

    /// The value of PMI_process_mapping: `(vector,(first node,nodes,ranks of each),...)`, which readers repeat until all
    /// ranks have a node.
    pub fn process_mapping(&self) -> String {
        let mut runs: Vec<(usize, usize, usize)> = Vec::new();
        for &(node, slots) in &self.blocks {
            let slots = slots.min(self.size());
            match runs.last_mut() {
                Some((first, count, each)) if *first + *count == node && *each == slots => *count += 1,
                // A node next to itself under another of its names.
                Some((first, count @ 1, each)) if *first == node => (*count, *each) = (1, *each + slots),
                _ => runs.push((node, 1, slots)),
            }
        }
        let mut text = String::from("(vector");
        for (first, count, each) in runs {
            let _ = write!(text, ",({first},{count},{each})");
        }
        text.push(')');
        text
    }
}

/// Ascending ranks as `0-3,6`.
pub fn ranges(ranks: &[usize]) -> String {
    let runs = ranks.chunk_by(|a, b| a + 1 == *b);
    let text = runs.map(|run| match run {
        [first, .., last] => format!("{first}-{last}"),
        [only] => only.to_string(),
        [] => String::new(),
    });
    text.collect::<Vec<_>>().join(",")
}

impl Host {
    /// Whether both are reached by the same name and user.
    pub fn same_login(&self, other: &Host) -> bool {
        self.name.eq_ignore_ascii_case(&other.name) && self.user == other.user
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::parse_list;
    use proptest::prelude::*;

    fn place(list: &str, size: usize) -> Placement {
        let hosts = parse_list(list).expect("a host list");
        if hosts.is_empty() {
            return Placement::local(size, "n1");
        }
        Placement::new(&hosts, size, |host| ["here", "localhost"].contains(&host.name.as_str()))
    }

    fn nodes(placement: &Placement) -> Vec<usize> {
        (0..placement.size()).map(|rank| placement.node_of(rank)).collect()
    }

    /// What MPICH makes of a mapping.
    fn expand(text: &str, size: usize) -> Vec<usize> {
        let inner = text.strip_prefix("(vector,(").and_then(|rest| rest.strip_suffix("))")).expect("a vector");
        let blocks: Vec<Vec<usize>> =
            inner.split("),(").map(|block| block.split(',').map(|n| n.parse().expect("number")).collect()).collect();
        let each = |block: &Vec<usize>| {
            let (first, count, each) = (block[0], block[1], block[2]);
            (first..first + count).flat_map(move |node| std::iter::repeat_n(node, each)).collect::<Vec<_>>()
        };
        blocks.iter().flat_map(each).collect::<Vec<_>>().into_iter().cycle().take(size).collect()
    }

    /// Taken from what Hydra does with these lists.
    #[test]
    fn blocks_wrap_as_hydras_do() {
        for (list, size, wanted, mapping) in [
            ("a:2,b:1", 7, vec![0, 0, 1, 0, 0, 1, 0], "(vector,(0,1,2),(1,1,1))"),
            ("a,b,c", 6, vec![0, 1, 2, 0, 1, 2], "(vector,(0,3,1))"),
            ("a:2,b:1,c:1", 5, vec![0, 0, 1, 2, 0], "(vector,(0,1,2),(1,2,1))"),
            ("a:2,b:3,c:1", 7, vec![0, 0, 1, 1, 1, 2, 0], "(vector,(0,1,2),(1,1,3),(2,1,1))"),
            ("a:2,b", 2, vec![0, 0], "(vector,(0,1,2))"),
            ("", 4, vec![0; 4], "(vector,(0,1,4))"),
        ] {
            let placement = place(list, size);
            assert_eq!(nodes(&placement), wanted, "{list}");
            assert_eq!(placement.process_mapping(), mapping, "{list}");
        }
    }

    /// Taken from what Hydra does with spawned ranks.
    #[test]
    fn room_is_filled_before_a_new_round() {
        for (list, used, size, wanted) in [
            ("a,b,c", vec![1, 0, 0], 5, "bcabc"),
            ("a:2,b,c", vec![1, 0, 0], 2, "ab"),
            ("a:2,b:2", vec![1, 0], 5, "abbaa"),
            ("a:2,b:2,c:2", vec![2, 1, 0], 4, "bcca"),
            ("a,b,c", vec![1, 1, 1], 4, "abca"),
            ("a,b,c", vec![2, 1, 1], 2, "bc"),
            ("a:2,b:3", vec![4, 3], 4, "bbba"),
            ("a,b,c,d", vec![1, 1, 1, 0], 3, "dab"),
        ] {
            let hosts = parse_list(list).expect("a host list");
            let placement = Placement::beside(&used, &hosts, size, |_| false);
            let names: String =
                nodes(&placement).iter().map(|&node| placement.nodes()[node].host.name.as_str()).collect();
            assert_eq!(names, wanted, "{list} {used:?}");
            assert_eq!(expand(&placement.process_mapping(), size), nodes(&placement));
        }
    }

    #[test]
    fn a_host_named_again_is_the_same_node() {
        let placement = place("a:2,b:2,a:1", 7);
        assert_eq!(nodes(&placement), [0, 0, 1, 1, 0, 0, 0]);
        assert_eq!(placement.process_mapping(), "(vector,(0,2,2),(0,1,1))");
        assert_eq!((placement.local_rank(5), placement.local_size(5)), (3, 5));
        assert_eq!(placement.nodes()[0].ranks, [0, 1, 4, 5, 6]);
        let local = place("here:2,localhost:1,b,here", 5);
        assert_eq!(nodes(&local), [0, 0, 0, 1, 0]);
        assert_eq!(local.process_mapping(), "(vector,(0,1,3),(1,1,1),(0,1,1))");
        assert!(local.nodes()[0].is_local && !local.nodes()[1].is_local);
    }

    #[test]
    fn ranks_are_written_as_ranges() {
        assert_eq!(ranges(&[0, 1, 2, 3, 6, 8, 9]), "0-3,6,8-9");
        assert_eq!((ranges(&[]), ranges(&[4])), (String::new(), "4".to_owned()));
    }

    proptest! {
        #[test]
        fn spawned_ranks_find_what_is_free(
            list in "[a-d](:[1-4])?(,[a-d](:[1-4])?){0,4}",
            used in proptest::collection::vec(0..9usize, 5),
            size in 1..40usize,
        ) {
            let hosts = parse_list(&list).expect("a host list");
            let used = &used[..hosts.len()];
            let placement = Placement::beside(used, &hosts, size, |_| false);
            prop_assert_eq!(expand(&placement.process_mapping(), size), nodes(&placement));
            let mut load = used.to_vec();
            for rank in 0..size {
                let rounds = load.iter().zip(&hosts).map(|(load, host)| load.div_ceil(host.slots)).max().unwrap_or(0).max(1);
                let is_full = |entry: usize| load[entry] >= rounds * hosts[entry].slots;
                // A new round begins only when nothing is free in those before.
                let entry = placement.entry_of(rank);
                prop_assert!(!is_full(entry) || (0..load.len()).all(is_full), "rank {} to {} of {:?}", rank, entry, load);
                load[entry] += 1;
            }
        }

        #[test]
        fn every_rank_has_its_place(list in "([a-d]|here|localhost)(:[1-9])?(,([a-d]|here|localhost)(:[1-9])?){0,6}", size in 1..60usize) {
            let placement = place(&list, size);
            let nodes = nodes(&placement);
            prop_assert_eq!(expand(&placement.process_mapping(), size), nodes.clone());
            prop_assert_eq!(nodes.len(), size);
            for (index, node) in placement.nodes().iter().enumerate() {
                let ranks: Vec<_> = (0..size).filter(|&rank| nodes[rank] == index).collect();
                prop_assert!(!ranks.is_empty());
                prop_assert_eq!(&ranks, &node.ranks);
                for (local, rank) in ranks.iter().enumerate() {
                    prop_assert_eq!((placement.local_rank(*rank), placement.local_size(*rank)), (local, ranks.len()));
                }
            }
        }
    }
}
