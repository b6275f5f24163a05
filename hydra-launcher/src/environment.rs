//! The environment of a rank: the launcher's own, the options, what MPI libraries expect, and the preloaded shim.

use crate::command_line::{Inherited, Variable};
use crate::debugger::UNDER_DEBUGGER;
use std::collections::BTreeMap;
use std::ffi::{CString, NulError, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// Set for every rank unless the user set them (reference: DESIGN.md, facts the loader must respect).
const DEFAULTS: [(&str, &str); 6] = [
    // UCX must not patch libc's text, catch signals or mount a file system for each of many tasks in one address space.
    ("UCX_MEM_EVENTS", "n"),
    ("UCX_HANDLE_ERRORS", "none"),
    ("UCX_VFS_ENABLE", "n"),
    // MPICH's windows want the same address in every rank, which is always taken here: one try, not a hundred.
    ("MPIR_CVAR_SHM_SYMHEAP_RETRY", "1"),
    // hwloc's GL plugin tries to reach X11 displays.
    ("HWLOC_COMPONENTS", "-gl"),
    // Hydra sets it: Fortran output would otherwise stay in the rank's buffer until its end.
    ("GFORTRAN_UNBUFFERED_PRECONNECTED", "y"),
];

/// Where a rank stands in its job.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its rank in MPI_COMM_WORLD.
    pub rank: usize,
    /// Number of ranks.
    pub size: usize,
    /// Its number among the ranks of its node.
    pub local_rank: usize,
    /// Number of ranks of its node.
    pub local_size: usize,
    /// The ranks of its node as ranges, if the job has several nodes.
    pub local_ranks: Option<String>,
    /// Its PMI socket.
    pub pmi_fd: i32,
}

/// How an MPI library finds its way to other hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Network {
    /// By the name of its own.
    Hostname(OsString),
    /// By this interface.
    Interface(String),
    /// As it likes.
    Unsaid,
}

/// The variables all ranks of a segment share.
#[derive(Debug, Clone)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    /// GPUs of each rank.
    gpus: Option<usize>,
}

impl Environment {
    /// Those of the parent's variables that are to be inherited, without those of an outer launcher, then `overrides` in
    /// order, then the defaults.
    pub fn new<'a>(
        parent: impl IntoIterator<Item = Variable>,
        inherited: &Inherited,
        overrides: impl IntoIterator<Item = &'a Variable>,
        network: &Network,
    ) -> Environment {
        let is_inherited = |name: &OsString| match inherited {
            Inherited::All => !belongs_to_a_launcher(name),
            Inherited::Nothing => false,
            Inherited::Listed(names) => names.contains(name),
        };
        let mut variables: BTreeMap<_, _> = parent.into_iter().filter(|(name, _)| is_inherited(name)).collect();
        variables.extend(overrides.into_iter().cloned());
        for (name, value) in DEFAULTS {
            variables.entry(name.into()).or_insert_with(|| value.into());
        }
        let (name, value) = match network {
            Network::Hostname(name) => ("MPIR_CVAR_CH3_INTERFACE_HOSTNAME", name.clone()),
            Network::Interface(name) => ("MPIR_CVAR_NEMESIS_TCP_NETWORK_IFACE", name.into()),
            Network::Unsaid => return Environment { variables, gpus: None },
        };
        variables.entry(name.into()).or_insert(value);
        Environment { variables, gpus: None }
    }

    /// Gives each rank of a host so many GPUs of its own.
    pub fn share_gpus(&mut self, each: usize) {
        self.gpus = Some(each);
    }

    /// The GPUs of one rank, as CUDA_VISIBLE_DEVICES lists them; -1 is none.
    fn gpus_of(&self, local_rank: usize) -> Option<String> {
        let each = self.gpus?;
        let list: Vec<String> = (local_rank * each..(local_rank + 1) * each).map(|gpu| gpu.to_string()).collect();
        Some(if each == 0 { "-1".to_owned() } else { list.join(",") })
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.into(), value.into());
    }

    /// Puts a library in front of LD_PRELOAD.
    pub fn preload(&mut self, library: &Path) {
        let value = self.variables.entry("LD_PRELOAD".into()).or_default();
        let mut list = library.as_os_str().to_owned();
        // An outer launcher may have put the same library there.
        for other in value.as_bytes().split(|&b| b == b':' || b == b' ').filter(|other| !other.is_empty()) {
            if other != library.as_os_str().as_bytes() {
                list.push(":");
                list.push(OsStr::from_bytes(other));
            }
        }
        *value = list;
    }

    /// Whether the user switched the shim off for these ranks.
    pub fn shim_is_off(&self) -> bool {
        self.get("PIP_MPI_SHIM")
            .is_some_and(|value| ["off", "0", "no"].iter().any(|off| value.eq_ignore_ascii_case(off)))
    }

    /// The complete environment of one task as `NAME=value`; with a place that of a rank.
    pub fn of_task(&self, place: Option<Place>) -> Result<Vec<CString>, NulError> {
        let of_rank = |place: Place| {
            let own = [
                ("PMI_RANK", place.rank.to_string()),
                ("PMI_SIZE", place.size.to_string()),
                ("PMI_FD", place.pmi_fd.to_string()),
                ("MPI_LOCALRANKID", place.local_rank.to_string()),
                ("MPI_LOCALNRANKS", place.local_size.to_string()),
            ];
            own.into_iter().chain(place.local_ranks.map(|ranks| ("PIP_MPI_LOCAL_RANKS", ranks)))
        };
        let gpus = place.as_ref().and_then(|place| Some(("CUDA_VISIBLE_DEVICES", self.gpus_of(place.local_rank)?)));
        let own = place.map(of_rank).into_iter().flatten().chain(gpus).collect::<Vec<_>>();
        let inherited =
            self.variables.iter().filter(|(name, _)| own.iter().all(|(taken, _)| name.as_os_str() != *taken));
        let inherited = inherited.map(|(name, value)| {
            let mut text = name.clone().into_vec();
            text.push(b'=');
            text.extend_from_slice(value.as_bytes());
            CString::new(text)
        });
        inherited.chain(own.iter().map(|(name, value)| CString::new(format!("{name}={value}")))).collect()
    }
}

fn belongs_to_a_launcher(name: &OsStr) -> bool {
    let name = name.as_bytes();
    name.starts_with(b"PMI_")
        || [UNDER_DEBUGGER.as_bytes(), b"PIP_REGISTRY", b"PIP_MPI_LOCAL_RANKS", b"PIP_MPI_ONE_NODE", b"HYDI_CONTROL_FD"]
            .contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, value: &str) -> Variable {
        (name.into(), value.into())
    }

    fn new(parent: &[Variable], inherited: &Inherited, overrides: &[Variable]) -> Environment {
        Environment::new(parent.to_vec(), inherited, overrides, &Network::Hostname("vm".into()))
    }

    fn text(environment: &Environment) -> Vec<String> {
        let place = Place { rank: 2, size: 5, local_rank: 1, local_size: 3, local_ranks: None, pmi_fd: 9 };
        let list = environment.of_task(Some(place)).expect("no NUL");
        list.into_iter().map(|entry| entry.into_string().expect("text")).collect()
    }

    #[test]
    fn options_override_the_parent_and_defaults_do_not() {
        let parent = [variable("A", "1"), variable("B", "1"), variable("UCX_VFS_ENABLE", "y")];
        let overrides = [variable("A", "2"), variable("A", "3"), variable("HWLOC_COMPONENTS", "")];
        let list = text(&new(&parent, &Inherited::All, &overrides));
        for wanted in [
            "A=3",
            "B=1",
            "UCX_VFS_ENABLE=y",
            "UCX_MEM_EVENTS=n",
            "HWLOC_COMPONENTS=",
            "PMI_RANK=2",
            "MPI_LOCALNRANKS=3",
        ] {
            assert_eq!(list.iter().filter(|entry| *entry == wanted).count(), 1, "{wanted} in {list:?}");
        }
        assert!(list.contains(&"MPIR_CVAR_CH3_INTERFACE_HOSTNAME=vm".to_owned()));
        assert_eq!(list.iter().filter(|entry| entry.starts_with("A=")).count(), 1);
    }

    #[test]
    fn an_outer_launcher_leaves_nothing() {
        let parent = [variable("PMI_PORT", "x:1"), variable("PMI_RANK", "7"), variable("PIP_REGISTRY", "0x1:2")];
        let list = text(&new(&parent, &Inherited::All, &[]));
        assert!(!list.iter().any(|entry| entry.starts_with("PMI_PORT") || entry.starts_with("PIP_REGISTRY")));
        assert_eq!(list.iter().filter(|entry| entry.starts_with("PMI_RANK=")).count(), 1);
    }

    #[test]
    fn what_is_not_inherited_may_be_set() {
        let parent = [variable("A", "1"), variable("B", "1"), variable("PMI_RANK", "7")];
        let is_user = |entry: &String| ["A=", "B=", "PMI_RANK="].iter().any(|name| entry.starts_with(name));
        let user = |inherited: &Inherited, overrides: &[Variable]| -> Vec<String> {
            text(&new(&parent, inherited, overrides)).into_iter().filter(is_user).collect()
        };
        assert_eq!(user(&Inherited::Nothing, &[]), ["PMI_RANK=2"]);
        assert_eq!(user(&Inherited::Nothing, &[variable("B", "2")]), ["B=2", "PMI_RANK=2"]);
        assert_eq!(user(&Inherited::Listed(vec!["A".into(), "C".into()]), &[]), ["A=1", "PMI_RANK=2"]);
        assert_eq!(user(&Inherited::All, &[]), ["A=1", "B=1", "PMI_RANK=2"]);
        let network = Environment::new(Vec::new(), &Inherited::All, &[], &Network::Interface("lo".into()));
        assert_eq!(network.get("MPIR_CVAR_NEMESIS_TCP_NETWORK_IFACE"), Some(OsStr::new("lo")));
        assert_eq!(network.get("MPIR_CVAR_CH3_INTERFACE_HOSTNAME"), None);
    }

    #[test]
    fn ranks_of_a_host_share_its_gpus() {
        let mut environment = new(&[variable("CUDA_VISIBLE_DEVICES", "7")], &Inherited::All, &[]);
        for (each, wanted) in [(0, "-1"), (1, "1"), (2, "2,3")] {
            environment.share_gpus(each);
            let list = text(&environment);
            let found: Vec<_> = list.iter().filter_map(|entry| entry.strip_prefix("CUDA_VISIBLE_DEVICES=")).collect();
            assert_eq!(found, [wanted]);
        }
    }

    #[test]
    fn the_shim_comes_first_and_once() {
        let mut environment = new(&[variable("LD_PRELOAD", "/a.so:/shim.so /b.so")], &Inherited::All, &[]);
        environment.preload(Path::new("/shim.so"));
        assert_eq!(environment.get("LD_PRELOAD"), Some(OsStr::new("/shim.so:/a.so:/b.so")));
        assert!(!environment.shim_is_off());
        let off = new(&[], &Inherited::All, &[variable("PIP_MPI_SHIM", "OFF")]);
        assert!(off.shim_is_off());
    }
}
