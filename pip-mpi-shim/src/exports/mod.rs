//! The MPI functions this library exports in front of the MPI library's. Each is a few lines: whose call is it, and if it
//! is ours, which function of the shim answers it.

mod communicators;
mod environment;
mod message;
mod one_sided;
mod passing;
mod requests;
mod windows;

pub use environment::Type_free;
pub use message::{Iprobe, Recv_c};
pub use requests::{Request_get_status, Testall, Testany};

/// Exports functions as `MPI_X` and `PMPI_X`. The body yields Some(return code) if the shim answered the call; None hands
/// it on, unchanged, to the MPI library. A profiling tool between the program and MPI sees `MPI_X` first.
/// An error handler of the program may throw a C++ exception through them.
/// Inside the crate, `X::real` calls the MPI library's function.
macro_rules! mpi {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) $body:block)*) => {$(
        $(#[$doc])*
        #[allow(non_snake_case, clippy::missing_safety_doc, clippy::too_many_arguments)]
        pub mod $name {
            #[allow(unused_imports)]
            use super::*;
            use core::ffi::CStr;
            use $crate::real::Function;

            const NAME: &CStr = match CStr::from_bytes_with_nul(concat!("PMPI_", stringify!($name), "\0").as_bytes()) {
                Ok(name) => name,
                Err(_) => panic!("a function name without NUL"),
            };
            static FUNCTION: Function = Function::with_timer(NAME, timed as *mut c_void);
            type Signature = unsafe extern "C-unwind" fn($($type),*) -> c_int;

            /// The MPI library's own function.
            #[inline]
            pub unsafe fn real($($arg: $type),*) -> c_int {
                // SAFETY: the library's function has this signature.
                unsafe { core::mem::transmute::<*mut c_void, Signature>(FUNCTION.real())($($arg),*) }
            }

            // In both: the way from one exported function to the other is longer than many a call.
            #[inline(always)]
            unsafe fn answer($($arg: $type),*) -> c_int {
                let answer: Option<c_int> = $body;
                match answer {
                    Some(code) => code,
                    // SAFETY: the program's own arguments.
                    None => $crate::background::during(|| unsafe { real($($arg),*) }),
                }
            }

            #[unsafe(export_name = concat!("PMPI_", stringify!($name)))]
            pub unsafe extern "C-unwind" fn profiled($($arg: $type),*) -> c_int {
                // SAFETY: the program's own arguments.
                unsafe {
                    if $crate::report::is_running() {
                        return $crate::report::timed(&FUNCTION, || answer($($arg),*));
                    }
                    answer($($arg),*)
                }
            }

            /// Stands where a tool's function would, if there is to be a report.
            unsafe extern "C-unwind" fn timed($($arg: $type),*) -> c_int {
                // SAFETY: the program's own arguments, here or in the tool's function of the same name.
                $crate::report::timed(&FUNCTION, || unsafe {
                    match FUNCTION.tool() {
                        Some(tool) => core::mem::transmute::<*mut c_void, Signature>(tool)($($arg),*),
                        None => answer($($arg),*),
                    }
                })
            }

            #[unsafe(export_name = concat!("MPI_", stringify!($name)))]
            pub unsafe extern "C-unwind" fn plain($($arg: $type),*) -> c_int {
                // SAFETY: the program's own arguments, here or in the tool's function of the same name.
                unsafe {
                    match FUNCTION.profiler() {
                        Some(tool) => core::mem::transmute::<*mut c_void, Signature>(tool)($($arg),*),
                        None => answer($($arg),*),
                    }
                }
            }
        }
    )*};
}
use mpi;
