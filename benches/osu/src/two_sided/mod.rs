//! The benchmarks with messages between two ranks.
//!
//! [`latency`] is a ping-pong, with one partner or in all pairs; [`processes`] and [`threads`] do it beside forked processes
//! and by several threads; [`bandwidth`] and [`multi_pair`] move windows of messages.

mod bandwidth;
mod buffers;
mod latency;
mod multi_pair;
mod processes;
mod threads;

pub use bandwidth::measure as bandwidth;
pub use buffers::Buffers;
pub use latency::measure as latency;
pub use multi_pair::measure as multi_pair;
pub use processes::measure as processes_latency;
pub use threads::measure as threads_latency;
