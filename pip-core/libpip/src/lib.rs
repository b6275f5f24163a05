//! `libpip.so`: the C API of PiP v2 over `pip-core`. Linked into a root; loaded into every task before its own libraries, so
//! that a task is initialised before its main and need not know of PiP.
//!
//! The C symbols are thin: `init`, `spawning`, `sharing`, `waiting`, `questions`, `ending`, `signals`, `together`,
//! `memory` and `messages` check, translate and call. `caller` answers who calls: the root, a task, or a hook of the root that
//! runs in a task. `task_start`, `threads` and `exe_link` are what a task's libc is made to call instead of its own functions.
//! They are documented in `pip/pip.h`.
#![allow(clippy::missing_safety_doc)] // C callers read pip/pip.h

mod caller;
mod command;
mod cores;
mod debugging;
mod ending;
mod errno;
mod exe_link;
mod init;
mod memory;
mod messages;
mod next;
mod questions;
mod sharing;
mod signals;
mod spawning;
mod task_start;
mod threads;
mod together;
mod variadic;
mod waiting;
