//! The exit status of pip-exec when a task cannot be started: the errno that pip_spawn gives then.

use pip_core::{Error, ProgramError};
use std::path::Path;

/// The error number of an error.
pub fn error_number(error: &Error) -> i32 {
    match error {
        Error::Program(error) => of_program(error),
        Error::AlreadyRoot | Error::TasksLeft(_) => libc::EBUSY,
        Error::TaskCount(..) => libc::EOVERFLOW,
        Error::TaskId(..) | Error::Full(_) => libc::EAGAIN,
        Error::Fixed { .. } | Error::NotWith(..) | Error::Nul(_) => libc::ELIBEXEC,
        Error::Map { .. } => libc::ENOMEM,
        Error::NoThreadMode | Error::Damaged => libc::EPERM,
        Error::Clone { source, .. } | Error::Setup { source, .. } | Error::System(_, source) => {
            source.raw_os_error().unwrap_or(libc::EIO)
        }
        Error::Vanished(_) => libc::ESRCH,
    }
}

fn of_program(error: &ProgramError) -> i32 {
    match error {
        ProgramError::NotInPath(_) | ProgramError::NotFound(_) => libc::ENOENT,
        ProgramError::NotRegular(_) | ProgramError::NotExecutable(_) => libc::EACCES,
        ProgramError::Script { .. } => libc::ELIBSCN,
        ProgramError::NotElf(path) | ProgramError::Damaged(path, _) if is_short(path) => libc::EUNATCH,
        ProgramError::NotElf(_) | ProgramError::Damaged(..) => libc::ELIBBAD,
        ProgramError::Io(_, source) => source.raw_os_error().unwrap_or(libc::EIO),
        _ => libc::ELIBEXEC,
    }
}

/// Shorter than an ELF header.
fn is_short(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.len() < size_of::<libc::Elf64_Ehdr>() as u64)
}
