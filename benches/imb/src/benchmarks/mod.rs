//! The table of benchmarks.

mod pingping;
mod pingpong;
mod sendrecv;

use bench_harness::{Buffer, World};

/// How the table of a benchmark looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `t[usec]` of the slowest process, and Mbytes/sec.
    Time,
    /// `t_min[usec] t_max[usec] t_avg[usec]` over the processes, and Mbytes/sec.
    TimeRange,
}

/// One benchmark.
pub struct Benchmark {
    /// Its name, compared without case.
    pub name: &'static str,
    /// How its table looks.
    pub layout: Layout,
    /// Whether it runs on exactly two processes, or on every number from two.
    pub pair_only: bool,
    /// The reported time is the loop's time by this. PingPong reports one way of the two.
    pub time_divisor: f64,
    /// Messages that count for the bandwidth, per process and repetition.
    pub messages: f64,
    /// The pattern: `repetitions` times with messages of `size` bytes. Everything in it is timed.
    pub pattern: fn(&World, &mut Buffers, size: i32, repetitions: usize),
}

/// The message buffers of one process.
pub struct Buffers {
    /// What is sent.
    pub outgoing: Buffer,
    /// Where messages arrive.
    pub incoming: Buffer,
    /// A slot for a non-blocking send.
    pub requests: bench_harness::Requests,
}

/// In the order they run without a name on the command line.
pub const TABLE: &[Benchmark] = &[pingpong::BENCHMARK, pingping::BENCHMARK, sendrecv::BENCHMARK];

/// The benchmark called `name`, whatever its case.
pub fn find(name: &str) -> Option<&'static Benchmark> {
    TABLE.iter().find(|test| test.name.eq_ignore_ascii_case(name))
}
