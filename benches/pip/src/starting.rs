//! Starting many at once and waiting for all: tasks, and the system's own ways.

use crate::pip::{ENVIRONMENT, Pip, SMALL};
use anyhow::{Result, bail, ensure};
use std::ffi::{c_char, c_void};
use std::io;

/// How many are started at once.
pub const COUNTS: [usize; 3] = [1, 15, 100];

/// Who starts them.
#[derive(Debug, Clone, Copy)]
pub enum Way<'a> {
    /// As tasks of this root.
    Task(&'a Pip),
    /// posix_spawn(3).
    PosixSpawn,
    /// fork(2), then execve(2).
    ForkExec,
    /// Threads that do nothing: pthread_create(3) and pthread_join(3).
    Pthread,
}

/// Starts `count` of the small program (or of threads), then waits for each of them.
pub fn start_and_wait(way: Way, count: usize) -> Result<()> {
    match way {
        Way::Task(pip) => {
            let tasks = (0..count).map(|_| pip.start_small()).collect::<Result<Vec<_>>>()?;
            for mut task in tasks {
                let status = task.wait()?;
                ensure!(status.success(), "task {} ended with {status}", task.id());
            }
            Ok(())
        }
        Way::PosixSpawn => processes(count, posix_spawn),
        Way::ForkExec => processes(count, fork_exec),
        Way::Pthread => pthreads(count),
    }
}

type Strings = Vec<*mut c_char>;

fn processes(count: usize, start: impl Fn(&Strings, &Strings) -> Result<libc::pid_t>) -> Result<()> {
    let null = std::ptr::null_mut();
    let arguments = vec![SMALL.as_ptr().cast_mut(), null];
    let environment: Strings = ENVIRONMENT.iter().map(|text| text.as_ptr().cast_mut()).chain([null]).collect();
    let pids = (0..count).map(|_| start(&arguments, &environment)).collect::<Result<Vec<_>>>()?;
    for pid in pids {
        let mut status = 0;
        // SAFETY: our own child, waited for once.
        if unsafe { libc::waitpid(pid, &mut status, 0) } != pid {
            bail!("waitpid: {}", io::Error::last_os_error());
        }
        ensure!(status == 0, "process {pid} ended with status {status:#x}");
    }
    Ok(())
}

fn posix_spawn(arguments: &Strings, environment: &Strings) -> Result<libc::pid_t> {
    let (mut pid, none) = (0, std::ptr::null());
    // SAFETY: null-terminated lists of C strings that outlive the call.
    let result = unsafe {
        libc::posix_spawn(&mut pid, SMALL.as_ptr(), none, none.cast(), arguments.as_ptr(), environment.as_ptr())
    };
    ensure!(result == 0, "posix_spawn: {}", io::Error::from_raw_os_error(result));
    Ok(pid)
}

fn fork_exec(arguments: &Strings, environment: &Strings) -> Result<libc::pid_t> {
    // SAFETY: the child only calls execve, and _exit if that fails.
    let pid = unsafe {
        let pid = libc::fork();
        if pid == 0 {
            libc::execve(SMALL.as_ptr(), arguments.as_ptr().cast(), environment.as_ptr().cast());
            libc::_exit(127);
        }
        pid
    };
    ensure!(pid > 0, "fork: {}", io::Error::last_os_error());
    Ok(pid)
}

fn pthreads(count: usize) -> Result<()> {
    extern "C" fn nothing(_: *mut c_void) -> *mut c_void {
        std::ptr::null_mut()
    }
    let mut threads = Vec::with_capacity(count);
    for _ in 0..count {
        let mut thread = 0;
        // SAFETY: a local to fill and a function without demands.
        let result = unsafe { libc::pthread_create(&mut thread, std::ptr::null(), nothing, std::ptr::null_mut()) };
        ensure!(result == 0, "pthread_create: {}", io::Error::from_raw_os_error(result));
        threads.push(thread);
    }
    for thread in threads {
        // SAFETY: made above, joined once.
        unsafe { libc::pthread_join(thread, std::ptr::null_mut()) };
    }
    Ok(())
}
