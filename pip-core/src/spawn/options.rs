//! What a spawn can be told.

use crate::hooks::SpawnHooks;
use core::ffi::c_void;
use std::ffi::CString;
use std::os::fd::RawFd;
use std::path::PathBuf;

/// How to start a task; the default runs nothing: at least `args` must hold argv\[0\].
#[derive(Debug, Clone)]
pub struct SpawnOptions {
    /// argv, including argv\[0\].
    pub args: Vec<CString>,
    /// The whole environment as `KEY=value`; `PIP_REGISTRY` is added.
    pub env: Vec<CString>,
    /// Working directory; the root's if None. Process mode only.
    pub cwd: Option<PathBuf>,
    /// Pairs (descriptor here, descriptor in the task). Others are inherited unless marked close-on-exec. Process mode only.
    pub fds: Vec<(RawFd, RawFd)>,
    /// CPUs to run on; the spawning thread's if None.
    pub affinity: Option<Vec<usize>>,
    /// Whether the task leads a session (and process group) of its own. Process mode only.
    pub new_session: bool,
    /// The task's id; the next free one if None.
    pub id: Option<usize>,
    /// Bytes of stack; the soft RLIMIT_STACK, at most 64 MiB, if None.
    pub stack_size: Option<usize>,
    /// A `libpip.so` to load into the task before its program's own libraries, so that it has the C API from the start.
    pub library: Option<PathBuf>,
    /// Name of a function `int f(void *)` to start at instead of main; needs `library`.
    pub function: Option<CString>,
    /// Its argument.
    pub argument: *mut c_void,
    /// A pointer for the task to find ([`Entry::aux`]).
    pub aux: *mut c_void,
    /// Functions of the root that run in the task at its start and end.
    pub hooks: SpawnHooks,
    /// The command name that ps and top show, up to 15 bytes; the program's file name if None.
    pub comm: Option<CString>,
    /// Wait until the task's loader has found all libraries, and the start function if there is one; needs `library`.
    pub await_loading: bool,
    /// Let the task stop (SIGSTOP) before its program starts. Process mode only.
    pub stop: bool,
    /// Keep what the task mapped when it was waited for, because others still use it.
    pub keep_memory: bool,
}

impl Default for SpawnOptions {
    fn default() -> Self {
        let null = std::ptr::null_mut();
        SpawnOptions {
            args: Vec::new(),
            env: Vec::new(),
            cwd: None,
            fds: Vec::new(),
            affinity: None,
            new_session: false,
            id: None,
            stack_size: None,
            library: None,
            function: None,
            argument: null,
            aux: null,
            hooks: SpawnHooks::default(),
            comm: None,
            await_loading: false,
            stop: false,
            keep_memory: false,
        }
    }
}
