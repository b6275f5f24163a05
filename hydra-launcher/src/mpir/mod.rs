//! The MPIR process table, by which parallel debuggers and tools find the ranks of a job (The MPIR Process Acquisition
//! Interface, version 1.1).
//!
//! A tool sets a breakpoint at `MPIR_Breakpoint` and reads `MPIR_proctable` there. The launcher answers no PMI request before
//! that function has returned, so no rank gets out of MPI_Init until the tool has let the launcher go on.
//!
//! Tasks are clones of the launcher that share its memory. A debugger that lets go of such a clone takes its breakpoints out of
//! that memory, and so out of the launcher. One that has announced itself therefore gets a launcher that runs no tasks: the
//! `starter`, whose child does the work.

mod starter;
mod table;

pub use starter::{aborting, publish, run};

/// A rank for the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Name of its host, as one would log in there.
    pub host: String,
    /// Path of its program.
    pub program: String,
    /// PID there.
    pub pid: i32,
}
