//! The test programs in C, C++ and Fortran: what their first comment says, and compiling them once per content.

use crate::places;
use anyhow::{Context, Result, ensure};
use std::collections::HashMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// What the first lines of a program say about it, as lines `@name value` within a comment:
///
/// | line | meaning |
/// |---|---|
/// | `@np 2 4` | run with so many ranks, under stock and under PiP |
/// | `@tasks 1 16` | run as so many tasks |
/// | `@args a b` | arguments |
/// | `@env NAME=value` | environment variable (one a line) |
/// | `@flags -pthread` | for the compiler |
/// | `@library other.cpp` | a shared library to link with, found at run time through `$ORIGIN` |
/// | `@limit 60` | seconds for the watchdog |
/// | `@expect text` | a line of output (one a line), instead of what stock MPICH prints, where stock is wrong |
/// | `@without-stock why` | the program checks all it says, and stock MPICH is wrong, or too slow to wait for |
#[derive(Debug, Clone, Default)]
pub struct Directives {
    lines: Vec<(String, String)>,
}

impl Directives {
    /// Reads the first 25 lines of a source.
    pub fn read(source: &Path) -> Result<Directives> {
        let text = fs::read_to_string(source).with_context(|| format!("{} cannot be read", source.display()))?;
        let lines = text.lines().take(25).filter_map(|line| {
            let line = line.trim_start_matches([' ', '*', '/', '!']).strip_prefix('@')?;
            let (name, value) = line.split_once(' ').unwrap_or((line, ""));
            Some((name.to_owned(), value.trim_end_matches("*/").trim().to_owned()))
        });
        Ok(Directives { lines: lines.collect() })
    }

    /// All values of a name.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.lines.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// All words of a name's values.
    pub fn words(&self, name: &str) -> Vec<&str> {
        self.all(name).into_iter().flat_map(str::split_whitespace).collect()
    }

    /// Numbers of a name.
    pub fn numbers(&self, name: &str) -> Vec<usize> {
        self.words(name).into_iter().filter_map(|word| word.parse().ok()).collect()
    }
}

/// All programs of a folder in `programs`, in order; files named in another's `@library` are no programs.
pub fn all(folder: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(places::programs().join(folder))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|p| compiler(p).is_ok()).collect();
    files.sort();
    let mut libraries = Vec::new();
    for file in &files {
        let directives = Directives::read(file)?;
        libraries.extend(directives.words("library").into_iter().map(|name| file.with_file_name(name)));
    }
    files.retain(|file| !libraries.contains(file));
    Ok(files)
}

/// The compiler for a source: MPI's for those that include mpi.h.
pub fn compiler(source: &Path) -> Result<&'static str> {
    let mpi = text(source)?.contains("<mpi.h>");
    Ok(match (source.extension().and_then(|e| e.to_str()), mpi) {
        (Some("c"), true) => "mpicc.mpich",
        (Some("c"), false) => "gcc",
        (Some("cpp"), true) => "mpicxx.mpich",
        (Some("cpp"), false) => "g++",
        (Some("f90"), _) => "mpifort.mpich",
        _ => anyhow::bail!("{}: no compiler known", source.display()),
    })
}

/// A source with what it includes from its own folder.
fn text(source: &Path) -> Result<String> {
    let own = fs::read_to_string(source).with_context(|| format!("{} cannot be read", source.display()))?;
    let included = own.lines().filter_map(|line| line.strip_prefix("#include \"")?.strip_suffix('"'));
    let included = included.map(|name| text(&source.with_file_name(name))).collect::<Result<String>>()?;
    Ok(own + &included)
}

/// The compiled program of a source (a path below `programs`).
pub fn program(source: impl AsRef<Path>) -> Result<PathBuf> {
    build(&places::programs().join(source), &[])
}

/// The shared library made of a source.
pub fn library(source: impl AsRef<Path>) -> Result<PathBuf> {
    build(&places::programs().join(source), &["-shared", "-fPIC"])
}

fn build(source: &Path, extra: &[&str]) -> Result<PathBuf> {
    static LOCKS: LazyLock<Mutex<HashMap<PathBuf, Arc<Mutex<()>>>>> = LazyLock::new(Mutex::default);
    let directives = Directives::read(source)?;
    let compiler = compiler(source)?;
    let mut command = Command::new(compiler);
    command.args(["-O2", "-g1", "-o"]);
    let stem = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let shared = extra.contains(&"-shared");
    let name = if shared { format!("lib{stem}.so") } else { stem.clone() };

    let mut hasher = DefaultHasher::new();
    (compiler, extra, source, text(source)?).hash(&mut hasher);
    let libraries: Vec<PathBuf> = directives.words("library").iter().map(|name| source.with_file_name(name)).collect();
    for library in &libraries {
        text(library)?.hash(&mut hasher);
    }
    let folder = places::scratch().join(format!("{stem}-{:016x}", hasher.finish()));
    let product = folder.join(&name);

    let lock = Arc::clone(LOCKS.lock().unwrap_or_else(PoisonError::into_inner).entry(folder.clone()).or_default());
    let _one_at_a_time = lock.lock().unwrap_or_else(PoisonError::into_inner);
    if product.exists() {
        return Ok(product);
    }
    fs::create_dir_all(&folder)?;
    let unfinished = folder.join(format!("{name}.unfinished"));
    command.arg(&unfinished).args(extra).arg(source);
    for library in &libraries {
        // Beside the program, where $ORIGIN finds it.
        let built = build(library, &["-shared", "-fPIC"])?;
        let copy = folder.join(built.file_name().unwrap_or_default());
        fs::copy(&built, &copy)?;
        command.arg(&copy).arg("-Wl,-rpath,$ORIGIN");
    }
    if shared {
        command.arg(format!("-Wl,-soname,{name}"));
    }
    command.args(directives.words("flags"));
    let output = command.output().with_context(|| format!("{compiler} cannot be run"))?;
    ensure!(output.status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&output.stderr));
    fs::rename(&unfinished, &product)?;
    Ok(product)
}
