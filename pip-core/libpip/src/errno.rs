//! Positive errno values as the results of C functions, and which of them an error of pip-core is.

use pip_core::{Error, ProgramError};
use std::path::Path;

/// An errno value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errno(pub i32);

macro_rules! names {
    ($($name:ident)*) => { impl Errno { $(pub const $name: Errno = Errno(libc::$name);)* } };
}
names!(EAGAIN EACCES EBUSY ECANCELED ECHILD EDEADLK EINVAL ENOENT ENOEXEC ENOMEM EOVERFLOW EPERM ERANGE ESRCH EUNATCH
       ELIBBAD ELIBEXEC ELIBSCN);

/// What a C function returns: 0 or the errno.
pub fn code(result: Result<(), Errno>) -> i32 {
    result.map_or_else(|errno| errno.0, |()| 0)
}

impl From<std::io::Error> for Errno {
    fn from(error: std::io::Error) -> Errno {
        Errno(error.raw_os_error().unwrap_or(libc::EIO))
    }
}

impl From<&Error> for Errno {
    fn from(error: &Error) -> Errno {
        match error {
            Error::Program(error) => error.into(),
            Error::AlreadyRoot | Error::TasksLeft(_) => Errno::EBUSY,
            Error::TaskCount(..) => Errno::EOVERFLOW,
            Error::TaskId(..) | Error::Full(_) => Errno::EAGAIN,
            Error::Fixed { .. } | Error::NotWith(..) | Error::Nul(_) => Errno::ELIBEXEC,
            Error::Map { .. } => Errno::ENOMEM,
            Error::NoThreadMode | Error::Damaged => Errno::EPERM,
            Error::Clone { source, .. } | Error::Setup { source, .. } | Error::System(_, source) => {
                Errno(source.raw_os_error().unwrap_or(libc::EIO))
            }
            Error::Vanished(_) => Errno::ESRCH,
        }
    }
}

impl From<&ProgramError> for Errno {
    fn from(error: &ProgramError) -> Errno {
        match error {
            ProgramError::NotInPath(_) | ProgramError::NotFound(_) => Errno::ENOENT,
            ProgramError::NotRegular(_) | ProgramError::NotExecutable(_) => Errno::EACCES,
            ProgramError::Script { .. } => Errno::ELIBSCN,
            ProgramError::NotElf(path) | ProgramError::Damaged(path, _) if is_short(path) => Errno::EUNATCH,
            ProgramError::NotElf(_) | ProgramError::Damaged(..) => Errno::ELIBBAD,
            ProgramError::Io(_, source) => Errno(source.raw_os_error().unwrap_or(libc::EIO)),
            _ => Errno::ELIBEXEC,
        }
    }
}

/// Shorter than an ELF header.
fn is_short(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.len() < size_of::<libc::Elf64_Ehdr>() as u64)
}
