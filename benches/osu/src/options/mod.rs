//! What the command line asks for, and the originals' defaults.

mod parse;
mod table;
mod values;

use bench_harness::{Creation, Element};

use crate::kind::Kind;
use crate::layout::Shape;
use crate::one_sided::{Passive, Synchronization};
use crate::schedule::Schedule;

pub use parse::{Parsed, help, parse};

/// `-b`: whether all messages of a window share one buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BufferCount {
    /// All messages use the same one (the default).
    Single,
    /// Each message of a window has its own.
    Multiple,
}

/// `-k`: who sends to all, or receives from all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// One rank.
    Fixed(i32),
    /// In every iteration the next one.
    Rotating,
}

/// `-N`: who the neighbours are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Graph {
    /// A periodic grid of so many dimensions, and so many steps in each direction.
    Grid {
        /// Its dimensions.
        dimensions: usize,
        /// The steps.
        radius: usize,
    },
    /// Lines `FROM,TO` of a file, already read.
    Edges(Vec<(i32, i32)>),
}

/// What the command line asks for. Sizes are in bytes.
#[derive(Clone, Debug)]
pub struct Options {
    /// The benchmark these options are for.
    pub kind: Kind,
    /// The smallest message.
    pub min_size: usize,
    /// The largest message.
    pub max_size: usize,
    /// The schedule up to 8192 bytes.
    pub small: Schedule,
    /// The schedule above 8192 bytes.
    pub large: Schedule,
    /// Messages in flight before an acknowledgement.
    pub window: usize,
    /// One buffer, or one per message of the window.
    pub buffers: BufferCount,
    /// Check the data of every message.
    pub validate: bool,
    /// Operations before each that is checked.
    pub validation_warmup: usize,
    /// Pairs of processes; None: half of the processes.
    pub pairs: Option<i32>,
    /// The types of messages' elements, one table each.
    pub elements: Vec<Element>,
    /// The one that is measured.
    pub element: Element,
    /// Where they lie; None: one after the other, without a datatype of their own.
    pub shape: Option<Shape>,
    /// Print the message rate.
    pub print_rate: bool,
    /// Measure with all of [`crate::VARIED_WINDOWS`].
    pub vary_window: bool,
    /// How the window is made.
    pub creation: Creation,
    /// How one-sided operations are completed.
    pub synchronization: Synchronization,
    /// Print the fastest and the slowest rank, and the iterations.
    pub full: bool,
    /// The percentiles of the iterations to print.
    pub tails: Vec<u32>,
    /// The bytes of a rank's largest buffer at most.
    pub memory_limit: usize,
    /// MPI_Test calls while a non-blocking operation runs.
    pub probes: usize,
    /// Threads or processes that send and that receive.
    pub workers: (usize, usize),
    /// The root of collective operations.
    pub root: Root,
    /// The neighbours of neighbourhood operations.
    pub graph: Graph,
}

impl Options {
    /// The originals' defaults (the warm-up of the latency tests as their help states it).
    pub fn new(kind: Kind) -> Self {
        let schedules = |small: (usize, usize), large: (usize, usize)| {
            [small, large].map(|(warmup, iterations)| Schedule { warmup, iterations })
        };
        let [small, large] = if kind.is_bandwidth() {
            schedules((10, 100), (2, 20))
        } else if kind.is_collective() {
            schedules((100, 1000), (10, 100))
        } else {
            schedules((200, 10_000), (10, 1000))
        };
        let (creation, synchronization) = match kind {
            Kind::GetAccumulateLatency => (Creation::Create, Synchronization::Passive(Passive::Lock)),
            Kind::PutBiBandwidth => (Creation::Allocate, Synchronization::Pscw),
            _ => (Creation::Allocate, Synchronization::Passive(Passive::Flush)),
        };
        Self {
            kind,
            min_size: 1,
            max_size: if kind.is_collective() { 1 << 20 } else { 1 << 22 },
            small,
            large,
            window: 64,
            buffers: BufferCount::Single,
            validate: false,
            validation_warmup: 5,
            pairs: None,
            elements: vec![Element::Char],
            element: Element::Char,
            shape: None,
            print_rate: true,
            vary_window: false,
            creation,
            synchronization,
            full: false,
            tails: Vec::new(),
            memory_limit: 512 << 20,
            probes: 0,
            workers: if kind == Kind::ProcessesLatency { (2, 2) } else { (1, 2) },
            root: Root::Fixed(0),
            graph: Graph::Grid { dimensions: 1, radius: 1 },
        }
    }

    /// The options for each type of elements, in order.
    pub fn each_element(&self) -> impl Iterator<Item = Options> {
        self.elements.iter().map(|&element| Options { element, ..self.clone() })
    }
}
