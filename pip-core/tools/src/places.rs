//! Where the parts of an installation are, seen from the running tool: `PREFIX/bin` beside `PREFIX/lib` and
//! `PREFIX/include`, or a build tree, whose libraries lie beside the tools.

use std::env;
use std::path::{Path, PathBuf};

const LIBRARY: &str = "libpip.so";
const FIELD_LIBRARY: &str = "libpip_field.so";
const HEADER: &str = "pip/pip.h";

/// The folders that compiling and linking need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Holds libpip.so.
    pub lib: PathBuf,
    /// Holds pip/pip.h.
    pub include: PathBuf,
}

/// Why a part was not found.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// No libpip.so.
    #[error("{LIBRARY} is not in {}; install it, or build it with: cargo build --release", list(.0))]
    Library(Vec<PathBuf>),
    /// No header.
    #[error("{HEADER} is not in {}; install it", list(.0))]
    Header(Vec<PathBuf>),
    /// `/proc` is not there.
    #[error("the path of this program is unknown: {0}; is /proc mounted?")]
    Itself(std::io::Error),
}

/// The folder of the running tool, symbolic links resolved.
pub fn tools() -> Result<PathBuf, PlaceError> {
    let exe = env::current_exe().map_err(PlaceError::Itself)?;
    Ok(exe.parent().unwrap_or(Path::new("/")).to_owned())
}

/// The library that a root preloads into its tasks.
pub fn libpip() -> Result<PathBuf, PlaceError> {
    let here = tools()?;
    let lib = beside(&here, "lib");
    let places = [here.join(LIBRARY), lib.join(LIBRARY)];
    places.into_iter().find(|path| path.is_file()).ok_or(PlaceError::Library(vec![here, lib]))
}

/// The installation that the tool in `here` belongs to.
pub fn installed(here: &Path) -> Result<Layout, PlaceError> {
    let (lib, include) = (beside(here, "lib"), beside(here, "include"));
    if !lib.join(LIBRARY).is_file() {
        return Err(PlaceError::Library(vec![lib]));
    }
    if !include.join(HEADER).is_file() {
        return Err(PlaceError::Header(vec![include]));
    }
    Ok(Layout { lib, include })
}

/// The build tree that the tool in `here` belongs to.
pub fn built(here: &Path) -> Result<Layout, PlaceError> {
    if !here.join(LIBRARY).is_file() {
        return Err(PlaceError::Library(vec![here.to_owned()]));
    }
    let above = here.ancestors().map(|folder| folder.join("pip-core/include"));
    // A target directory may lie outside the sources; the sources are then where they were when this was compiled.
    let compiled = Path::new(env!("CARGO_MANIFEST_DIR")).join("../include");
    let include = above.chain([compiled]).find(|folder| folder.join(HEADER).is_file());
    let include = include.ok_or_else(|| PlaceError::Header(vec![here.join("(any folder above)/pip-core/include")]))?;
    Ok(Layout { lib: here.to_owned(), include: include.canonicalize().unwrap_or(include) })
}

/// The installed man pages, if there are any.
pub fn man_pages() -> Option<PathBuf> {
    Some(beside(&tools().ok()?, "share/man")).filter(|folder| folder.join("man7/libpip.7").is_file())
}

/// The folder of the Python module `procinproc`, and the library that it loads, if they are there: installed, or in the sources
/// and the build tree.
pub fn python_module() -> Option<(PathBuf, PathBuf)> {
    let here = tools().ok()?;
    let above = here.ancestors().map(|folder| folder.join("pip-core/python"));
    let compiled = Path::new(env!("CARGO_MANIFEST_DIR")).join("../python");
    let mut folders = std::iter::once(beside(&here, "share/pip/python")).chain(above).chain([compiled]);
    let folder = folders.find(|folder| folder.join("procinproc/__init__.py").is_file())?;
    let libraries = [here.join(FIELD_LIBRARY), beside(&here, "lib").join(FIELD_LIBRARY)];
    Some((folder.canonicalize().ok()?, libraries.into_iter().find(|library| library.is_file())?))
}

/// Folders that were searched.
fn list(folders: &[PathBuf]) -> String {
    folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", nor in ")
}

/// `PREFIX/name` for a tool in `PREFIX/bin`.
fn beside(here: &Path, name: &str) -> PathBuf {
    here.parent().unwrap_or(Path::new("/")).join(name)
}
