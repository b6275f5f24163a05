//! The one-sided benchmarks: rank 0 reads and writes the window of rank 1.
//!
//! [`latency`] and [`bandwidth`] are the two frames around the calls that the programs name, [`synchronization`] knows `-w`
//! and `-s`, and [`checking`] what `-c` expects.

mod bandwidth;
mod checking;
mod latency;
mod synchronization;

pub use bandwidth::measure as one_sided_bandwidth;
pub use latency::{Origin, measure as one_sided_latency};
pub use synchronization::{Passive, Synchronization, creation, creation_name};
