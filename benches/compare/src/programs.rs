//! Where the benchmark programs are, by the ABI they are built for.

use std::path::PathBuf;

use crate::rivals::{Abi, found};

/// A program of the table of benchmarks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// One of this project's.
    Own(&'static str),
    /// NetPIPE, which Debian builds for each MPI.
    NetPipe,
}

impl Program {
    /// The first column of the table.
    pub fn name(self) -> &'static str {
        match self {
            Program::Own(name) => name,
            Program::NetPipe => "NetPIPE",
        }
    }
}

/// The places.
#[derive(Debug)]
pub struct Programs {
    own: PathBuf,
    own_open_mpi: PathBuf,
    netpipe: PathBuf,
}

impl Programs {
    /// This project's programs are in `own`, those built for Open MPI in the folder `rivals` of `make rivals`; `netpipe` is
    /// the one built for MPICH.
    pub fn new(own: PathBuf, rivals: PathBuf, netpipe: PathBuf) -> Self {
        Self { own, own_open_mpi: rivals.join("openmpi/release"), netpipe }
    }

    /// The place of this project's program `name`.
    pub fn own(&self, abi: Abi, name: &str) -> PathBuf {
        match abi {
            Abi::Mpich => self.own.join(name),
            Abi::OpenMpi => self.own_open_mpi.join(name),
        }
    }

    /// The place of `program`, whether it exists or not.
    pub fn place(&self, abi: Abi, program: Program) -> PathBuf {
        match (program, abi) {
            (Program::Own(name), _) => self.own(abi, name),
            (Program::NetPipe, Abi::Mpich) => self.netpipe.clone(),
            (Program::NetPipe, Abi::OpenMpi) => "NPopenmpi".into(),
        }
    }

    /// The same, but only if it exists.
    pub fn find(&self, abi: Abi, program: Program) -> Option<PathBuf> {
        Some(self.place(abi, program)).filter(|place| found(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_abi_has_its_own_build() {
        let programs = Programs::new("/p".into(), "/r".into(), "/bin/NPmpich2".into());
        let bw = Program::Own("osu_bw");
        assert_eq!(programs.place(Abi::Mpich, bw), PathBuf::from("/p/osu_bw"));
        assert_eq!(programs.place(Abi::OpenMpi, bw), PathBuf::from("/r/openmpi/release/osu_bw"));
        assert_eq!(programs.place(Abi::Mpich, Program::NetPipe), PathBuf::from("/bin/NPmpich2"));
        assert_eq!(programs.find(Abi::Mpich, bw), None);
    }
}
