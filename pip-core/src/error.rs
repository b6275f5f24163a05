//! What can go wrong: with a program file ([`ProgramError`]) and with starting it ([`Error`]).
//!
//! Every sentence names the value that was wrong and, where there is one, the way out.

use std::io;
use std::path::{Path, PathBuf};

/// Why a file cannot be run as a task.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// No such file, or no such name in PATH.
    #[error("{0}: no such program; check the spelling or give the path (./{0} for the working directory)")]
    NotInPath(String),
    /// The path does not lead to a file.
    #[error("{}: no such file; check the path", .0.display())]
    NotFound(PathBuf),
    /// The path leads to a directory, device or socket.
    #[error("{}: not a regular file, so it cannot be run", .0.display())]
    NotRegular(PathBuf),
    /// No execute permission.
    #[error("{}: no permission to execute it; try chmod +x", .0.display())]
    NotExecutable(PathBuf),
    /// Starts with `#!`.
    #[error("{}: a script cannot be a task; run its interpreter instead: {interpreter} {}", .path.display(), .path.display())]
    Script {
        /// The script.
        path: PathBuf,
        /// What follows `#!`.
        interpreter: String,
    },
    /// No ELF magic.
    #[error("{}: not an ELF program", .0.display())]
    NotElf(PathBuf),
    /// ELF of another class or machine.
    #[error("{}: built for {}, but tasks must be x86-64 programs of 64 bits; rebuild it for x86-64", .0.display(), .1)]
    WrongMachine(PathBuf, String),
    /// Headers that contradict the file, usually a short copy.
    #[error("{}: truncated or damaged ELF file ({}); build or copy it again", .0.display(), .1)]
    Damaged(PathBuf, String),
    /// A shared library, object file or core file.
    #[error("{}: not a program but {}", .0.display(), .1)]
    NotAProgram(PathBuf, &'static str),
    /// The interpreter of a program is itself not usable.
    #[error("{}: its dynamic loader {} cannot be used: {reason}", .program.display(), .loader.display())]
    Loader {
        /// The program.
        program: PathBuf,
        /// The PT_INTERP path.
        loader: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Set-user-ID or set-group-ID: only the kernel's execve can give the privilege.
    #[error("{}: a set-user-ID or set-group-ID program cannot be a task, as only execve gives the privilege; copy it without the mode bit", .0.display())]
    SetId(PathBuf),
    /// Needs memory at fixed addresses that tasks cannot give.
    #[error("{}: built with {}, whose shadow memory needs fixed addresses; build it without to run it as a task", .0.display(), .1)]
    Sanitizer(PathBuf, String),
    /// Any other failure to read the file.
    #[error("{}: cannot be read: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
}

impl ProgramError {
    /// The exit status shells give such a failure: 127 not found, 126 found but cannot be run.
    pub fn exit_code(&self) -> u8 {
        match self {
            ProgramError::NotInPath(_) | ProgramError::NotFound(_) => 127,
            _ => 126,
        }
    }
}

/// Why a task could not be started or reached.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program file itself.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A second [`Root`](crate::Root) in one process, or a root inside a task.
    #[error("this process is already a PiP root: one root serves all tasks of an address space")]
    AlreadyRoot,
    /// The number of tasks asked for is outside 1..=the limit.
    #[error("{0} tasks asked for: give a number from 1 to {1}")]
    TaskCount(usize, usize),
    /// The id is beyond the registry's size or in use.
    #[error("task id {0} is not free: ids run from 0 to {1}, each for one living task")]
    TaskId(usize, usize),
    /// All ids are in use.
    #[error("all {0} task ids are in use; wait for a task to end or create the root with more")]
    Full(usize),
    /// A non-PIE program whose addresses are taken.
    #[error("{}: a non-PIE program needs the addresses {start:#x}-{end:#x}, and they are taken (one such program fits an \
             address space); rebuild it with -fPIE -pie, or take pip-python where it is Python", .path.display())]
    Fixed {
        /// The program.
        path: PathBuf,
        /// Lowest address it needs.
        start: usize,
        /// End of the range.
        end: usize,
    },
    /// The kernel refused memory.
    #[error(
        "no memory mapping of {size} bytes for {what}: {reason}; vm.max_map_count (sysctl) and ulimit -v limit all \
             tasks together"
    )]
    Map {
        /// What the mapping was for.
        what: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The kernel's reason.
        reason: io::Error,
    },
    /// clone failed.
    #[error(
        "the kernel refused to create task {id}: {reason}; ulimit -u and the cgroup's pids.max limit the number of \
             processes, ulimit -n that of descriptors"
    )]
    Clone {
        /// The task's id.
        id: usize,
        /// The kernel's reason.
        reason: io::Error,
    },
    /// The child failed between clone and the jump to its program.
    #[error("task {id} could not {step}: {reason}{}", limit_behind(.reason))]
    Setup {
        /// The task's id.
        id: usize,
        /// What it was doing.
        step: String,
        /// The kernel's reason.
        reason: io::Error,
    },
    /// The child died before it reached its program.
    #[error("task {0} died before its program started")]
    Vanished(usize),
    /// Two things that exclude each other.
    #[error("{0} cannot be had with {1}")]
    NotWith(&'static str, &'static str),
    /// The C library does not look as the hooks expect.
    #[error("thread mode needs a C library whose _exit is known (glibc 2.34 to 2.36 of Debian are); use process mode")]
    NoThreadMode,
    /// [`Root::finish`](crate::Root::finish) with tasks that nobody has waited for.
    #[error("{0} tasks have not been waited for yet")]
    TasksLeft(usize),
    /// The registry's header was overwritten.
    #[error("the registry that root and tasks share is damaged: some task wrote where it should not; end the job")]
    Damaged,
    /// A string with a NUL byte where C strings are needed.
    #[error("{0:?} contains a NUL byte, which neither an argument nor an environment variable can hold")]
    Nul(String),
    /// The program's loader gave up: a library or symbol is missing, as it has said itself.
    #[error("{}: its dynamic loader could not load it", .0.display())]
    NotLoaded(PathBuf),
    /// No function to start at.
    #[error("{}: it has no function '{}' to start at; nm lists its functions", .0.display(), .1)]
    NoFunction(PathBuf, String),
    /// Several.
    #[error("{}: function '{}' has multiple definitions, none of them global; rename one", .0.display(), .1)]
    ManyFunctions(PathBuf, String),
    /// Any other system call.
    #[error("{0}: {1}")]
    System(&'static str, io::Error),
}

impl Error {
    /// The errno that `pip_task_spawn` and its relatives return for it.
    pub fn errno(&self) -> i32 {
        match self {
            Error::Program(error) => error.errno(),
            Error::AlreadyRoot | Error::TasksLeft(_) => libc::EBUSY,
            Error::TaskCount(..) => libc::EOVERFLOW,
            Error::TaskId(..) | Error::Full(_) => libc::EAGAIN,
            Error::Fixed { .. } | Error::NotWith(..) | Error::Nul(_) | Error::NotLoaded(_) => libc::ELIBEXEC,
            Error::NoFunction(..) | Error::ManyFunctions(..) => libc::ENOEXEC,
            Error::Map { .. } => libc::ENOMEM,
            Error::NoThreadMode | Error::Damaged => libc::EPERM,
            Error::Clone { reason, .. } | Error::Setup { reason, .. } | Error::System(_, reason) => {
                reason.raw_os_error().unwrap_or(libc::EIO)
            }
            Error::Vanished(_) => libc::ESRCH,
        }
    }
}

impl ProgramError {
    /// As [`Error::errno`].
    pub fn errno(&self) -> i32 {
        match self {
            ProgramError::NotInPath(_) | ProgramError::NotFound(_) => libc::ENOENT,
            ProgramError::NotRegular(_) | ProgramError::NotExecutable(_) => libc::EACCES,
            ProgramError::Script { .. } => libc::ELIBSCN,
            ProgramError::NotElf(path) | ProgramError::Damaged(path, _) if is_short(path) => libc::EUNATCH,
            ProgramError::NotElf(_) | ProgramError::Damaged(..) => libc::ELIBBAD,
            ProgramError::Io(_, reason) => reason.raw_os_error().unwrap_or(libc::EIO),
            _ => libc::ELIBEXEC,
        }
    }
}

/// Which limit to raise when the kernel has refused a resource; empty for any other reason. To be put behind the reason.
pub fn limit_behind(reason: &io::Error) -> &'static str {
    match reason.raw_os_error() {
        Some(libc::EMFILE) => "; ulimit -n limits the descriptors of a process",
        Some(libc::ENFILE) => "; fs.file-max (sysctl) limits the open files of the machine",
        _ => "",
    }
}

/// Shorter than an ELF header.
fn is_short(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.len() < size_of::<libc::Elf64_Ehdr>() as u64)
}
