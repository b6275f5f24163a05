//! What a benchmark is: a row of a suite's table.

use bench_harness::{Element, Operation, World};

use crate::sample::Sample;

/// A suite: its name, what the header calls it, and its benchmarks in the order they run in.
pub struct Suite {
    /// The program.
    pub name: &'static str,
    /// What the header says behind the version.
    pub part: &'static str,
    pub(crate) benchmarks: &'static [Benchmark],
}

/// How the table of a benchmark looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `t[usec]` of the slowest process, and Mbytes/sec.
    Time,
    /// `t_min[usec] t_max[usec] t_avg[usec]` over the processes, and Mbytes/sec.
    RangeAndRate,
    /// `t_min[usec] t_max[usec] t_avg[usec]` over the processes.
    Range,
    /// The same without a size.
    Sync,
    /// Mbytes/sec and Msg/sec.
    Messages,
    /// `t_pure[usec] t_ovrl[usec]`.
    Passive,
}

/// Which processes a benchmark runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processes {
    /// Two.
    Pair,
    /// Every number.
    Any,
    /// Every even number: the last process of an odd one stays out.
    Even,
}

/// Whether all operations of a sample complete together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// There is only one way.
    Only,
    /// They do.
    Aggregate,
    /// Each is completed before the next begins.
    NonAggregate,
}

/// The messages that each buffer of a process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// One.
    One,
    /// One in the send buffer, two in the receive buffer.
    OneAndTwo,
    /// Two in each.
    Two,
    /// As many as the collective operation needs.
    Collective(Operation),
}

/// The buffer that a window is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposes {
    /// There is no window.
    Nothing,
    /// The receive buffer.
    Recv,
    /// The send buffer.
    Send,
}

/// What must be in the memory of a process after one repetition.
#[derive(Clone, Copy)]
pub enum Arrives {
    /// Nothing is known.
    Unknown,
    /// The receive buffer holds the message of this process; None: it stays as it was.
    From(fn(&World) -> Option<i32>),
    /// Its two halves hold the messages of these processes.
    Halves(fn(&World) -> (i32, i32)),
    /// Each byte is that of one of the other processes, on processes for which this is true.
    Any(fn(&World) -> bool),
    /// The elements of these processes were added to it.
    Sum(fn(&World) -> Vec<i32>),
    /// It holds the element of this process, which was swapped for what was there.
    Swapped(fn(&World) -> Option<i32>),
    /// What a collective operation leaves.
    Collective(Operation),
}

/// What the elements are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// `-data_type`
    Message,
    /// `-red_data_type`
    Reduction,
    /// MPI_INT
    Int,
}

/// Seconds per repetition on a process: the column's and, of [`Layout::Passive`], the second column's. None: it was idle.
pub type Times = Option<[f64; 2]>;

/// One benchmark.
pub struct Benchmark {
    /// Its name, compared without case.
    pub name: &'static str,
    /// Whether it runs when none is named.
    pub by_default: bool,
    /// What -list says below its name.
    pub notes: &'static [&'static str],
    /// How its table looks.
    pub layout: Layout,
    /// On which processes.
    pub processes: Processes,
    /// Its modes, a table each.
    pub modes: &'static [Mode],
    /// What its elements are.
    pub data: Data,
    /// Whether there is only a row of one element.
    pub single_element: bool,
    /// The buffers.
    pub space: Space,
    /// Which buffer the others reach through a window.
    pub exposes: Exposes,
    /// Messages that count for the bandwidth, per repetition: of a process or, of [`Layout::Messages`], of a pair.
    pub messages: f64,
    /// What `-check` expects.
    pub arrives: Arrives,
    /// The pattern.
    pub pattern: fn(&mut Sample<'_>) -> Times,
}

/// What most benchmarks have in common.
pub const PLAIN: Benchmark = Benchmark {
    name: "",
    by_default: true,
    notes: &[],
    layout: Layout::Time,
    processes: Processes::Pair,
    modes: &[Mode::Only],
    data: Data::Message,
    single_element: false,
    space: Space::One,
    exposes: Exposes::Nothing,
    messages: 1.0,
    arrives: Arrives::Unknown,
    pattern: |_| None,
};

impl Benchmark {
    /// Whether one process sends to all or receives from all.
    pub fn has_root(&self) -> bool {
        matches!(self.space, Space::Collective(operation) if operation.has_root())
    }

    /// The messages in the two buffers on `processes` processes, where each may be the root.
    pub fn blocks(&self, processes: usize) -> (usize, usize) {
        match self.space {
            Space::One => (1, 1),
            Space::OneAndTwo => (1, 2),
            Space::Two => (2, 2),
            Space::Collective(operation) => operation.blocks(true, processes, processes),
        }
    }

    /// The element of its messages, given the two of the command line.
    pub fn element(&self, message: Element, reduction: Element) -> Element {
        match self.data {
            Data::Message => message,
            Data::Reduction => reduction,
            Data::Int => Element::Int,
        }
    }
}
