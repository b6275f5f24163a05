//! Where the libraries for tasks are: beside the executables of the same build.

use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The `libpip.so` of this build. Under `cargo bench` it is built first: a bench cannot depend on a library that is only a C
/// library, and one of an older build would not understand the root.
pub fn path() -> Result<PathBuf> {
    if let Some(cargo) = std::env::var_os("CARGO") {
        build(Path::new(&cargo), &folder()?)?;
    }
    beside("libpip.so")
}

/// A library of this build.
pub fn beside(name: &str) -> Result<PathBuf> {
    let library = folder()?.join(name);
    if !library.is_file() {
        let package = name.trim_end_matches(".so");
        bail!("there is no {}; build it with cargo build --release -p {package}", library.display());
    }
    Ok(library)
}

fn folder() -> Result<PathBuf> {
    let executable = std::env::current_exe().context("cannot find out the path of this program")?;
    let folder = executable.parent().unwrap_or(Path::new("/"));
    // Cargo puts benches into target/release/deps.
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    Ok(folder.to_owned())
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
