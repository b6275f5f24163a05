//! Ordinary processes: programs that cannot be tasks, started with the same session, descriptors and signals as tasks.
//!
//! The launcher's address space is that of all tasks. A fork would copy all their page tables and make every task fault on
//! what it writes next, so the child borrows the address space until it executes its program, as in vfork.

use nix::errno::Errno;
use nix::sched::CloneFlags;
use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::ptr::null;

/// Bytes of stack for the child's way to its program.
const STACK: usize = 64 << 10;

/// A program to be started.
#[derive(Debug)]
pub struct Command<'a> {
    /// The file.
    pub path: &'a CStr,
    /// argv, including argv\[0\].
    pub args: &'a [CString],
    /// The whole environment as `NAME=value`.
    pub env: &'a [CString],
    /// Working directory, if another than the launcher's.
    pub cwd: Option<&'a CStr>,
    /// The processors it may use, if not the launcher's.
    pub cpus: Option<libc::cpu_set_t>,
    /// Pairs (descriptor here, descriptor in the process); others are inherited unless marked close-on-exec.
    pub fds: &'a [(RawFd, RawFd)],
    /// Whether /bin/sh runs the file if the kernel finds it is no program, as execvp does.
    pub shell: bool,
}

/// A started process.
#[derive(Debug)]
pub struct Child {
    pid: i32,
    pidfd: OwnedFd,
    status: Option<ExitStatus>,
}

/// Why a process did not start: what it was doing, and the kernel's reason.
#[derive(Debug, thiserror::Error)]
#[error("cannot {step}: {reason}{}", pip_core::limit_behind(.reason))]
pub struct StartError {
    step: &'static str,
    reason: io::Error,
}

impl StartError {
    /// Whether the kernel cannot execute such a file.
    pub fn is_no_program(&self) -> bool {
        matches!(self.reason.raw_os_error(), Some(libc::ENOEXEC | libc::ENOENT | libc::ELIBBAD | libc::EINVAL))
    }
}

/// A set of processors by their numbers.
pub fn cpu_set(cpus: &[usize]) -> libc::cpu_set_t {
    // SAFETY: all-zero is the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    for &cpu in cpus.iter().filter(|&&cpu| cpu < libc::CPU_SETSIZE as usize) {
        // SAFETY: the number is within the set's size.
        unsafe { libc::CPU_SET(cpu, &mut set) };
    }
    set
}

/// Starts it; the process leads a session of its own and dies with the launcher.
pub fn start(command: &Command) -> Result<Child, StartError> {
    let failed = |step, errno: Errno| StartError { step, reason: errno.into() };
    let list = |strings: &[CString]| -> Vec<*const libc::c_char> {
        strings.iter().map(|text| text.as_ptr()).chain([null()]).collect()
    };
    let (args, env) = (list(command.args), list(command.env));
    let mut of_shell = vec![c"/bin/sh".as_ptr(), command.path.as_ptr()];
    of_shell.extend(args.iter().skip(1));
    let launcher = nix::unistd::getpid().as_raw();
    let mut failure = None;
    let mut stack = vec![0u8; STACK];
    let body = || {
        failure = Some(execute(command, &args, &env, &of_shell, launcher));
        127
    };
    let pid = with_signals_blocked(|| {
        // SAFETY: CLONE_VFORK stops this thread until the child has executed its program or ended, so all that the child uses
        // lives on; it makes system calls only, on a stack of its own.
        unsafe {
            nix::sched::clone(
                Box::new(body),
                &mut stack,
                CloneFlags::CLONE_VM | CloneFlags::CLONE_VFORK,
                Some(libc::SIGCHLD),
            )
        }
    })
    .map_err(|errno| failed("create a process (ulimit -u and the cgroup's pids.max limit their number)", errno))?;
    let pid = pid.as_raw();
    if let Some((step, errno)) = failure {
        // SAFETY: our child, which has ended or is about to.
        unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) };
        return Err(failed(step, errno));
    }
    // SAFETY: touches no memory; the PID is our child's, which nobody has waited for.
    let pidfd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) } as i32;
    if pidfd < 0 {
        let errno = Errno::last();
        // SAFETY: as above.
        unsafe {
            libc::kill(pid, libc::SIGKILL);
            libc::waitpid(pid, std::ptr::null_mut(), 0);
        }
        return Err(failed("watch the process", errno));
    }
    // SAFETY: a new descriptor, close-on-exec, that only we know.
    Ok(Child { pid, pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) }, status: None })
}

/// No handler of the launcher may run in the child, which would run it on the launcher's memory.
fn with_signals_blocked<T>(action: impl FnOnce() -> T) -> T {
    use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
    let mut before = SigSet::empty();
    let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), Some(&mut before));
    let result = action();
    let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None);
    result
}

/// The child's part: returns only with the step that failed. Nothing here allocates or takes a lock.
fn execute(
    command: &Command,
    args: &[*const libc::c_char],
    env: &[*const libc::c_char],
    of_shell: &[*const libc::c_char],
    launcher: i32,
) -> (&'static str, Errno) {
    // SAFETY: system calls on the parent's memory, which lives until this function has returned or the program runs.
    unsafe {
        // A killed launcher must not leave processes behind: ask for the signal first, then check that it was not too late.
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        if libc::getppid() != launcher {
            return ("start without its launcher", Errno::ESRCH);
        }
        if libc::setsid() < 0 {
            return ("start a session", Errno::last());
        }
        for &(from, to) in command.fds {
            let done = if from == to { libc::fcntl(from, libc::F_SETFD, 0) } else { libc::dup2(from, to) };
            if done < 0 {
                return ("duplicate a file descriptor", Errno::last());
            }
        }
        if command.cwd.is_some_and(|directory| libc::chdir(directory.as_ptr()) < 0) {
            return ("enter its working directory", Errno::last());
        }
        if command.cpus.is_some_and(|cpus| libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &cpus) < 0) {
            return ("bind itself to its CPUs", Errno::last());
        }
        // A Rust program ignores SIGPIPE, and execve keeps that.
        let mut default: libc::sigaction = std::mem::zeroed();
        default.sa_sigaction = libc::SIG_DFL;
        libc::sigaction(libc::SIGPIPE, &default, std::ptr::null_mut());
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut());
        libc::execve(command.path.as_ptr(), args.as_ptr(), env.as_ptr());
        if command.shell && Errno::last() == Errno::ENOEXEC {
            libc::execve(c"/bin/sh".as_ptr(), of_shell.as_ptr(), env.as_ptr());
        }
    }
    ("execute it", Errno::last())
}

impl Child {
    /// Its PID.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// A descriptor that becomes readable when it has ended.
    pub fn pidfd(&self) -> &OwnedFd {
        &self.pidfd
    }

    /// Kills it and all of its process group, unless it was waited for: its PID may be somebody else's by then.
    pub fn kill_group(&self) {
        if self.status.is_none() {
            crate::signals::send_to_group(self.pid, libc::SIGKILL);
        }
    }

    /// Waits for its end; with WNOHANG None while it runs.
    pub fn wait(&mut self, flags: i32) -> io::Result<Option<ExitStatus>> {
        while self.status.is_none() {
            let mut raw = 0;
            // SAFETY: fills a local; our child, which nobody has waited for.
            match Errno::result(unsafe { libc::waitpid(self.pid, &mut raw, flags) }) {
                Ok(0) => return Ok(None),
                Ok(_) => self.status = Some(ExitStatus::from_raw(raw)),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(self.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn run(path: &CStr, args: &[&CStr], shell: bool) -> Result<(ExitStatus, String), StartError> {
        let args: Vec<CString> = args.iter().map(|&text| text.to_owned()).collect();
        let (read, write) = nix::unistd::pipe().expect("pipe");
        let fds = [(std::os::fd::AsRawFd::as_raw_fd(&write), 1)];
        let env = [c"A=b c".to_owned()];
        let command = Command { path, args: &args, env: &env, cwd: Some(c"/"), cpus: None, fds: &fds, shell };
        let mut child = start(&command)?;
        drop(write);
        let mut text = String::new();
        std::fs::File::from(read).read_to_string(&mut text).expect("text");
        let status = child.wait(0).expect("our child").expect("it has ended");
        Ok((status, text))
    }

    #[test]
    fn a_process_gets_what_was_prepared_for_it() {
        let script = c"echo $A $1; pwd; test $$ = $(ps -o sid= -p $$) && echo leads; exit 3";
        let (status, text) = run(c"/bin/sh", &[c"sh", c"-c", script, c"x", c"y"], false).expect("starts");
        assert_eq!((status.code(), text.as_str()), (Some(3), "b c y\n/\nleads\n"));
    }

    #[test]
    fn what_cannot_be_executed_is_told() {
        let error = run(c"/no/such", &[c"x"], false).expect_err("no such file");
        assert!(error.is_no_program() && error.to_string().contains("execute it: No such file"), "{error}");
        let error = run(c"/dev/null", &[c"x"], true).expect_err("a device");
        assert!(error.to_string().contains("Permission denied"), "{error}");
    }

    #[test]
    fn a_text_is_the_shells() {
        let folder = std::env::temp_dir().join(format!("pip-ordinary-{}", std::process::id()));
        std::fs::write(&folder, "echo from $1\n").expect("a file");
        std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("chmod");
        let path = CString::new(folder.as_os_str().as_encoded_bytes()).expect("no NUL");
        // A process that another test starts meanwhile may hold the file open for writing until it executes something.
        let run_once_closed = |shell| loop {
            match run(&path, &[c"x", c"me"], shell) {
                Err(error) if error.reason.kind() == io::ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
                other => return other,
            }
        };
        let (with_shell, without) = (run_once_closed(true), run_once_closed(false));
        std::fs::remove_file(&folder).expect("remove");
        assert_eq!(with_shell.expect("starts").1, "from me\n");
        assert!(without.expect_err("no program").is_no_program());
    }
}
