//! Where spawned ranks go. Pure but for host files.

use crate::hosts::{self, Host, HostError};
use crate::nodes::protocol::Part;
use crate::placement::Node;
use crate::pmi::spawn::SpawnBlock;
use std::path::Path;

/// The hosts that a request names, if it does. As under Hydra the last info key of all its programs counts, for all of them.
pub fn hosts_of(blocks: &[SpawnBlock]) -> Result<Option<Vec<Host>>, HostError> {
    let names_hosts = |(key, _): &&(String, _)| ["host", "hosts", "hostfile"].contains(&key.as_str());
    let last = blocks.iter().flat_map(|block| &block.info).rfind(names_hosts);
    let list = match last {
        None => return Ok(None),
        Some((key, path)) if key == "hostfile" => hosts::read_file(Path::new(path))?,
        Some((_, list)) => hosts::parse_list(&list.to_string_lossy())?,
    };
    Ok(Some(list).filter(|list| !list.is_empty()))
}

/// The programs of the ranks on a node.
pub fn parts(blocks: &[SpawnBlock], node: &Node) -> Vec<Part> {
    let (mut first, mut parts) = (0, Vec::new());
    for block in blocks {
        let ranks = first..first + block.count;
        first = ranks.end;
        let ranks: Vec<usize> = node.ranks.iter().copied().filter(|rank| ranks.contains(rank)).collect();
        if !ranks.is_empty() {
            // The store is the launcher's.
            parts.push(Part { block: SpawnBlock { preput: Vec::new(), ..block.clone() }, ranks });
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::Placement;
    use proptest::prelude::*;

    fn block(count: usize, info: &[(&str, &str)]) -> SpawnBlock {
        let info = info.iter().map(|&(key, value)| (key.to_owned(), value.into())).collect();
        SpawnBlock { count, program: "p".into(), info, ..SpawnBlock::default() }
    }

    #[test]
    fn the_last_list_of_hosts_counts() {
        assert_eq!(hosts_of(&[block(1, &[("wdir", "/")])]), Ok(None));
        assert_eq!(hosts_of(&[block(1, &[("host", " ,")])]), Ok(None));
        let both = [block(1, &[("hosts", "a:2,b"), ("host", "c")]), block(1, &[("path", "/")])];
        assert_eq!(hosts_of(&both), Ok(Some(vec![Host::new("c", 1)])));
        let two = [block(1, &[("host", "c")]), block(1, &[("hosts", "a:2,[::1]:3")])];
        assert_eq!(hosts_of(&two), Ok(Some(vec![Host::new("a", 2), Host::new("::1", 3)])));
        assert!(hosts_of(&[block(1, &[("host", "-x")])]).is_err());
        assert!(hosts_of(&[block(1, &[("hostfile", "/no/such")])]).is_err());
    }

    proptest! {
        #[test]
        fn every_rank_gets_its_program(counts in proptest::collection::vec(1usize..5, 1..4), slots in proptest::collection::vec(1usize..4, 1..4)) {
            let blocks: Vec<SpawnBlock> = counts.iter().map(|&count| block(count, &[])).collect();
            let hosts: Vec<Host> = slots.iter().enumerate().map(|(i, &slots)| Host::new(&format!("h{i}"), slots)).collect();
            let placement = Placement::new(&hosts, counts.iter().sum(), |_| false);
            let mut programs = vec![Vec::new(); placement.size()];
            for node in placement.nodes() {
                let parts = parts(&blocks, node);
                let ranks: Vec<usize> = parts.iter().flat_map(|part| part.ranks.iter().copied()).collect();
                prop_assert_eq!(&ranks, &node.ranks);
                parts.iter().for_each(|part| part.ranks.iter().for_each(|&rank| programs[rank].push(part.block.count)));
            }
            let wanted: Vec<Vec<usize>> = counts.iter().flat_map(|&count| std::iter::repeat_n(vec![count], count)).collect();
            prop_assert_eq!(programs, wanted);
        }

        #[test]
        fn any_host_list_of_an_info_is_taken_or_refused(text in "[ -~]{0,40}") {
            let _ = hosts_of(&[block(1, &[("hosts", &text)])]);
        }
    }
}
