//! Waits for the tasks of pip-exec, and hands on what a user or a batch system signals meanwhile.

use super::job::report;
use pip_core::{Mode, Task};
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

/// Signals that end a job.
const ENDING: [i32; 4] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];

/// How long the tasks may take to follow them.
const GRACE: Duration = Duration::from_secs(2);

/// How the tasks ended.
#[derive(Debug, Default)]
pub struct Ended {
    /// The largest exit status.
    pub status: u8,
    /// The first signal that ended one.
    pub signal: Option<i32>,
}

impl Ended {
    fn count(&mut self, id: usize, status: ExitStatus) {
        match status.signal() {
            Some(signal) => {
                report(id, signal);
                self.signal.get_or_insert(signal);
            }
            None => self.status = self.status.max(status.code().unwrap_or(0) as u8),
        }
    }
}

/// Keeps the signals that [`all`] takes from ending this process. Threads started later inherit that.
pub fn block_signals() {
    // SAFETY: `wanted` is a valid set; changes this thread's mask only.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &wanted(), std::ptr::null_mut()) };
}

/// Waits until every task has ended.
pub fn all(mode: Mode, mut tasks: Vec<Task>) -> io::Result<Ended> {
    // A task that is a process announces its end by SIGCHLD; a thread does not.
    let longest = Duration::from_millis(if mode == Mode::Process { 1000 } else { 5 });
    let mut ended = Ended::default();
    let mut kill_at: Option<Instant> = None;
    loop {
        let mut failure = None;
        tasks.retain_mut(|task| match task.try_wait() {
            Ok(None) => true,
            Ok(Some(status)) => {
                ended.count(task.id(), status);
                false
            }
            Err(error) => {
                failure = Some(error);
                false
            }
        });
        if let Some(error) = failure {
            kill_all(&mut tasks);
            return Err(error);
        }
        if tasks.is_empty() {
            return Ok(ended);
        }
        let now = Instant::now();
        if kill_at.is_some_and(|time| time <= now) {
            signal_all(&tasks, libc::SIGKILL);
            kill_at = Some(now + GRACE);
        }
        match next_signal(kill_at.map_or(longest, |time| longest.min(time - now))) {
            None | Some((libc::SIGCHLD, _)) => {}
            Some(_) if kill_at.is_some() => kill_at = Some(now),
            Some((signal, from_kernel)) => {
                // A terminal's signals reach all processes of the foreground group, and so tasks that are processes.
                if !from_kernel || mode == Mode::Thread {
                    signal_all(&tasks, signal);
                }
                kill_at = Some(now + GRACE);
            }
        }
    }
}

/// Ends the tasks at once.
pub fn kill_all(tasks: &mut [Task]) {
    signal_all(tasks, libc::SIGKILL);
    for task in tasks {
        let _ = task.wait();
    }
}

/// One that has just ended cannot be signalled, which is as good.
fn signal_all(tasks: &[Task], signal: i32) {
    for task in tasks {
        let _ = task.kill(signal);
    }
}

fn wanted() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set before anything is added.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in ENDING.into_iter().chain([libc::SIGCHLD]) {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        set.assume_init()
    }
}

/// The next signal and whether the kernel itself (a terminal) sent it, or None after the time.
fn next_signal(time: Duration) -> Option<(i32, bool)> {
    let timeout =
        libc::timespec { tv_sec: time.as_secs() as libc::time_t, tv_nsec: libc::c_long::from(time.subsec_nanos()) };
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    // SAFETY: a valid set, a local to fill, a valid time; zero bytes are a valid siginfo_t.
    let (signal, info) = unsafe { (libc::sigtimedwait(&wanted(), info.as_mut_ptr(), &timeout), info.assume_init()) };
    (signal > 0).then_some((signal, info.si_code == libc::SI_KERNEL))
}
