//! Rivals: ways to start the same benchmark with two ranks. [`table`] lists them, [`choice`] picks those of a campaign, and
//! [`library`] verifies that each really runs on the MPI library it is named for.

pub mod choice;
pub mod library;
pub mod table;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Serialize;

use library::{Expected, Library};

/// The index of stock MPICH in every table: the one the others are compared with.
pub const STOCK: usize = 0;
/// The index of PiP in every table.
pub const PIP: usize = 1;

/// Which build of the benchmarks a rival runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Abi {
    /// The MPICH ABI, which Intel MPI and PiP share: `libmpich.so.12`, `libmpi.so.12`.
    Mpich,
    /// Open MPI 4 and 5: `libmpi.so.40`.
    OpenMpi,
}

/// One way to start an MPI program.
#[derive(Clone, Debug, Serialize)]
pub struct Rival {
    /// The word for `--rivals` and the table.
    pub name: &'static str,
    /// What it is.
    pub title: &'static str,
    /// Which build of the benchmarks it runs.
    pub abi: Abi,
    /// The launcher.
    pub launcher: PathBuf,
    /// What is set in the environment of launcher and ranks.
    pub environment: Vec<(&'static str, String)>,
    /// The launcher's options before the program.
    pub arguments: Vec<&'static str>,
    /// The library it has to run on.
    #[serde(skip)]
    pub expected: Expected,
    /// The library it runs on, as verified.
    pub library: Option<Library>,
    /// The command that installs it.
    #[serde(skip)]
    pub remedy: &'static str,
}

impl Rival {
    /// The command that runs `program` with `arguments` under this rival; with env(1) in front when it needs an environment.
    pub fn command(&self, program: &Path, arguments: &[&str]) -> Vec<OsString> {
        let mut command = Vec::new();
        if !self.environment.is_empty() {
            command.push("env".into());
            command.extend(self.environment.iter().map(|(name, value)| format!("{name}={value}").into()));
        }
        command.push(self.launcher.clone().into_os_string());
        command.extend(self.arguments.iter().map(OsString::from));
        command.push(program.into());
        command.extend(arguments.iter().map(OsString::from));
        command
    }
}

/// Whether `program` exists, as a path or by name in PATH.
pub fn found(program: &Path) -> bool {
    if program.components().count() > 1 {
        return program.is_file();
    }
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use table::{Places, table};

    #[test]
    fn a_command_is_environment_launcher_options_program_arguments() {
        let places =
            Places { stock: "mpiexec.mpich".into(), pip: "/x y/pip-mpiexec".into(), folder: "/r".into(), root: true };
        let rivals = table(&places);
        let command = rivals[PIP].command(Path::new("/x y/osu_bw"), &["-m", "8"]);
        assert_eq!(command, ["/x y/pip-mpiexec", "-n", "2", "/x y/osu_bw", "-m", "8"]);
        let wheel = rivals.iter().find(|rival| rival.name == "mpich-new").expect("in the table");
        let command = wheel.command(Path::new("osu_bw"), &[]);
        assert_eq!(command[..2], ["env", "LD_LIBRARY_PATH=/r/venv/mpich/lib"]);
        assert_eq!(command[2..], ["/r/venv/mpich/bin/mpiexec", "-n", "2", "osu_bw"]);
    }

    #[test]
    fn programs_are_found_as_paths_and_by_name() {
        assert!(found(Path::new("sh")) && !found(Path::new("no-such-program")));
        assert!(!found(Path::new("/nowhere/sh")));
    }
}
