//! Names of libraries for LD_PRELOAD and `ld.so --preload`, which are lists separated by spaces and colons without any quoting.

use std::fs::File;
use std::io;
use std::os::fd::IntoRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// A name under which `library` can be preloaded by children and tasks of this process: its path, or where that holds a
/// separator a descriptor of this process, which stays open as long as the process lives. Opened once per path.
pub fn preload_name(library: &Path) -> io::Result<PathBuf> {
    static OPENED: Mutex<Vec<(PathBuf, PathBuf)>> = Mutex::new(Vec::new());
    if !library.as_os_str().as_bytes().iter().any(|byte| b" :".contains(byte)) {
        return Ok(library.to_owned());
    }
    let mut opened = OPENED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some((_, name)) = opened.iter().find(|(path, _)| path == library) {
        return Ok(name.clone());
    }
    let name = PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), File::open(library)?.into_raw_fd()));
    opened.push((library.to_owned(), name.clone()));
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_separators_gets_a_name_without() {
        let folder = std::env::temp_dir().join(format!("pip core:{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let file = folder.join("lib.so");
        std::fs::write(&file, "content").unwrap();
        let name = preload_name(&file).unwrap();
        let again = preload_name(&file).unwrap();
        let content = std::fs::read_to_string(&name);
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(!name.to_string_lossy().contains([' ', ':']), "{}", name.display());
        assert_eq!((content.unwrap().as_str(), again), ("content", name));
        assert_eq!(preload_name(Path::new("/a/b.so")).unwrap(), Path::new("/a/b.so"));
        assert!(preload_name(Path::new("/no such/file.so")).is_err());
    }
}
