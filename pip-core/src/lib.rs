//! Process-in-Process at user level: several programs run as *tasks* of one virtual address space.
//!
//! The *root* maps a program's dynamic loader (or a static PIE itself), builds the initial stack the kernel would
//! build, clones a process that shares the address space and jumps to the entry point. Every task therefore has its
//! own `ld.so`, libc, heap and static variables, and, being a process of its own, its own PID, file descriptors and
//! signal handlers; yet a pointer of one task is valid in all of them.
//!
//! The phases of a spawn are file names: [`program`] (which file, is it acceptable), `image` (map it), `hooking` (let its
//! system calls for memory tell the root), `stack` (arguments, environment, auxiliary vector), `spawn` (claim, clone), `child`
//! (from clone to the jump), [`task`] (wait for its end, give its memory back). `tracking` is what the hooks call.
//! [`registry`] is what root and tasks share; [`current`] is a task's own view of it; [`sharing`] exports and imports arrays.

mod arch;
pub mod barrier;
mod child;
pub mod current;
mod descriptors;
mod elf;
mod error;
pub mod faults;
mod fence;
mod hooking;
pub mod hooks;
mod image;
mod mapping;
mod maps;
mod mode;
mod preload;
pub mod program;
mod raw;
pub mod registry;
mod root;
pub mod settings;
pub mod sharing;
mod spawn;
mod stack;
pub mod symbols;
pub mod task;
mod tracking;

pub use error::{Error, ProgramError, limit_behind};
pub use hooking::exit_is_hooked;
pub use hooks::SpawnHooks;
pub use mode::Mode;
pub use preload::preload_name;
pub use program::{Program, search_path};
pub use root::Root;
pub use spawn::SpawnOptions;
pub use task::Task;
pub use tracking::{END_SIGNAL, EXPECTED, ThreadTable};
