//! Rivals: ways to start the same benchmark. [`table`] lists them, [`given`] makes more of launchers that the user names,
//! [`choice`] picks those of a campaign, and [`library`] verifies that each really runs on the MPI library it is named for.

pub mod choice;
pub mod given;
pub mod library;
pub mod table;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use library::{Expected, Library};

/// The index of stock MPICH in every table: the one the others are compared with.
pub const STOCK: usize = 0;
/// The index of PiP in every table.
pub const PIP: usize = 1;

/// Which build of the benchmarks a rival runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Abi {
    /// The MPICH ABI, which Intel MPI and PiP share: `libmpich.so.12`, `libmpi.so.12`.
    Mpich,
    /// Open MPI 4 and 5: `libmpi.so.40`.
    OpenMpi,
}

/// One way to start an MPI program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rival {
    /// The word for `--rivals` and the table.
    pub name: String,
    /// What it is.
    pub title: String,
    /// Which build of the benchmarks it runs.
    pub abi: Abi,
    /// The launcher.
    pub launcher: PathBuf,
    /// What is set in the environment of launcher and ranks.
    pub environment: Vec<(String, String)>,
    /// The launcher's options, beside the number of ranks.
    pub arguments: Vec<String>,
    /// The library it has to run on.
    #[serde(skip)]
    pub expected: Expected,
    /// The library it runs on, as verified.
    pub library: Option<Library>,
    /// The command that installs it.
    #[serde(skip)]
    pub remedy: String,
}

impl Rival {
    /// The command that runs `ranks` ranks of `program` with `arguments` under this rival; with env(1) in front when it needs an
    /// environment.
    pub fn command(&self, ranks: usize, program: &Path, arguments: &[&str]) -> Vec<OsString> {
        let mut command = Vec::new();
        if !self.environment.is_empty() {
            command.push("env".into());
            command.extend(self.environment.iter().map(|(name, value)| format!("{name}={value}").into()));
        }
        command.push(self.launcher.clone().into_os_string());
        command.extend(["-n".into(), ranks.to_string().into()]);
        command.extend(self.arguments.iter().map(OsString::from));
        command.push(program.into());
        command.extend(arguments.iter().map(OsString::from));
        command
    }

    /// The settings and the launcher as a shell wants them, without ranks and program.
    pub fn settings(&self) -> String {
        let environment = self.environment.iter().map(|(name, value)| format!("{name}={}", quoted(value)));
        let launcher = quoted(&self.launcher.to_string_lossy());
        environment
            .chain([launcher])
            .chain(self.arguments.iter().map(|word| quoted(word)))
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The library whose settings these are: what the name is without `-tuned`.
    pub fn family(&self) -> &str {
        self.name.strip_suffix("-tuned").unwrap_or(&self.name)
    }

    /// Whether these are not the settings as shipped.
    pub fn is_tuned(&self) -> bool {
        self.name.ends_with("-tuned")
    }
}

/// A word as a shell wants it.
pub fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:=+,@%^".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
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
        let command = rivals[PIP].command(2, Path::new("/x y/osu_bw"), &["-m", "8"]);
        assert_eq!(command, ["/x y/pip-mpiexec", "-n", "2", "/x y/osu_bw", "-m", "8"]);
        let wheel = rivals.iter().find(|rival| rival.name == "mpich-new").expect("in the table");
        let command = wheel.command(2, Path::new("osu_bw"), &[]);
        assert_eq!(command[..2], ["env", "LD_LIBRARY_PATH=/r/venv/mpich/lib"]);
        assert_eq!(command[2..], ["/r/venv/mpich/bin/mpiexec", "-n", "2", "osu_bw"]);
    }

    #[test]
    fn commands_can_be_pasted_into_a_shell() {
        assert_eq!(
            ["/a/b", "-m", "8:4", "a b", "it's", ""].map(quoted),
            ["/a/b", "-m", "8:4", "'a b'", r"'it'\''s'", "''"]
        );
    }

    #[test]
    fn programs_are_found_as_paths_and_by_name() {
        assert!(found(Path::new("sh")) && !found(Path::new("no-such-program")));
        assert!(!found(Path::new("/nowhere/sh")));
    }
}
