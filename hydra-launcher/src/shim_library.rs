//! Where `libpip_mpi.so` is: named by PIP_MPI_LIB, beside the launcher, or in `../lib` beside the launcher's directory.

use std::env;
use std::io;
use std::path::{Path, PathBuf};

const NAME: &str = "libpip_mpi.so";

/// Why the shim cannot be preloaded.
#[derive(Debug, thiserror::Error)]
pub enum ShimError {
    /// PIP_MPI_LIB leads nowhere.
    #[error("PIP_MPI_LIB={0}: no such file; correct it, or run with -no-shim on the plain MPI library")]
    Named(PathBuf),
    /// In none of the usual places.
    #[error("{NAME} is neither in {} nor in {}; set PIP_MPI_LIB to its path, or run with -no-shim", .0.display(), .1.display())]
    Missing(PathBuf, PathBuf),
    /// It is there but cannot be opened.
    #[error("{}: cannot be opened: {}; set PIP_MPI_LIB to another path of the library", .0.display(), .1)]
    Unreadable(PathBuf, #[source] io::Error),
}

/// The absolute path of the library, or another name of it that LD_PRELOAD can take.
pub fn find() -> Result<PathBuf, ShimError> {
    let found = match env::var_os("PIP_MPI_LIB").filter(|value| !value.is_empty()) {
        Some(named) => {
            let path = std::path::absolute(&named).unwrap_or_else(|_| named.clone().into());
            Some(path).filter(|path| path.is_file()).ok_or_else(|| ShimError::Named(named.into()))?
        }
        None => {
            let here = env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned)).unwrap_or_default();
            let lib = here.parent().unwrap_or(Path::new("/")).join("lib");
            let places = [here.join(NAME), lib.join(NAME)];
            places.into_iter().find(|path| path.is_file()).ok_or(ShimError::Missing(here, lib))?
        }
    };
    pip_core::preload_name(&found).map_err(|error| ShimError::Unreadable(found, error))
}
