//! A process group of PMI: the ranks of one MPI_COMM_WORLD with their key-value store, their barrier and where each stands.

use super::kvs::{KeyValueStore, VALUE_MAX};

/// The most pieces of one rank's report.
const MAX_PARTS: usize = 4096;

/// Where a rank stands between its first request and MPI_Finalize.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// It has sent nothing: perhaps no MPI program. It may exit freely.
    #[default]
    Silent,
    /// Between MPI_Init and MPI_Finalize: its end is the job's end.
    Active,
    /// After MPI_Finalize.
    Finalized,
}

/// What a group is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSpec {
    /// The name of its store, without spaces; no other group's.
    pub kvsname: String,
    /// The MPMD segment of each rank; the length is the group's size.
    pub appnums: Vec<usize>,
    /// Which ranks share a node, as MPICH's `PMI_process_mapping` says it.
    pub mapping: String,
    /// What its store holds from the start.
    pub preput: Vec<(String, String)>,
}

/// `PMI_process_mapping` of a group whose ranks are all on one node.
#[cfg(test)]
pub fn one_node(ranks: usize) -> String {
    format!("(vector,(0,1,{ranks}))")
}

/// One rank of a group.
#[derive(Debug, Clone, Default)]
pub struct Member {
    /// Index of its MPMD segment.
    pub appnum: usize,
    /// Where it stands.
    pub phase: Phase,
    /// Whether it waits in the barrier.
    pub waits: bool,
    /// Whether it has the shim.
    pub joined: bool,
    report: Vec<Option<String>>,
}

/// The ranks of one MPI_COMM_WORLD.
#[derive(Debug)]
pub struct Group {
    /// Its store.
    pub kvs: KeyValueStore,
    /// Its ranks, in order.
    pub members: Vec<Member>,
    /// `PMI_process_mapping`. Kept out of the store, so that no rank can overwrite it.
    pub mapping: String,
}

impl Group {
    /// A group of silent ranks. The error is a PMI message (one word).
    pub fn new(spec: GroupSpec) -> Result<Group, &'static str> {
        let mut kvs = KeyValueStore::new(spec.kvsname);
        for (key, value) in &spec.preput {
            kvs.put(key, value)?;
        }
        let members = spec.appnums.into_iter().map(|appnum| Member { appnum, ..Member::default() }).collect();
        Ok(Group { kvs, members, mapping: spec.mapping })
    }

    /// The value of a key. A mapping too long for a value is not there: MPICH then compares host names.
    pub fn get(&self, key: &str) -> Option<&str> {
        let is_mapping = key == "PMI_process_mapping" && self.mapping.len() <= VALUE_MAX;
        if is_mapping { Some(&self.mapping) } else { self.kvs.get(key) }
    }

    /// Whether a rank of it waits in the barrier, and which is the lowest.
    pub fn first_waiting(&self) -> Option<usize> {
        self.members.iter().position(|member| member.waits)
    }

    /// A rank enters the barrier; true if it was the last, and all leave it.
    pub fn enter_barrier(&mut self, rank: usize) -> bool {
        self.members[rank].waits = true;
        if !self.members.iter().all(|member| member.waits) {
            return false;
        }
        self.members.iter_mut().for_each(|member| member.waits = false);
        true
    }

    /// How many ranks have the shim.
    pub fn joined(&self) -> usize {
        self.members.iter().filter(|member| member.joined).count()
    }

    /// Keeps a piece of a rank's report. The error is a PMI message (one word).
    pub fn report(&mut self, rank: usize, part: usize, parts: usize, value: &str) -> Result<(), &'static str> {
        if part >= parts || parts > MAX_PARTS {
            return Err("bad_part");
        }
        let report = &mut self.members[rank].report;
        report.resize(parts, None);
        report[part] = Some(value.to_owned());
        Ok(())
    }

    /// A rank's report, if all its pieces have come.
    pub fn report_of(&self, rank: usize) -> Option<String> {
        let report = &self.members[rank].report;
        if report.is_empty() { None } else { report.iter().map(Option::as_deref).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_whole_or_absent() {
        let spec = GroupSpec { kvsname: "k".into(), appnums: vec![0], mapping: one_node(1), preput: Vec::new() };
        let mut group = Group::new(spec).expect("valid");
        assert_eq!(group.report_of(0), None);
        assert_eq!(group.report(0, 1, 2, "b"), Ok(()));
        assert_eq!(group.report_of(0), None);
        assert_eq!(group.report(0, 0, 2, "a"), Ok(()));
        assert_eq!(group.report_of(0).as_deref(), Some("ab"));
        assert!(group.report(0, 2, 2, "c").is_err() && group.report(0, 0, usize::MAX, "c").is_err());
    }

    #[test]
    fn what_does_not_fit_into_the_store_is_no_group() {
        let preput = vec![("k".repeat(65), String::new())];
        let spec = GroupSpec { kvsname: "k".into(), appnums: vec![0], mapping: one_node(1), preput };
        assert!(Group::new(spec).is_err());
    }
}
