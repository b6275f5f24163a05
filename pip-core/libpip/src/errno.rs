//! Positive errno values as the results of C functions.

/// An errno value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errno(pub i32);

macro_rules! names {
    ($($name:ident)*) => { impl Errno { $(pub const $name: Errno = Errno(libc::$name);)* } };
}
names!(EAGAIN EBUSY ECANCELED ECHILD EDEADLK EINVAL ENOENT ENOMEM EOVERFLOW EPERM ERANGE ESRCH);

/// What a C function returns: 0 or the errno.
pub fn code(result: Result<(), Errno>) -> i32 {
    result.map_or_else(|errno| errno.0, |()| 0)
}

impl From<std::io::Error> for Errno {
    fn from(error: std::io::Error) -> Errno {
        Errno(error.raw_os_error().unwrap_or(libc::EIO))
    }
}

impl From<&pip_core::Error> for Errno {
    fn from(error: &pip_core::Error) -> Errno {
        Errno(error.errno())
    }
}
