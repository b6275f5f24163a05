//! What the command line asks for, and the original's defaults.

mod parse;
mod table;
mod values;

use std::path::PathBuf;

use bench_harness::{Element, Threading};

use crate::benchmark::{Benchmark, Suite};

pub use parse::{Parsed, banner, parse};

/// `-iter_policy`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// As many as `-time` allows.
    Dynamic,
    /// A multiple of the number of processes.
    MultipleOfProcesses,
    /// The second for benchmarks with a root, the first for others.
    Auto,
    /// As many as `-iter` says.
    Off,
}

/// `-multi`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Multi {
    /// One group runs, the other processes wait.
    Off,
    /// All groups run, and one row is for all.
    Summary,
    /// All groups run, with a row each.
    EachGroup,
}

/// What to run.
pub struct Options {
    /// The suite.
    pub suite: &'static Suite,
    /// The benchmarks, in order.
    pub benchmarks: Vec<&'static Benchmark>,
    /// `-include`: benchmarks besides these. Empty after parsing.
    pub(crate) included: Vec<&'static Benchmark>,
    /// `-exclude`: benchmarks to leave out. Empty after parsing.
    pub(crate) excluded: Vec<&'static Benchmark>,
    /// `-input`: a file with names of benchmarks.
    pub(crate) input: Option<PathBuf>,
    /// `-npmin`: the smallest number of processes.
    pub npmin: i32,
    /// `-multi`
    pub multi: Multi,
    /// `-map`: the first P x Q processes, column by column.
    pub map: Option<(i32, i32)>,
    /// `-iter`, first number: repetitions at most.
    pub repetitions: usize,
    /// `-iter`, second number: volume of all repetitions of one size at most, in MiB.
    pub volume_mib: usize,
    /// `-iter`, third number: repetitions at most where each operation completes alone. None: as the first.
    pub single_repetitions: Option<usize>,
    /// `-iter_policy`
    pub policy: Policy,
    /// `-time`: seconds per sample at most.
    pub seconds: f64,
    /// `-mem`: GB of the buffers of a process at most.
    pub memory_gb: f64,
    /// `-msglog`: the smallest and largest power of two.
    pub msglog: (u32, u32),
    /// `-msglen`, `-msgsize`: the sizes.
    pub lengths: Option<Vec<usize>>,
    /// `-zero_size`
    pub zero_size: bool,
    /// `-off_cache`: bytes of the cache and of a line of it.
    pub off_cache: Option<(usize, usize)>,
    /// `-root_shift`
    pub root_shift: bool,
    /// `-sync`
    pub sync: bool,
    /// `-imb_barrier`
    pub own_barrier: bool,
    /// `-warm_up`
    pub warm_up: bool,
    /// `-window_size`
    pub window_size: usize,
    /// `-data_type`: the elements of messages, and their name.
    pub element: (Element, &'static str),
    /// `-red_data_type`: those of reductions.
    pub reduction: (Element, &'static str),
    /// `-thread_level`
    pub threading: Threading,
    /// `-check`
    pub check: bool,
    /// The command line, for the header.
    pub calling_sequence: String,
}

impl Options {
    /// The defaults of `suite`, with all benchmarks that run without a name.
    pub fn new(suite: &'static Suite) -> Self {
        Self {
            suite,
            benchmarks: suite.benchmarks.iter().filter(|test| test.by_default).collect(),
            included: Vec::new(),
            excluded: Vec::new(),
            input: None,
            npmin: 2,
            multi: Multi::Off,
            map: None,
            repetitions: 1000,
            volume_mib: 40,
            single_repetitions: None,
            policy: Policy::Dynamic,
            seconds: 10.0,
            memory_gb: 1.0,
            msglog: (0, 22),
            lengths: None,
            zero_size: true,
            off_cache: None,
            root_shift: false,
            sync: true,
            own_barrier: false,
            warm_up: true,
            window_size: 256,
            element: (Element::Char, "MPI_BYTE"),
            reduction: (Element::Float, "MPI_FLOAT"),
            threading: Threading::Single,
            check: false,
            calling_sequence: suite.name.into(),
        }
    }
}
