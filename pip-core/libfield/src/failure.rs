//! Failures as errno values, with the sentence for who asks (`pip_field_message`).

use pip_core::sharing::SharingError;
use pip_core::sharing::field::FieldError;
use std::cell::RefCell;
use std::ffi::{CString, c_char, c_int};
use std::fmt;

/// Why a call failed.
#[derive(Debug)]
pub enum Failure {
    /// The field.
    Field(FieldError),
    /// The caller is no task.
    NoTask,
    /// An argument, and its value.
    Argument(&'static str, String),
}

impl<E: Into<FieldError>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::Field(error.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Field(error) => error.fmt(f),
            Failure::NoTask => {
                f.write_str("this process is no task of a PiP root; start it by pip-mpiexec or pip-exec")
            }
            Failure::Argument(what, value) => write!(f, "{what} must not be {value}"),
        }
    }
}

impl Failure {
    fn errno(&self) -> c_int {
        let Failure::Field(error) = self else {
            return if matches!(self, Failure::NoTask) { libc::EPERM } else { libc::EINVAL };
        };
        match error {
            FieldError::Sharing(error) => match error {
                SharingError::Exists(..) => libc::EEXIST,
                SharingError::NoMemory(_) => libc::ENOMEM,
                SharingError::NoSuchTask(..) => libc::ERANGE,
                SharingError::Cancelled { .. } => libc::ECANCELED,
                SharingError::Deadlock(_) => libc::EDEADLK,
                SharingError::WrongType { .. } | SharingError::Foreign { .. } => libc::EPROTO,
                SharingError::NotHere(_) => libc::EPERM,
            },
            FieldError::BadShape(_)
            | FieldError::BadWindow(..)
            | FieldError::BadBuffers(_)
            | FieldError::BadStep(..) => libc::EINVAL,
            FieldError::NoMemory(..) => libc::ENOMEM,
            FieldError::WrongType { .. } => libc::EPROTO,
            FieldError::Unknown(..) => libc::ENOENT,
            FieldError::Ambiguous(..) => libc::ENOTUNIQ,
            FieldError::Late(..) => libc::ETIMEDOUT,
            FieldError::Ended(..) => libc::ECANCELED,
            FieldError::Gone(..) => libc::ESTALE,
            FieldError::Crowded(..) => libc::EBUSY,
        }
    }
}

thread_local! {
    static MESSAGE: RefCell<CString> = RefCell::default();
}

/// What a C function returns: 0, or the errno after the sentence was kept.
pub fn code(result: Result<(), Failure>) -> c_int {
    result.map_or_else(
        |failure| {
            let text = CString::new(failure.to_string().replace('\0', "?")).unwrap_or_default();
            MESSAGE.with(|message| message.replace(text));
            failure.errno()
        },
        |()| 0,
    )
}

/// `pip_field_message`
#[unsafe(no_mangle)]
pub extern "C" fn pip_field_message() -> *const c_char {
    MESSAGE.with(|message| message.borrow().as_ptr())
}
