//! The programs of `programs/pip`, which use the C interface: compiling them with `pip/pip.h` and `libpip.so`, and
//! running them in a mode.
//!
//! | line in the first comment | meaning |
//! |---|---|
//! | `@modes process` | only in this mode; both are the rule |
//! | `@part` | no test by itself |
//! | `@with task.c` | a program that it starts: the environment variable TASK holds its path |
//! | `@shared marker.c` | a shared library: the environment variable MARKER holds its path |
//! | `@link marker.c` | a shared library to link with, which then is beside the program |
//! | `@also other.c` | a second source of the program |
//! | `@flags -lm` | for the compiler |
//! | `@limit 60` | seconds for the watchdog |

use crate::places;
use crate::run::{Outcome, Run};
use crate::sources::Directives;
use anyhow::{Context, Result, ensure};
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// How tasks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A process each.
    Process,
    /// A thread of the root each.
    Thread,
}

impl Mode {
    /// Both.
    pub const ALL: [Mode; 2] = [Mode::Process, Mode::Thread];
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Mode::Thread { "thread" } else { "process" })
    }
}

/// A source in `programs/pip`.
#[derive(Debug, Clone)]
pub struct Source {
    path: PathBuf,
    directives: Directives,
}

impl Source {
    /// The source of this name.
    pub fn named(name: &str) -> Result<Source> {
        let path = folder().join(name);
        Ok(Source { directives: Directives::read(&path)?, path })
    }

    /// Those that are tests by themselves, in order.
    pub fn tests() -> Result<Vec<Source>> {
        let names = fs::read_dir(folder())?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| compiler(Path::new(name)).is_some()).collect();
        names.sort();
        let mut sources = names.iter().map(|name| Source::named(name)).collect::<Result<Vec<_>>>()?;
        sources.retain(|source| source.directives.all("part").is_empty());
        Ok(sources)
    }

    /// Its name without the extension.
    pub fn stem(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The modes in which it makes sense.
    pub fn modes(&self) -> Vec<Mode> {
        let wanted = self.directives.words("modes");
        Mode::ALL.into_iter().filter(|mode| wanted.is_empty() || wanted.contains(&mode.to_string().as_str())).collect()
    }

    /// Its compiler, if there is one for it.
    pub fn compiler(&self) -> &'static str {
        compiler(&self.path).unwrap_or("gcc")
    }

    /// The compiled program.
    pub fn program(&self) -> Result<PathBuf> {
        self.build(false)
    }

    /// A run of it in a mode, in a new folder that is removed afterwards.
    pub fn run(&self, mode: Mode, arguments: &[&str]) -> Result<Outcome> {
        self.run_with(mode, arguments, |run| run)
    }

    /// The same, with more to be said about the run.
    pub fn run_with(&self, mode: Mode, arguments: &[&str], more: impl FnOnce(Run) -> Run) -> Result<Outcome> {
        let folder = places::temporary()?;
        let limit = self.directives.numbers("limit").first().copied().unwrap_or(60);
        let mut run =
            Run::new(self.program()?).env("PIP_MODE", mode.to_string()).limit(limit as u64).folder(folder.path());
        for argument in arguments {
            run = run.arg(argument);
        }
        for (kind, shared) in [("with", false), ("shared", true)] {
            for name in self.directives.words(kind) {
                let other = Source::named(name)?;
                run = run.env(other.stem().to_uppercase(), other.build(shared)?);
            }
        }
        more(run).end()
    }

    fn others(&self, kind: &str) -> Result<Vec<Source>> {
        self.directives.words(kind).into_iter().map(Source::named).collect()
    }

    fn text(&self) -> Result<String> {
        fs::read_to_string(&self.path).with_context(|| format!("{} cannot be read", self.path.display()))
    }

    fn build(&self, shared: bool) -> Result<PathBuf> {
        let text = self.text()?;
        let with_pip = text.contains("\"check.h\"") && !text.contains("#define WITHOUT_PIP");
        let libraries = places::built("libpip.so").parent().map(Path::to_owned).unwrap_or_default();
        let (also, linked) = (self.others("also")?, self.others("link")?);
        let mut arguments: Vec<OsString> = ["-O2", "-g1", "-pthread", "-I"].map(OsString::from).to_vec();
        arguments.push(include().into());
        arguments.push(self.path.clone().into());
        arguments.extend(also.iter().map(|source| source.path.clone().into()));
        if shared {
            arguments.extend(["-shared", "-fPIC"].map(OsString::from));
        }
        let built = linked.iter().map(|library| library.build(true)).collect::<Result<Vec<_>>>()?;
        arguments.extend(built.iter().map(OsString::from));
        let flags = self.directives.words("flags").into_iter().map(OsString::from);
        arguments.extend(flags);
        if with_pip {
            for option in ["-L", "-Wl,-rpath,"] {
                let mut option = OsString::from(option);
                option.push(&libraries);
                arguments.push(option);
            }
            arguments.push("-lpip".into());
        }

        let mut hasher = DefaultHasher::new();
        (&text, &arguments).hash(&mut hasher);
        for file in also.iter().map(|source| source.path.clone()).chain(headers()) {
            fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?.hash(&mut hasher);
        }
        let stem = self.stem();
        let folder = places::scratch().join(format!("pip-{stem}-{:016x}", hasher.finish()));
        let name = if shared { format!("lib{stem}.so") } else { stem };
        let product = folder.join(&name);

        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _lock = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        if product.exists() {
            return Ok(product);
        }
        if with_pip {
            let library = libraries.join("libpip.so");
            ensure!(library.exists(), "{} is missing; `cargo build --release -p libpip` makes it", library.display());
        }
        fs::create_dir_all(&folder)?;
        for library in &built {
            fs::copy(library, folder.join(library.file_name().unwrap_or_default()))?;
        }
        let unfinished = folder.join(format!("{name}.unfinished"));
        let mut command = Command::new(self.compiler());
        command.arg("-o").arg(&unfinished).args(&arguments);
        if shared {
            command.arg(format!("-Wl,-soname,{name}"));
        }
        let output = command.output().with_context(|| format!("{} cannot be run", self.compiler()))?;
        ensure!(output.status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&output.stderr));
        fs::rename(&unfinished, &product)?;
        Ok(product)
    }
}

/// Where `pip/pip.h` is.
pub fn include() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../pip-core/include")
}

fn folder() -> PathBuf {
    places::programs().join("pip")
}

fn headers() -> [PathBuf; 4] {
    let include = include();
    [folder().join("check.h"), include.join("pip/pip.h"), include.join("pip/pip_machdep.h"), include.join("xpmem.h")]
}

fn compiler(source: &Path) -> Option<&'static str> {
    match source.extension()?.to_str()? {
        "c" => Some("gcc"),
        "cpp" => Some("g++"),
        "f90" => Some("gfortran"),
        _ => None,
    }
}
