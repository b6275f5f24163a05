//! The environment of a rank: the launcher's own, the options, what MPI libraries expect, and the preloaded shim.

use crate::command_line::Variable;
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

/// The variables all ranks of a segment share.
#[derive(Debug, Clone)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// The parent's variables without those of an outer launcher, then `overrides` in order, then the defaults.
    pub fn new<'a>(
        parent: impl IntoIterator<Item = Variable>,
        overrides: impl IntoIterator<Item = &'a Variable>,
        hostname: &OsStr,
    ) -> Environment {
        let mut variables: BTreeMap<_, _> =
            parent.into_iter().filter(|(name, _)| !belongs_to_a_launcher(name)).collect();
        variables.extend(overrides.into_iter().cloned());
        for (name, value) in DEFAULTS {
            variables.entry(name.into()).or_insert_with(|| value.into());
        }
        variables.entry("MPIR_CVAR_CH3_INTERFACE_HOSTNAME".into()).or_insert_with(|| hostname.to_owned());
        Environment(variables)
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.into(), value.into());
    }

    /// Puts a library in front of LD_PRELOAD.
    pub fn preload(&mut self, library: &Path) {
        let value = self.0.entry("LD_PRELOAD".into()).or_default();
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
        let own = place.map(of_rank).into_iter().flatten().collect::<Vec<_>>();
        let inherited = self.0.iter().filter(|(name, _)| own.iter().all(|(taken, _)| name.as_os_str() != *taken));
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
    name.starts_with(b"PMI_") || name == b"PIP_REGISTRY" || name == b"HYDI_CONTROL_FD"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, value: &str) -> Variable {
        (name.into(), value.into())
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
        let list = text(&Environment::new(parent, &overrides, OsStr::new("vm")));
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
        let list = text(&Environment::new(parent, &[], OsStr::new("vm")));
        assert!(!list.iter().any(|entry| entry.starts_with("PMI_PORT") || entry.starts_with("PIP_REGISTRY")));
        assert_eq!(list.iter().filter(|entry| entry.starts_with("PMI_RANK=")).count(), 1);
    }

    #[test]
    fn the_shim_comes_first_and_once() {
        let mut environment = Environment::new([variable("LD_PRELOAD", "/a.so:/shim.so /b.so")], &[], OsStr::new("vm"));
        environment.preload(Path::new("/shim.so"));
        assert_eq!(environment.get("LD_PRELOAD"), Some(OsStr::new("/shim.so:/a.so:/b.so")));
        assert!(!environment.shim_is_off());
        let off = Environment::new([], &[variable("PIP_MPI_SHIM", "OFF")], OsStr::new("vm"));
        assert!(off.shim_is_off());
    }
}
