//! Where the things under test are: relative to this executable, so that any target directory will do.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// What `cargo build --workspace` and `--examples` make and the suites run.
const TOOLS: [&str; 22] = [
    "pip-mpiexec",
    "libpip_mpi.so",
    "libpip.so",
    "libpip_field.so",
    "libxpmem.so",
    "pip-exec",
    "pip-python",
    "osu_latency",
    "osu_bw",
    "osu_bibw",
    "osu_mbw_mr",
    "IMB-MPI1",
    "bench-pip",
    "halo3d",
    "stencil",
    "address-space",
    "simulation",
    "analysis",
    "test-root",
    "rsmpi-messages",
    "rsmpi-requests",
    "examples/pip-run",
];

static BUILD: LazyLock<PathBuf> = LazyLock::new(|| {
    let executable = std::env::current_exe().unwrap_or_default();
    let folder = executable.parent().unwrap_or(Path::new("."));
    // Cargo puts tests into target/release/deps.
    plain(if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder })
});

/// The folder under a name that shell lines and LD_PRELOAD can take without quoting.
fn plain(folder: &Path) -> PathBuf {
    if !folder.to_string_lossy().contains([' ', ':']) {
        return folder.to_owned();
    }
    let alias = alias();
    match std::os::unix::fs::symlink(folder, &alias) {
        Ok(()) => alias,
        Err(_) => folder.to_owned(),
    }
}

/// This process's other name for a folder.
fn alias() -> PathBuf {
    std::env::temp_dir().join(format!("pip-tests-{}", std::process::id()))
}

/// Before the end: removes the alias, if there is one.
pub fn leave() {
    let _ = std::fs::remove_file(alias());
}

/// The file of this name among what was built.
pub fn built(name: &str) -> PathBuf {
    BUILD.join(name)
}

/// Where compiled test programs and temporary files go.
pub fn scratch() -> PathBuf {
    BUILD.join("test-programs")
}

/// The folder of the test programs' sources.
pub fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("programs")
}

/// A new temporary folder.
pub fn temporary() -> Result<tempfile::TempDir> {
    std::fs::create_dir_all(scratch())?;
    tempfile::tempdir_in(scratch()).context("no temporary folder")
}

/// The path of a program in PATH.
pub fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Says in one sentence what has not been built.
pub fn check() -> Result<()> {
    let missing: Vec<&str> = TOOLS.into_iter().filter(|name| !built(name).exists()).collect();
    if !missing.is_empty() {
        bail!(
            "{} missing in {}; run `make test`, or `cargo build --release --workspace --bins --lib --examples` first",
            missing.join(", "),
            BUILD.display()
        );
    }
    Ok(())
}
