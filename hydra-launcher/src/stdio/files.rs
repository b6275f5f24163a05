//! Files that ranks' output goes to, by `-outfile-pattern` and `-errfile-pattern`.
//!
//! A file is begun anew by the first thing written to it; a rank that writes nothing makes none. Both patterns may name one
//! file, which then gets both streams.

use nix::errno::Errno;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

/// All files of a job.
#[derive(Debug, Default)]
pub struct Files(Mutex<HashMap<PathBuf, Arc<OutputFile>>>);

/// One of them.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    file: OnceLock<Result<File, Errno>>,
    failed: AtomicBool,
}

impl Files {
    /// The file with this path, the same for all who ask.
    pub fn get(&self, path: &Path) -> Arc<OutputFile> {
        let mut files = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let new =
            || Arc::new(OutputFile { path: path.to_owned(), file: OnceLock::new(), failed: AtomicBool::new(false) });
        Arc::clone(files.entry(path.to_owned()).or_insert_with(new))
    }
}

impl OutputFile {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes data to its end. After an error, which is returned once, what comes is dropped.
    pub fn write(
        &self,
        data: &[u8],
        write_all: impl Fn(std::os::fd::BorrowedFd<'_>, &[u8]) -> nix::Result<()>,
    ) -> nix::Result<()> {
        if self.failed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let written = match self.file.get_or_init(|| open(&self.path)) {
            Ok(file) => write_all(file.as_fd(), data),
            Err(errno) => Err(*errno),
        };
        if written.is_err() && self.failed.swap(true, Ordering::Relaxed) { Ok(()) } else { written }
    }
}

/// Readable for the owner only, as Hydra's.
fn open(path: &Path) -> Result<File, Errno> {
    // Appending, since the other stream's thread may write to it, too.
    let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(path).and_then(|file| {
        // A pipe or device cannot be cut.
        if file.metadata()?.is_file() {
            file.set_len(0)?
        }
        Ok(file)
    });
    opened.map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
}

/// Whether files can be made in the folder of this path.
pub fn check_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !std::fs::metadata(folder)?.is_dir() {
        return Err(std::io::Error::from_raw_os_error(libc::ENOTDIR));
    }
    // One that is there already may be writable in a folder that is not.
    let target = if path.exists() { path } else { folder };
    nix::unistd::access(target, nix::unistd::AccessFlags::W_OK).map_err(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(fd: std::os::fd::BorrowedFd<'_>, data: &[u8]) -> nix::Result<()> {
        nix::unistd::write(fd, data).map(drop)
    }

    #[test]
    fn a_file_is_begun_anew_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        std::fs::write(&path, "what was there before").expect("a file");
        let files = Files::default();
        let (one, other) = (files.get(&path), files.get(&path));
        assert_eq!(std::fs::read_to_string(one.path()).expect("text"), "what was there before");
        one.write(b"a\n", plain).expect("space");
        other.write(b"b\n", plain).expect("space");
        assert_eq!(std::fs::read_to_string(&path).expect("text"), "a\nb\n");
    }

    #[test]
    fn an_error_is_told_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = Files::default().get(&folder.path().join("missing/out"));
        assert_eq!(file.write(b"a", plain), Err(Errno::ENOENT));
        assert_eq!(file.write(b"a", plain), Ok(()));
        assert!(check_folder(file.path()).is_err() && check_folder(&folder.path().join("out")).is_ok());
        let full = Files::default().get(Path::new("/dev/full"));
        assert_eq!(full.write(b"a", plain), Err(Errno::ENOSPC));
    }
}
