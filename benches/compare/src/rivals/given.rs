//! `--mpiexec NAME=PATH`: a launcher that the user names. Which of the two ABIs its library has is found out by trying.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, bail};

use super::library::{Expected, PROGRAM, verify};
use super::{Abi, Rival, found};
use crate::programs::Programs;

/// The names that the two ABIs' libraries have.
const LIBRARIES: [&str; 3] = ["libmpich.so.12", "libmpi.so.12", "libmpi.so.40"];

/// What the command line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The name in the table.
    pub name: String,
    /// The launcher.
    pub launcher: PathBuf,
}

impl Given {
    /// Parses `NAME=PATH`.
    ///
    /// # Errors
    /// What is wrong, with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let good = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
        match text.split_once('=') {
            Some((name, path)) if good(name) && !path.is_empty() => {
                Ok(Self { name: name.to_owned(), launcher: path.into() })
            }
            _ => Err(format!(
                "--mpiexec {text}: give NAME=PATH, a name of letters, digits, - _ and . and the launcher it is for"
            )),
        }
    }

    /// The rival that this launcher is: with the build of the benchmarks whose ranks find each other under it. `folder` takes
    /// links, `root` says whether Open MPI has to be asked twice.
    ///
    /// # Errors
    /// A sentence when there is no such launcher or no build runs under it; Ctrl-C.
    pub fn rival(&self, programs: &Programs, folder: &Path, root: bool, stop: &AtomicBool) -> Result<Rival> {
        let Self { name, launcher } = self;
        if !found(launcher) {
            bail!("--mpiexec {name}={}: there is no such program", launcher.display());
        }
        let mut reasons = Vec::new();
        for abi in [Abi::Mpich, Abi::OpenMpi] {
            let program = programs.own(abi, PROGRAM);
            if !found(&program) {
                reasons.push(format!("{} has not been built (make rivals)", program.display()));
                continue;
            }
            let mut rival = self.candidate(abi, root);
            rival.environment = environment(launcher, &folder.join("links").join(name))?;
            match verify(&rival, &program, stop)? {
                Ok(library) => {
                    rival.title = format!("by {}", launcher.display());
                    rival.library = Some(library);
                    return Ok(rival);
                }
                Err(why) => reasons.push(why),
            }
        }
        bail!("--mpiexec {name}={}: no build of the benchmarks runs: {}", launcher.display(), reasons.join("; "))
    }

    fn candidate(&self, abi: Abi, root: bool) -> Rival {
        let arguments = if root && abi == Abi::OpenMpi { vec!["--allow-run-as-root".to_owned()] } else { Vec::new() };
        Rival {
            name: self.name.clone(),
            title: String::new(),
            abi,
            launcher: self.launcher.clone(),
            environment: Vec::new(),
            arguments,
            expected: Expected::default(),
            library: None,
            remedy: String::new(),
        }
    }
}

/// The search path of the library that stands beside `launcher`, if one does. A library that is only called libmpi.so.12 gets its
/// other name, which Debian's programs ask for, in the folder `links`.
fn environment(launcher: &Path, links: &Path) -> Result<Vec<(String, String)>> {
    let real = launcher.canonicalize().unwrap_or_else(|_| launcher.to_owned());
    let prefixes = [launcher, real.as_path()].into_iter().filter_map(|path| path.parent()?.parent());
    let mut folders = prefixes.flat_map(|prefix| [prefix.join("lib"), prefix.join("lib64")]);
    let Some(folder) = folders.find(|folder| LIBRARIES.iter().any(|name| folder.join(name).exists())) else {
        return Ok(Vec::new());
    };
    let mut path = folder.to_string_lossy().into_owned();
    if folder.join(LIBRARIES[1]).exists() && !folder.join(LIBRARIES[0]).exists() {
        mirror(&folder, links).with_context(|| format!("cannot make links in {}", links.display()))?;
        path = format!("{}:{path}", links.display());
    }
    if let Ok(before) = std::env::var("LD_LIBRARY_PATH") {
        path = format!("{path}:{before}");
    }
    Ok(vec![("LD_LIBRARY_PATH".to_owned(), path)])
}

/// Fills `links` with links to everything in `folder`, for the library may look for more beside itself, and with the other name.
fn mirror(folder: &Path, links: &Path) -> std::io::Result<()> {
    if links.exists() {
        std::fs::remove_dir_all(links)?; // an older run's
    }
    std::fs::create_dir_all(links)?;
    let folder = std::path::absolute(folder)?;
    for entry in std::fs::read_dir(&folder)? {
        let name = entry?.file_name();
        symlink(folder.join(&name), links.join(&name))?;
    }
    symlink(folder.join(LIBRARIES[1]), links.join(LIBRARIES[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_path_are_needed() {
        let given = Given::parse("mine=/opt/a=b/bin/mpiexec").expect("both");
        assert_eq!((given.name.as_str(), given.launcher), ("mine", "/opt/a=b/bin/mpiexec".into()));
        for wrong in ["", "mine", "=x", "mine=", "a b=x", "<b>=x"] {
            assert!(Given::parse(wrong).expect_err(wrong).contains("NAME=PATH"));
        }
    }

    #[test]
    fn a_missing_launcher_is_named() {
        let given = Given::parse("mine=/nowhere/mpiexec").expect("both");
        let programs = Programs::new("/p".into(), "/r".into(), "NP".into());
        let why = given.rival(&programs, Path::new("/r"), false, &AtomicBool::new(false)).expect_err("missing");
        assert!(why.to_string().contains("/nowhere/mpiexec"), "{why}");
    }

    #[test]
    fn a_library_beside_the_launcher_is_found_under_both_names() {
        let here = std::env::temp_dir().join(format!("compare-given-{}", std::process::id()));
        for folder in ["bin", "lib"] {
            std::fs::create_dir_all(here.join(folder)).expect("temporary folder");
        }
        std::fs::write(here.join("lib/libmpi.so.12"), "").expect("temporary file");
        std::fs::write(here.join("lib/other"), "").expect("temporary file");
        let links = here.join("links");
        let found = environment(&here.join("bin/mpiexec"), &links).expect("links");
        assert!(found[0].1.starts_with(&format!("{}:{}", links.display(), here.join("lib").display())), "{found:?}");
        assert!(links.join("libmpich.so.12").exists() && links.join("other").exists());
        assert_eq!(environment(&here.join("bin/mpiexec"), &links).expect("again"), found);
        std::fs::remove_dir_all(&here).expect("removed");
        assert!(environment(Path::new("mpiexec"), &links).expect("nothing beside it").is_empty());
    }
}
