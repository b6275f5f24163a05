//! How tasks are made: as processes or as threads of the root's process.

use std::fmt;

/// What root and tasks share beside the address space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u32)]
pub enum Mode {
    /// A task is a process: PID, file descriptors, working directory and signal handlers are its own.
    #[default]
    Process = 0,
    /// A task is a thread of the root's process and shares those; its variables, libc and heap are still its own.
    Thread = 1,
}

impl Mode {
    /// The second character of a task's command name, by which `pips` knows the mode.
    pub fn comm_char(self) -> char {
        match self {
            Mode::Process => ':',
            Mode::Thread => '|',
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::Process => "process",
            Mode::Thread => "thread",
        })
    }
}
