//! Ending what ranks left behind: every rank leads a session, so all processes it forked are found by its PID.

use std::collections::HashSet;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long to wait for killed processes to vanish. Only one in an uninterruptible system call needs more.
const PATIENCE: Duration = Duration::from_secs(2);

/// Kills all living processes of the sessions, repeatedly, until a look finds none (a process may fork meanwhile).
pub fn kill(sessions: &HashSet<i32>) {
    let start = Instant::now();
    let mut pause = Duration::from_micros(200);
    loop {
        let found = members(sessions);
        if found.is_empty() || start.elapsed() > PATIENCE {
            return;
        }
        for pid in found {
            // SAFETY: kill touches no memory; the PID was just seen in a session of ours.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
        sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// PIDs of the living processes of these sessions; zombies do not count.
fn members(sessions: &HashSet<i32>) -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| {
        fs::read(format!("/proc/{pid}/stat"))
            .ok()
            .and_then(|stat| living_session(&stat))
            .is_some_and(|s| sessions.contains(&s))
    })
    .collect()
}

/// The session in a line of /proc/PID/stat, unless the process is dead. The name in parentheses may hold anything.
fn living_session(stat: &[u8]) -> Option<i32> {
    let after_name = stat.get(memchr::memrchr(b')', stat)? + 1..)?;
    let mut fields = std::str::from_utf8(after_name).ok()?.split_ascii_whitespace();
    let alive = !matches!(fields.next()?, "Z" | "X");
    fields.nth(2)?.parse().ok().filter(|_| alive)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    #[test]
    fn session_of_a_stat_line() {
        assert_eq!(living_session(b"12 (a) b) (c) S 1 12 77 0 -1"), Some(77));
        assert_eq!(living_session(b"12 (a) Z 1 12 77 0 -1"), None);
        assert_eq!(living_session(b""), None);
    }

    #[test]
    fn a_whole_session_is_killed() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "sleep 1000 & sleep 1000"]);
        // SAFETY: setsid is async-signal-safe.
        unsafe { command.pre_exec(|| nix::unistd::setsid().map(drop).map_err(Into::into)) };
        let mut child = command.spawn().expect("sh starts");
        let sessions = HashSet::from([child.id() as i32]);
        while members(&sessions).len() < 3 {
            sleep(Duration::from_millis(1));
        }
        kill(&sessions);
        assert!(members(&sessions).is_empty());
        assert!(!child.wait().expect("it ended").success());
    }
}
