//! What a command may leave behind: processes, files in /dev/shm, System V shared memory.
//!
//! Each case sees a /dev/shm and System V objects of its own (mount and IPC namespaces), so that what other programs of the
//! machine do there cannot be mistaken for its traces. Without the privilege for that, cases must run one at a time.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The environment variable that marks the processes of one command. All tasks of a root show the root's environment.
pub const MARK: &str = "PIP_TESTS_MARK";

/// Gives the calling thread, and what it starts, a /dev/shm and System V objects of their own, where that is allowed.
/// Returns whether it is.
pub fn isolate() -> bool {
    // SAFETY: changes the calling thread's namespaces only; all strings are constants.
    unsafe {
        libc::unshare(libc::CLONE_NEWNS | libc::CLONE_NEWIPC) == 0
            && libc::mount(
                c"none".as_ptr(),
                c"/".as_ptr(),
                std::ptr::null(),
                libc::MS_REC | libc::MS_PRIVATE,
                std::ptr::null(),
            ) == 0
            && libc::mount(c"shm".as_ptr(), c"/dev/shm".as_ptr(), c"tmpfs".as_ptr(), 0, std::ptr::null()) == 0
    }
}

/// Names of all shared memory that exists now.
pub fn shared_memory() -> BTreeSet<String> {
    let files = fs::read_dir("/dev/shm").into_iter().flatten().flatten();
    let files = files.map(|file| format!("/dev/shm/{}", file.file_name().to_string_lossy()));
    // Header, then: key shmid perms size ...
    let segments = fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
    let segments =
        segments.lines().skip(1).filter_map(|line| Some(format!("SysV segment {}", line.split_whitespace().nth(1)?)));
    files.chain(segments).collect()
}

/// PIDs of living processes with this mark, or in the session that `leader` leads or led.
pub fn processes(mark: &str, leader: i32) -> Vec<i32> {
    let wanted = format!("{MARK}={mark}");
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|&pid| {
        let folder = format!("/proc/{pid}");
        let Some((state, session)) = state_and_session(Path::new(&folder)) else { return false };
        let marked = || {
            let environment = fs::read(format!("{folder}/environ")).unwrap_or_default();
            environment.split(|&byte| byte == 0).any(|entry| entry == wanted.as_bytes())
        };
        !matches!(state, 'Z' | 'X') && (session == leader || marked())
    })
    .collect()
}

/// "PID (name) state" of a process, for messages.
pub fn describe(pid: i32) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.split_whitespace().take(6).collect::<Vec<_>>().join(" ")
}

fn state_and_session(folder: &Path) -> Option<(char, i32)> {
    let stat = fs::read_to_string(folder.join("stat")).ok()?;
    // The name in parentheses may hold anything; then: state ppid pgrp session.
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.nth(2)?.parse().ok()?))
}
