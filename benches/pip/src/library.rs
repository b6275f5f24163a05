//! Where `libpip.so` is: beside the executables of the same build.

use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The library of this build. Under `cargo bench` it is built first: a bench cannot depend on a library that is only a C library,
/// and one of an older build would not understand the root.
pub fn path() -> Result<PathBuf> {
    let executable = std::env::current_exe().context("cannot find out the path of this program")?;
    let folder = executable.parent().unwrap_or(Path::new("/"));
    // Cargo puts benches into target/release/deps.
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    if let Some(cargo) = std::env::var_os("CARGO") {
        build(Path::new(&cargo), folder)?;
    }
    let library = folder.join("libpip.so");
    if !library.is_file() {
        bail!("there is no {}; build it with cargo build --release -p libpip", library.display());
    }
    Ok(library)
}

/// Builds the library into the target directory that `folder` (target/release or target/debug) belongs to.
fn build(cargo: &Path, folder: &Path) -> Result<()> {
    let profile = if folder.ends_with("debug") { "dev" } else { "release" };
    let target = folder.parent().unwrap_or(folder);
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "libpip", "--profile", profile, "--target-dir"]).arg(target);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    let status = command.status().with_context(|| format!("cannot run {}", cargo.display()))?;
    ensure!(status.success(), "cargo could not build libpip ({status}); try cargo build --release -p libpip");
    Ok(())
}
