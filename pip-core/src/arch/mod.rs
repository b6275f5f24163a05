//! All assembly of the crate: raw system calls, the clone and the jump into a new program.

#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "x86_64")]
pub use x86_64::*;

#[cfg(not(target_arch = "x86_64"))]
compile_error!("pip-core knows only x86_64 so far: the clone, the jump and the auxiliary vector need an arch module");
