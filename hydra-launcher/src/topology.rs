//! The processors of this machine: which hardware thread belongs to which core, cache, NUMA node and socket, as
//! /sys/devices/system says, without those that this process may not use.

use std::collections::BTreeSet;
use std::path::Path;

/// A set of CPU numbers.
pub type Cpus = BTreeSet<usize>;

/// What can be bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Kind {
    /// All of it.
    Machine,
    /// Memory with its processors.
    Numa,
    /// A package.
    Socket,
    /// A core.
    Core,
    /// A hardware thread.
    Thread,
    /// What shares a cache of this level.
    Cache(u8),
}

/// A machine's hardware threads, and the sets they form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topology {
    /// Hardware threads in the order of the hardware: those of a core, a cache, a socket stand side by side.
    threads: Vec<usize>,
    numa: Vec<Cpus>,
    sockets: Vec<Cpus>,
    cores: Vec<Cpus>,
    /// By level - 1.
    caches: [Vec<Cpus>; 5],
}

impl Topology {
    /// The topology below `root` (`/sys/devices/system`), of the CPUs in `allowed`.
    pub fn read(root: &Path, allowed: &Cpus) -> Topology {
        let set = |path: &Path| parse_list(&std::fs::read_to_string(path).unwrap_or_default());
        let mut topology = Topology::default();
        for &cpu in allowed {
            let folder = root.join(format!("cpu/cpu{cpu}"));
            // Names as of Linux 5.3, then those before.
            for (target, names) in [
                (&mut topology.sockets, ["package_cpus_list", "core_siblings_list"]),
                (&mut topology.cores, ["core_cpus_list", "thread_siblings_list"]),
            ] {
                let found = names.iter().find_map(|name| set(&folder.join("topology").join(name)));
                add(target, found.unwrap_or_else(|| Cpus::from([cpu])), allowed);
            }
            for index in 0.. {
                let cache = folder.join(format!("cache/index{index}"));
                let Ok(level) = std::fs::read_to_string(cache.join("level")) else { break };
                let kind = std::fs::read_to_string(cache.join("type")).unwrap_or_default();
                let level = level.trim().parse::<usize>().ok().filter(|level| (1..=5).contains(level));
                if let (Some(level), Some(shared)) = (level, set(&cache.join("shared_cpu_list")))
                    && kind.trim() != "Instruction"
                {
                    add(&mut topology.caches[level - 1], shared, allowed);
                }
            }
        }
        let nodes = set(&root.join("node/online")).unwrap_or_default();
        for node in nodes {
            let cpus = set(&root.join(format!("node/node{node}/cpulist"))).unwrap_or_default();
            add(&mut topology.numa, cpus, allowed);
        }
        if topology.numa.is_empty() {
            topology.numa.push(allowed.clone());
        }
        topology.in_order(allowed)
    }

    /// Sorts everything by where it is in the hardware.
    fn in_order(mut self, allowed: &Cpus) -> Topology {
        let first = |sets: &[Cpus], cpu: usize| {
            sets.iter().find(|set| set.contains(&cpu)).and_then(|set| set.first().copied()).unwrap_or(cpu)
        };
        let key = |cpu: usize| {
            let cache = |level: usize| first(&self.caches[level - 1], cpu);
            (first(&self.sockets, cpu), first(&self.numa, cpu), cache(3), cache(2), first(&self.cores, cpu), cpu)
        };
        let mut threads: Vec<usize> = allowed.iter().copied().collect();
        threads.sort_by_key(|&cpu| key(cpu));
        let place = |set: &Cpus| threads.iter().position(|cpu| set.contains(cpu));
        let lists = [&mut self.numa, &mut self.sockets, &mut self.cores].into_iter().chain(&mut self.caches);
        lists.for_each(|list| list.sort_by_key(place));
        self.threads = threads;
        self
    }

    /// All sets of a kind, in the order of the hardware; none if the machine does not have it.
    pub fn sets(&self, kind: Kind) -> Vec<Cpus> {
        match kind {
            Kind::Machine => vec![self.threads.iter().copied().collect()],
            Kind::Numa => self.numa.clone(),
            Kind::Socket => self.sockets.clone(),
            Kind::Core => self.cores.clone(),
            Kind::Thread => self.threads.iter().map(|&cpu| Cpus::from([cpu])).collect(),
            Kind::Cache(level) => self.caches.get(usize::from(level) - 1).cloned().unwrap_or_default(),
        }
    }

    /// Whether a CPU may be used.
    pub fn has(&self, cpu: usize) -> bool {
        self.threads.contains(&cpu)
    }
}

/// Adds the allowed part of a set, unless it is there or empty.
fn add(sets: &mut Vec<Cpus>, set: Cpus, allowed: &Cpus) {
    let set: Cpus = set.intersection(allowed).copied().collect();
    if !set.is_empty() && !sets.contains(&set) {
        sets.push(set);
    }
}

/// Parses a list such as `0-3,8`; None for anything else, or nothing.
pub fn parse_list(text: &str) -> Option<Cpus> {
    let mut set = Cpus::new();
    for part in text.trim().split(',') {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let (low, high): (usize, usize) = (low.parse().ok()?, high.parse().ok()?);
        if low > high || high >= 1 << 16 {
            return None;
        }
        set.extend(low..=high);
    }
    Some(set)
}

/// The CPUs this process may run on: what its control group and its affinity leave.
pub fn allowed() -> Cpus {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    list.and_then(parse_list).unwrap_or_default()
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A machine of `sockets` x `cores` x `threads`, with a NUMA node and a level-3 cache per socket. With `scattered`, threads
    /// of a core have distant numbers, as on most servers.
    pub fn machine(sockets: usize, cores: usize, threads: usize, scattered: bool) -> Topology {
        let number = |core: usize, thread: usize| {
            if scattered { core + thread * sockets * cores } else { core * threads + thread }
        };
        let of_core = |core: usize| (0..threads).map(move |thread| number(core, thread));
        let of_cores: Vec<Cpus> = (0..sockets * cores).map(|core| of_core(core).collect()).collect();
        let of_sockets: Vec<Cpus> =
            (0..sockets).map(|s| (s * cores..(s + 1) * cores).flat_map(of_core).collect()).collect();
        let caches = [of_cores.clone(), of_cores.clone(), of_sockets.clone(), Vec::new(), Vec::new()];
        let topology =
            Topology { threads: Vec::new(), numa: of_sockets.clone(), sockets: of_sockets, cores: of_cores, caches };
        topology.in_order(&(0..sockets * cores * threads).collect())
    }

    /// Writes what the kernel would say of a machine into a folder.
    fn write(topology: &Topology, folder: &Path) {
        let list = |cpus: &Cpus| cpus.iter().map(usize::to_string).collect::<Vec<_>>().join(",") + "\n";
        let of = |sets: &[Cpus], cpu: usize| list(sets.iter().find(|set| set.contains(&cpu)).expect("a set"));
        let write = |path: String, text: String| {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        for &cpu in &topology.threads {
            write(format!("cpu/cpu{cpu}/topology/package_cpus_list"), of(&topology.sockets, cpu));
            write(format!("cpu/cpu{cpu}/topology/core_cpus_list"), of(&topology.cores, cpu));
            for (index, level, kind) in [(0, 1, "Data"), (1, 1, "Instruction"), (2, 2, "Unified"), (3, 3, "Unified")] {
                let cache = format!("cpu/cpu{cpu}/cache/index{index}");
                write(format!("{cache}/level"), format!("{level}\n"));
                write(format!("{cache}/type"), format!("{kind}\n"));
                write(format!("{cache}/shared_cpu_list"), of(&topology.caches[level - 1], cpu));
            }
        }
        write("node/online".into(), format!("0-{}\n", topology.numa.len() - 1));
        topology.numa.iter().enumerate().for_each(|(n, set)| write(format!("node/node{n}/cpulist"), list(set)));
    }

    #[test]
    fn a_machine_is_read() {
        let topology = machine(2, 4, 2, false);
        let count = |kind| topology.sets(kind).len();
        let kinds = [Kind::Machine, Kind::Numa, Kind::Socket, Kind::Core, Kind::Thread, Kind::Cache(1), Kind::Cache(3)];
        assert_eq!(kinds.map(count), [1, 2, 2, 8, 16, 8, 2]);
        assert_eq!(count(Kind::Cache(4)), 0);
        assert_eq!(topology.sets(Kind::Core)[3], Cpus::from([6, 7]));
        assert_eq!(topology.sets(Kind::Cache(3))[1], (8..16).collect());
        for written in [machine(2, 4, 2, false), machine(2, 2, 2, true), machine(1, 3, 1, false)] {
            let folder = tempfile::tempdir().expect("a folder");
            write(&written, folder.path());
            assert_eq!(Topology::read(folder.path(), &written.threads.iter().copied().collect()), written);
        }
        let scattered = machine(2, 2, 2, true);
        assert_eq!(scattered.threads, [0, 4, 1, 5, 2, 6, 3, 7]);
        assert_eq!(scattered.sets(Kind::Socket)[1], Cpus::from([2, 3, 6, 7]));
    }

    #[test]
    fn this_machine_is_whole() {
        let allowed = allowed();
        let topology = Topology::read(Path::new("/sys/devices/system"), &allowed);
        for kind in [Kind::Machine, Kind::Numa, Kind::Socket, Kind::Core, Kind::Thread] {
            let all: Cpus = topology.sets(kind).into_iter().flatten().collect();
            assert_eq!(all, allowed, "{kind:?}");
        }
        let nothing = Topology::read(Path::new("/nowhere"), &allowed);
        assert_eq!(nothing.sets(Kind::Core).len(), allowed.len());
    }

    #[test]
    fn forbidden_processors_are_left_out() {
        let allowed = Cpus::from([0]);
        let topology = Topology::read(Path::new("/sys/devices/system"), &allowed);
        for kind in [Kind::Machine, Kind::Numa, Kind::Socket, Kind::Core, Kind::Thread] {
            assert_eq!(topology.sets(kind), vec![allowed.clone()], "{kind:?}");
        }
    }

    proptest! {
        #[test]
        fn lists_of_the_kernel_are_read(sets in proptest::collection::btree_set(0..200usize, 1..20)) {
            let text: Vec<String> = sets.iter().map(|cpu| format!("{cpu}-{cpu}")).collect();
            prop_assert_eq!(parse_list(&text.join(",")), Some(sets));
        }

        #[test]
        fn any_text_is_a_list_or_none(text in "[0-9,x-]{0,12}") {
            let _ = parse_list(&text);
        }
    }
}
