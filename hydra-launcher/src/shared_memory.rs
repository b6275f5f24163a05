//! Removing the shared memory that dead ranks left: files below /dev/shm and System V segments of this job only.
//!
//! MPICH makes files /dev/shm/mpich_shar_tmpXXXXXX and unlinks each one once all ranks have mapped it; UCX makes System V
//! segments and removes each one once attached. A rank killed in between leaves them.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Names of files that MPI libraries make without telling the launcher.
const PREFIXES: [&[u8]; 2] = [b"mpich_shar_tmp", b"ucx_shm_"];

/// What a job may have left.
#[derive(Debug)]
pub struct Traces {
    /// When the job started; older files are not its own.
    pub since: SystemTime,
    /// PIDs of its ranks.
    pub ranks: HashSet<i32>,
    /// Files that ranks told their peers of through PMI.
    pub files: BTreeSet<PathBuf>,
}

impl Traces {
    /// The traces of a job that starts now.
    pub fn new() -> Traces {
        // The kernel's file times lag behind the clock by up to a tick (10 ms at 100 Hz).
        let since = SystemTime::now() - Duration::from_millis(10);
        Traces { since, ranks: HashSet::new(), files: BTreeSet::new() }
    }

    /// Removes everything; to be called when no process of the job lives any more.
    pub fn remove(&self) {
        for file in &self.files {
            let _ = fs::remove_file(file); // usually the ranks have done it
        }
        let mut orphans = self.suspects();
        drop_files_in_use(&mut orphans);
        orphans.iter().for_each(|file| drop(fs::remove_file(file)));
        self.remove_segments();
    }

    /// Files of MPI libraries that this user made since the job started; they may belong to another job.
    fn suspects(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir("/dev/shm") else { return Vec::new() };
        let user = nix::unistd::geteuid().as_raw();
        let known =
            entries.flatten().filter(|e| PREFIXES.iter().any(|prefix| e.file_name().as_bytes().starts_with(prefix)));
        let ours = known.filter(|entry| {
            entry.metadata().is_ok_and(|m| {
                m.is_file() && m.uid() == user && m.created().or(m.modified()).is_ok_and(|made| made >= self.since)
            })
        });
        ours.map(|entry| entry.path()).collect()
    }

    /// Removes System V segments whose creator was a rank.
    fn remove_segments(&self) {
        let table = fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
        for (id, creator) in table.lines().filter_map(segment) {
            if self.ranks.contains(&creator) {
                // SAFETY: removing by id touches no memory of ours.
                unsafe { libc::shmctl(id, libc::IPC_RMID, std::ptr::null_mut()) };
            }
        }
    }
}

/// Id and creator's PID in a line of /proc/sysvipc/shm: key shmid perms size cpid ...
fn segment(line: &str) -> Option<(i32, i32)> {
    let mut fields = line.split_ascii_whitespace();
    Some((fields.nth(1)?.parse().ok()?, fields.nth(2)?.parse().ok()?))
}

/// Keeps only files that no process of another job maps or has open. The maker of a file has it open or mapped until it
/// is unlinked, so a file of another living job never stays in the list.
fn drop_files_in_use(files: &mut Vec<PathBuf>) {
    if files.is_empty() {
        return;
    }
    let Ok(processes) = fs::read_dir("/proc") else { return files.clear() };
    let own = address_space(Path::new("/proc/self"));
    for directory in processes.flatten().map(|process| process.path()) {
        // What dead ranks mapped stays in the address space that they shared with this process and whoever still runs in
        // it or is a fork of it; that is no use of a file.
        if own.is_some() && address_space(&directory) == own {
            continue;
        }
        let maps = fs::read(directory.join("maps")).unwrap_or_default();
        let descriptors: Vec<PathBuf> = fs::read_dir(directory.join("fd"))
            .map(|list| list.flatten().filter_map(|fd| fs::read_link(fd.path()).ok()).collect())
            .unwrap_or_default();
        let mapped = |file: &Path| memchr::memmem::find(&maps, file.as_os_str().as_bytes()).is_some();
        files.retain(|file| !mapped(file) && !descriptors.contains(file));
    }
}

/// What tells one address space from another: where its program's code and its first stack begin, both random. Tasks and
/// forks of them have the launcher's.
fn address_space(process: &Path) -> Option<(u64, u64)> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    // proc(5): fields 26 and 28, of which the first here is the third.
    let (code, stack) = (fields.get(23)?.parse().ok()?, fields.get(25)?.parse().ok()?);
    (code > 1 && stack > 1).then_some((code, stack))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traces() -> (Traces, PathBuf) {
        let traces = Traces { since: SystemTime::now() - Duration::from_secs(1), ..Traces::new() };
        let name = format!("/dev/shm/mpich_shar_tmp-test-{}-{:?}", std::process::id(), std::thread::current().id());
        (traces, name.into())
    }

    #[test]
    fn only_known_names_of_this_job_are_suspect() {
        let (mut traces, file) = traces();
        fs::write(&file, b"x").expect("writable /dev/shm");
        assert!(traces.suspects().contains(&file));
        traces.since = SystemTime::now() + Duration::from_secs(10);
        assert!(!traces.suspects().contains(&file));
        fs::remove_file(&file).expect("still there");
    }

    #[test]
    fn files_in_use_by_others_stay() {
        let (_, file) = traces();
        let mut child = std::process::Command::new("/bin/sleep");
        let mut child =
            child.arg("100").stdout(fs::File::create(&file).expect("writable")).spawn().expect("sleep starts");
        let mut list = vec![file.clone(), PathBuf::from("/dev/shm/nobody-has-this")];
        drop_files_in_use(&mut list);
        assert_eq!(list, [PathBuf::from("/dev/shm/nobody-has-this")]);
        child.kill().and_then(|()| child.wait()).expect("killed");
        fs::remove_file(&file).expect("still there");
    }

    #[test]
    fn lines_of_the_segment_table() {
        assert_eq!(segment("       key      shmid perms                  size  cpid  lpid nattch"), None);
        assert_eq!(segment("         0         32  1600                 65536  1234  1235      2"), Some((32, 1234)));
    }
}
