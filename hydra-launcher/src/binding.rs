//! Which processors each rank of a node gets: `-bind-to`, `-map-by` and `-membind`. Pure.
//!
//! Ranks go from one map domain to the next; in each they take the bind units that lie in it, one group after the other.

use crate::topology::{Cpus, Kind, Topology, parse_list};

/// A number of units, such as `core:2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Unit {
    kind: Kind,
    count: usize,
}

/// `-bind-to`.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum BindTo {
    /// Nothing is bound.
    #[default]
    Nothing,
    /// CPUs of each rank; ranks behind the end of the list are not bound.
    User(Vec<Cpus>),
    /// Units.
    Units(Unit),
}

/// `-membind`.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Memory {
    /// As the system does.
    #[default]
    Default,
    /// Only from these NUMA nodes.
    Bind(Cpus),
    /// From these in turn.
    Interleave(Cpus),
}

/// All that is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Binding {
    /// What a rank gets.
    pub bind_to: BindTo,
    /// How to go on from rank to rank.
    pub map_by: Option<Unit>,
    /// Where its memory is.
    pub memory: Memory,
}

/// A binding that cannot be done.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum BindingError {
    /// An unknown unit.
    #[error(
        "{0:?} is no unit; give machine, numa, socket, core, hwthread, or l1cache to l5cache, or one of these with :COUNT"
    )]
    UnknownUnit(String),
    /// A device.
    #[error("{0:?} means a device, to whose neighbourhood ranks cannot be bound here; give numa or user:CPU,...")]
    Device(String),
    /// A number of units that is none.
    #[error("{0:?} has no number of units from 1 on behind the colon; write for instance core:2")]
    BadCount(String),
    /// A list of CPUs that is none.
    #[error("{0:?} is no list of CPUs; write for instance user:0,2+3,4-7 for the ranks of a host")]
    BadList(String),
    /// An unknown memory policy.
    #[error("{0:?} is no memory policy; give none, firsttouch, bind:NODE,... or interleave:NODE,...")]
    UnknownPolicy(String),
    /// A policy that Linux lacks.
    #[error("nexttouch does not exist on Linux; give firsttouch, bind:NODE,... or interleave:NODE,...")]
    NextTouch,
    /// A unit the machine does not have.
    #[error("{0} asks for {1} of a kind of which there are {2} that may be used; ask for fewer, or another unit")]
    TooMany(&'static str, usize, usize),
    /// A CPU that is not there, or not for us.
    #[error("CPU {0} does not exist or may not be used; /proc/self/status lists those that may (Cpus_allowed_list)")]
    NoSuchCpu(usize),
}

impl Unit {
    /// The value of `-bind-to`.
    pub fn parse_binding(text: &str) -> Result<BindTo, BindingError> {
        let lower = text.to_ascii_lowercase();
        if let Some(list) = lower.strip_prefix("user:") {
            let bad = || BindingError::BadList(text.to_owned());
            let sets = list.split(',').map(|rank| parse_list(&rank.replace('+', ",")).ok_or_else(bad));
            return Ok(BindTo::User(sets.collect::<Result<_, _>>()?));
        }
        match lower.as_str() {
            "none" => Ok(BindTo::Nothing),
            "rr" => Ok(BindTo::Units(Unit { kind: Kind::Thread, count: 1 })),
            _ => Unit::parse(&lower, text).map(BindTo::Units),
        }
    }

    /// The value of `-map-by`.
    pub fn parse_mapping(text: &str) -> Result<Unit, BindingError> {
        Unit::parse(&text.to_ascii_lowercase(), text)
    }

    /// The value of `-membind`.
    pub fn parse_memory(text: &str) -> Result<Memory, BindingError> {
        let lower = text.to_ascii_lowercase();
        let unknown = || BindingError::UnknownPolicy(text.to_owned());
        match lower.split_once(':') {
            None if lower == "none" || lower == "firsttouch" => Ok(Memory::Default),
            None if lower == "nexttouch" => Err(BindingError::NextTouch),
            Some(("bind", list)) => parse_list(list).map(Memory::Bind).ok_or_else(unknown),
            Some(("interleave", list)) => parse_list(list).map(Memory::Interleave).ok_or_else(unknown),
            _ => Err(unknown()),
        }
    }

    fn parse(lower: &str, text: &str) -> Result<Unit, BindingError> {
        let (name, count) = match lower.split_once(':') {
            None => (lower, Some(1)),
            Some((name, count)) => (name, count.parse().ok().filter(|&count| count > 0)),
        };
        let kind = match name {
            "machine" => Kind::Machine,
            "numa" => Kind::Numa,
            "socket" => Kind::Socket,
            "core" => Kind::Core,
            "hwthread" => Kind::Thread,
            "l1cache" => Kind::Cache(1),
            "l2cache" => Kind::Cache(2),
            "l3cache" => Kind::Cache(3),
            "l4cache" => Kind::Cache(4),
            "l5cache" => Kind::Cache(5),
            _ if ["pci", "gpu", "ib", "en", "eth", "hfi"].iter().any(|device| is_device(name, device)) => {
                return Err(BindingError::Device(text.to_owned()));
            }
            _ => return Err(BindingError::UnknownUnit(text.to_owned())),
        };
        Ok(Unit { kind, count: count.ok_or_else(|| BindingError::BadCount(text.to_owned()))? })
    }
}

/// `gpu`, `gpu0`, `pci`.
fn is_device(name: &str, device: &str) -> bool {
    name.strip_prefix(device).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
}

impl Binding {
    /// The processors of the first `ranks` ranks of a node; None: not bound.
    pub fn masks(&self, topology: &Topology, ranks: usize) -> Result<Vec<Option<Cpus>>, BindingError> {
        match &self.bind_to {
            BindTo::Nothing => Ok(vec![None; ranks]),
            BindTo::User(sets) => {
                if let Some(&cpu) = sets.iter().flatten().find(|&&cpu| !topology.has(cpu)) {
                    return Err(BindingError::NoSuchCpu(cpu));
                }
                Ok((0..ranks).map(|rank| sets.get(rank).cloned()).collect())
            }
            BindTo::Units(unit) => self.units(*unit, topology, ranks),
        }
    }

    fn units(&self, unit: Unit, topology: &Topology, ranks: usize) -> Result<Vec<Option<Cpus>>, BindingError> {
        let (bind, count) = (topology.sets(unit.kind), unit.count);
        let step = self.map_by.unwrap_or(unit);
        let map = topology.sets(step.kind);
        for (option, sets, count) in [("-bind-to", &bind, count), ("-map-by", &map, step.count)] {
            if count > sets.len() {
                return Err(BindingError::TooMany(option, count, sets.len()));
            }
        }
        // Domains of step.count map units, begun wherever a multiple of it ends up, modulo their number.
        let domains = map.len() / greatest_common_divisor(map.len(), step.count);
        let mask = |rank: usize| {
            let (domain, round) = (rank % domains, rank / domains);
            let units = (0..step.count).map(|index| &map[(domain * step.count + index) % map.len()]);
            let mut inside: Vec<usize> = Vec::new();
            for unit in units {
                let within = (0..bind.len()).filter(|&index| !bind[index].is_disjoint(unit));
                within.for_each(|index| {
                    if !inside.contains(&index) {
                        inside.push(index)
                    }
                });
            }
            let chosen: Vec<usize> = match inside.first() {
                // More than the domain has: go on behind it, the same way each time.
                Some(&first) if inside.len() < count => (first..first + count).collect(),
                Some(_) => (0..count).map(|index| inside[(round * count + index) % inside.len()]).collect(),
                None => Vec::new(),
            };
            let cpus: Cpus = chosen.into_iter().flat_map(|index| bind[index % bind.len()].iter().copied()).collect();
            Some(cpus).filter(|cpus| !cpus.is_empty())
        };
        Ok((0..ranks).map(mask).collect())
    }
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::tests::machine;
    use proptest::prelude::*;

    fn binding(bind: &str, map: &str) -> Binding {
        let map_by = (!map.is_empty()).then(|| Unit::parse_mapping(map).expect(map));
        Binding { bind_to: Unit::parse_binding(bind).expect(bind), map_by, memory: Memory::Default }
    }

    fn masks(topology: &Topology, bind: &str, map: &str, ranks: usize) -> String {
        let text = |mask: Option<Cpus>| {
            let cpus = mask.map(|cpus| cpus.iter().map(usize::to_string).collect::<Vec<_>>().join(" "));
            format!("[{}]", cpus.unwrap_or_default())
        };
        let masks = binding(bind, map).masks(topology, ranks).expect(bind);
        masks.into_iter().map(text).collect::<Vec<_>>().join(" ")
    }

    /// Taken from the calls of sched_setaffinity of Hydra on synthetic topologies of hwloc.
    #[test]
    fn masks_are_hydras() {
        let large = machine(2, 4, 2, false);
        for (bind, map, expected) in [
            ("core", "", "[0 1] [2 3] [4 5] [6 7] [8 9] [10 11] [12 13] [14 15] [0 1]"),
            ("core:2", "", "[0 1 2 3] [4 5 6 7] [8 9 10 11] [12 13 14 15] [0 1 2 3]"),
            ("core:3", "", "[0 1 2 3 4 5] [6 7 8 9 10 11] [0 1 12 13 14 15] [2 3 4 5 6 7] [8 9 10 11 12 13]"),
            ("core", "socket", "[0 1] [8 9] [2 3] [10 11] [4 5] [12 13] [6 7] [14 15] [0 1] [8 9]"),
            ("core", "numa", "[0 1] [8 9] [2 3] [10 11] [4 5]"),
            ("core", "machine", "[0 1] [2 3] [4 5]"),
            ("hwthread", "socket", "[0] [8] [1] [9] [2] [10] [3] [11] [4] [12]"),
            ("hwthread", "core", "[0] [2] [4] [6] [8] [10] [12] [14] [1] [3]"),
            ("hwthread", "core:2", "[0] [4] [8] [12] [1] [5] [9] [13] [2]"),
            ("core", "core:3", "[0 1] [6 7] [12 13] [2 3] [8 9] [14 15] [4 5] [10 11] [2 3]"),
            ("core", "socket:2", "[0 1] [2 3] [4 5] [6 7] [8 9] [10 11] [12 13] [14 15] [0 1]"),
            (
                "core:2",
                "core",
                "[0 1 2 3] [2 3 4 5] [4 5 6 7] [6 7 8 9] [8 9 10 11] [10 11 12 13] [12 13 14 15] [0 1 14 15] [0 1 2 3]",
            ),
            ("core:2", "socket", "[0 1 2 3] [8 9 10 11] [4 5 6 7] [12 13 14 15] [0 1 2 3] [8 9 10 11]"),
            (
                "core:3",
                "socket",
                "[0 1 2 3 4 5] [8 9 10 11 12 13] [0 1 2 3 6 7] [8 9 10 11 14 15] [0 1 4 5 6 7] [8 9 12 13 14 15] [2 3 4 5 6 7]",
            ),
            (
                "core:2",
                "hwthread",
                "[0 1 2 3] [0 1 2 3] [2 3 4 5] [2 3 4 5] [4 5 6 7] [4 5 6 7] [6 7 8 9] [6 7 8 9] [8 9 10 11]",
            ),
            ("hwthread:3", "core", "[0 1 2] [2 3 4] [4 5 6] [6 7 8] [8 9 10] [10 11 12] [12 13 14] [0 14 15] [0 1 2]"),
            ("hwthread:3", "", "[0 1 2] [3 4 5] [6 7 8] [9 10 11] [12 13 14] [0 1 15] [2 3 4]"),
            ("hwthread:2", "hwthread", "[0 1] [1 2] [2 3] [3 4]"),
            (
                "l3cache",
                "core",
                "[0 1 2 3 4 5 6 7] [0 1 2 3 4 5 6 7] [0 1 2 3 4 5 6 7] [0 1 2 3 4 5 6 7] [8 9 10 11 12 13 14 15]",
            ),
            ("socket", "", "[0 1 2 3 4 5 6 7] [8 9 10 11 12 13 14 15] [0 1 2 3 4 5 6 7]"),
            ("machine", "core", "[0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15] [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15]"),
            ("rr", "", "[0] [1] [2] [3]"),
            ("user:3+4,12,0", "", "[3 4] [12] [0] [] []"),
            ("user:3-4", "", "[3 4]"),
            ("none", "core", "[] []"),
        ] {
            let ranks = expected.matches('[').count();
            assert_eq!(masks(&large, bind, map, ranks), expected, "{bind} by {map}");
        }
        let odd = machine(3, 3, 1, false);
        assert_eq!(masks(&odd, "core", "socket:2", 10), "[0] [6] [3] [1] [7] [4] [2] [8] [5] [3]");
        assert_eq!(masks(&odd, "core:2", "socket", 9), "[0 1] [3 4] [6 7] [0 2] [3 5] [6 8] [1 2] [4 5] [7 8]");
        assert_eq!(masks(&odd, "core:2", "", 9), "[0 1] [2 3] [4 5] [6 7] [0 8] [1 2] [3 4] [5 6] [7 8]");
    }

    #[test]
    fn numbers_of_threads_may_be_scattered() {
        let server = machine(2, 2, 2, true);
        assert_eq!(masks(&server, "core", "", 4), "[0 4] [1 5] [2 6] [3 7]");
        assert_eq!(masks(&server, "rr", "", 4), "[0] [4] [1] [5]");
        assert_eq!(masks(&server, "core", "socket", 4), "[0 4] [2 6] [1 5] [3 7]");
    }

    #[test]
    fn wrong_bindings_are_named() {
        let parse = |text: &str| Unit::parse_binding(text).expect_err(text).to_string();
        for (text, parts) in [
            ("bogus", ["\"bogus\"", "hwthread"]),
            ("l1", ["\"l1\"", "l1cache"]),
            ("core:0", ["\"core:0\"", "core:2"]),
            ("core:x", ["\"core:x\"", "from 1"]),
            ("user:", ["\"user:\"", "list of CPUs"]),
            ("user:1,,2", ["user:1,,2", "list of CPUs"]),
            ("gpu0", ["\"gpu0\"", "device"]),
            ("pci:1", ["\"pci:1\"", "device"]),
        ] {
            assert!(parts.iter().all(|part| parse(text).contains(part)), "{text}: {}", parse(text));
        }
        assert!(Unit::parse_memory("nexttouch").is_err_and(|error| error == BindingError::NextTouch));
        assert!(Unit::parse_memory("bind:x").is_err() && Unit::parse_memory("bogus").is_err());
        assert_eq!(Unit::parse_memory("Interleave:0-1,3"), Ok(Memory::Interleave(Cpus::from([0, 1, 3]))));
        let small = machine(1, 2, 1, false);
        let fails = |bind: &str| binding(bind, "").masks(&small, 1).expect_err(bind);
        assert_eq!(fails("core:3"), BindingError::TooMany("-bind-to", 3, 2));
        assert_eq!(fails("l4cache"), BindingError::TooMany("-bind-to", 1, 0));
        assert_eq!(fails("user:5"), BindingError::NoSuchCpu(5));
    }

    proptest! {
        #[test]
        fn every_rank_gets_what_it_asked_for(
            sockets in 1..4usize, cores in 1..5usize, threads in 1..3usize, scattered: bool,
            count in 1..4usize, step in 1..4usize,
            bind in "machine|numa|socket|core|hwthread|l1cache|l3cache", map in "machine|socket|core|hwthread",
        ) {
            let topology = machine(sockets, cores, threads, scattered);
            let wanted = binding(&format!("{bind}:{count}"), &format!("{map}:{step}"));
            if let Ok(masks) = wanted.masks(&topology, 20) {
                let BindTo::Units(unit) = wanted.bind_to else { unreachable!("a unit") };
                let sets = topology.sets(unit.kind);
                for mask in masks {
                    let mask = mask.expect("bound");
                    prop_assert_eq!(mask.len(), sets[0].len() * count);
                    prop_assert!(sets.iter().all(|set| set.is_disjoint(&mask) || set.is_subset(&mask)));
                }
            }
        }

        #[test]
        fn any_text_is_a_binding_or_refused(text in "(user:)?[a-z0-9:,+-]{0,12}") {
            let _ = (Unit::parse_binding(&text), Unit::parse_mapping(&text), Unit::parse_memory(&text));
        }
    }
}
