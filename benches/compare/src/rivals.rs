//! The table of rivals: ways to start the same program with two ranks.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde::Serialize;

/// One way to start an MPI program. The first rival of the table is the one the others are compared with.
#[derive(Clone, Debug, Serialize)]
pub struct Rival {
    /// The column's heading.
    pub name: &'static str,
    /// The launcher.
    pub launcher: PathBuf,
    /// Its options before the program.
    pub arguments: &'static [&'static str],
    /// What to do when the launcher is missing.
    #[serde(skip)]
    pub remedy: &'static str,
}

/// Stock MPICH and PiP, with the launchers' places.
pub fn table(stock: PathBuf, pip: PathBuf) -> Vec<Rival> {
    vec![
        Rival { name: "stock", launcher: stock, arguments: &["-n", "2"], remedy: "install Debian's mpich" },
        Rival { name: "PiP", launcher: pip, arguments: &["-n", "2"], remedy: "build it with cargo build --release" },
    ]
}

impl Rival {
    /// The command that runs `program` with `arguments` under this rival.
    pub fn command(&self, program: &Path, arguments: &[&str]) -> Vec<OsString> {
        let launcher = std::iter::once(self.launcher.clone().into_os_string());
        let own = self.arguments.iter().map(OsString::from);
        let program = std::iter::once(program.as_os_str().to_owned());
        launcher.chain(own).chain(program).chain(arguments.iter().map(OsString::from)).collect()
    }

    /// Checks that the launcher can be found: as a path, or by name in PATH.
    ///
    /// # Errors
    /// A sentence with the remedy.
    pub fn check(&self) -> Result<()> {
        if found(&self.launcher) { Ok(()) } else { bail!("{} was not found: {}", self.launcher.display(), self.remedy) }
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

    #[test]
    fn a_command_is_launcher_options_program_arguments() {
        let rivals = table("mpiexec.mpich".into(), "/x y/pip-mpiexec".into());
        let command = rivals[1].command(Path::new("/x y/osu_bw"), &["-m", "8"]);
        assert_eq!(command, ["/x y/pip-mpiexec", "-n", "2", "/x y/osu_bw", "-m", "8"]);
    }

    #[test]
    fn a_missing_launcher_is_named_with_its_remedy() {
        let rivals = table("mpiexec.mpich".into(), "/nowhere/pip-mpiexec".into());
        let why = rivals[1].check().expect_err("missing").to_string();
        assert!(why.contains("/nowhere/pip-mpiexec") && why.contains("cargo build"), "{why}");
        assert!(found(Path::new("sh")) && !found(Path::new("no-such-program")));
    }
}
