//! Process-in-Process beside what the system has: starting programs, finding each other's data, meeting at a barrier, mapping
//! memory.
//!
//! [`starting`] starts many programs or threads and waits for them. For everything else a [`crew`] of workers (tasks,
//! processes or threads, all running the code of [`worker`]) takes orders from a [`board`] in shared memory. [`pip`] is the
//! root of the tasks; [`segment`] is memory that workers share, as tasks, threads or processes can. The criterion benches and the
//! table of the program `bench-pip` differ only in what they do with the times; `bench-pip paper` has measures of its own.
//!
//! A task or process of a crew runs the benchmark's own executable, so every `main` here begins with [`worker::serve_if_worker`].

pub mod board;
pub mod crew;
pub mod cycles;
mod duties;
pub mod order;
pub mod pip;
mod process;
pub mod segment;
pub mod starting;
pub mod tlb;
pub mod worker;
pub mod xpmem;

mod library;

/// The value, or the end of the program with the reason on standard error.
pub fn or_exit<T>(result: anyhow::Result<T>) -> T {
    result.unwrap_or_else(|why| {
        eprintln!("bench-pip: {why:#}.");
        std::process::exit(1);
    })
}
