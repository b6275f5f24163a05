//! The options of all programs, as one table: it parses, and it prints `-h`.

use bench_harness::Operation;

use super::Options;
use super::values::*;
use crate::kind::{Form, Kind};
use crate::one_sided::creation;

/// Sets an option; None: the value is not allowed.
pub(super) type Set = fn(&mut Options, &str) -> Option<()>;

/// What an option does.
#[derive(Clone, Copy)]
pub(super) enum Action {
    Help,
    Version,
    Flag(fn(&mut Options)),
    /// The name of the value in error messages, how to set it, and what is allowed.
    Value(&'static str, Set, &'static str),
    /// The same with a value that may be missing.
    Optional(&'static str, fn(&mut Options, Option<&str>) -> Option<()>, &'static str),
    /// Nobody has it; the text says why.
    Refused(&'static str),
}

pub(super) struct Opt {
    pub short: char,
    pub long: &'static str,
    pub help: &'static [&'static str],
    /// Which programs have it.
    pub of: fn(Kind) -> bool,
    pub action: Action,
}

/// The originals' words for a wrong `-w` or `-s`, behind "Invalid".
const ARGUMENT: &str = "option or invalid argument";

fn measures(kind: Kind) -> bool {
    !kind.is_startup()
}

fn has_messages(kind: Kind) -> bool {
    measures(kind) && kind.has_size()
}

/// Those whose messages have a datatype.
pub(super) fn is_typed(kind: Kind) -> bool {
    let computing = kind.is_computing() && kind != Kind::GetAccumulateLatency;
    kind.is_two_sided() || computing || (kind.is_collective() && kind.has_size())
}

/// Those whose messages may have gaps.
fn is_shaped(kind: Kind) -> bool {
    let copying = |operation: Operation| !operation.is_reduction() && operation != Operation::Barrier;
    kind.is_two_sided() || kind.operation().is_some_and(copying)
}

fn is_neighborhood(kind: Kind) -> bool {
    kind.operation().is_some_and(Operation::is_neighborhood)
}

/// A persistent request has its root for good.
fn may_choose_root(kind: Kind) -> bool {
    matches!(kind, Kind::Collective(operation, form) if operation.has_root() && form != Form::Persistent)
}

pub(super) const TABLE: &[Opt] = &[
    Opt {
        short: 'w',
        long: "win-options",
        of: Kind::is_one_sided,
        action: Action::Value(
            ARGUMENT,
            |o, v| creation(v).map(|value| o.creation = value),
            "create, allocate or dynamic",
        ),
        help: &[
            "WIN_OPTION - how the window is made:",
            "create       use MPI_Win_create",
            "allocate     use MPI_Win_allocate",
            "dynamic      use MPI_Win_create_dynamic",
        ],
    },
    Opt {
        short: 's',
        long: "sync-option",
        of: |kind| kind.is_one_sided() && !kind.is_both_ways(),
        action: Action::Value(ARGUMENT, synchronization, "pscw, fence, lock, flush, flush_local or lock_all"),
        help: &[
            "SYNC_OPTION - how operations are completed:",
            "pscw         use MPI_Win_post/start/complete/wait",
            "fence        use MPI_Win_fence",
            "lock         use MPI_Win_lock/unlock",
            "flush        use MPI_Win_flush",
            "flush_local  use MPI_Win_flush_local",
            "lock_all     use MPI_Win_lock_all/unlock_all",
        ],
    },
    Opt {
        short: 's',
        long: "sync-option",
        of: |kind| kind.is_one_sided() && kind.is_both_ways(),
        action: Action::Value(ARGUMENT, synchronization, "pscw or fence"),
        help: &[
            "SYNC_OPTION - how operations are completed:",
            "pscw         use MPI_Win_post/start/complete/wait",
            "fence        use MPI_Win_fence",
        ],
    },
    Opt { short: 'h', long: "help", of: |_| true, action: Action::Help, help: &["print this help"] },
    Opt { short: 'v', long: "version", of: |_| true, action: Action::Version, help: &["print version info"] },
    Opt {
        short: 'f',
        long: "full",
        of: Kind::is_collective,
        action: Action::Flag(|o| o.full = true),
        help: &[
            "print full format listing (MIN/MAX latency and ITERATIONS",
            "displayed in addition to AVERAGE latency)",
        ],
    },
    Opt {
        short: 'p',
        long: "num-pairs",
        of: |kind| kind == Kind::MultiPair,
        help: &["PAIRS - Number of pairs involved (default np / 2)"],
        action: Action::Value("Number of Pairs", pair_count, "a number from 1 to half of the processes"),
    },
    Opt {
        short: 'm',
        long: "message-size",
        of: has_messages,
        action: Action::Value("Message Size", message_size, "[MIN:]MAX in bytes, up to 2147483647"),
        help: &[
            "[MIN:]MAX - set the minimum and/or the maximum message size to MIN and/or MAX",
            "bytes respectively. Examples:",
            "-m 128      // min = default, max = 128",
            "-m 2:128    // min = 2, max = 128",
            "-m 2:       // min = 2, max = default",
        ],
    },
    Opt {
        short: 'x',
        long: "warmup",
        of: measures,
        action: Action::Value("Number of Warmup Iterations", warmup, "a number from 0"),
        help: &["ITER - set number of warmup", "iterations to skip before timing (default {warmup})"],
    },
    Opt {
        short: 'i',
        long: "iterations",
        of: measures,
        action: Action::Value("Number of Iterations", iterations, "a number from 1"),
        help: &["ITER - number of iterations for timing (default {iterations})"],
    },
    Opt {
        short: 'W',
        long: "window-size",
        of: Kind::is_bandwidth,
        action: Action::Value("Window Size", window, "a number from 1"),
        help: &["SIZE - set number of messages to send before synchronization (default 64)"],
    },
    Opt {
        short: 'M',
        long: "mem-limit",
        of: |kind| kind.is_collective() && kind.has_size(),
        action: Action::Value("Memory Limit", memory_limit, "a number of bytes"),
        help: &["SIZE - set per process maximum memory consumption to SIZE bytes", "(default 536870912)"],
    },
    Opt {
        short: 't',
        long: "num-test-calls",
        of: Kind::is_non_blocking,
        action: Action::Value("Number of Probes", probes, "a number from 1"),
        help: &["CALLS - number of MPI_Test() calls during the dummy computation (default 0)"],
    },
    Opt {
        short: 't',
        long: "num-threads",
        of: |kind| kind == Kind::ThreadsLatency,
        action: Action::Value("Number of Threads", workers, "[SENDERS:]RECEIVERS, from 1 to 128 each"),
        help: &["[SENDERS:]RECEIVERS - threads of either side (default 1:2)"],
    },
    Opt {
        short: 't',
        long: "num-processes",
        of: |kind| kind == Kind::ProcessesLatency,
        action: Action::Value("Number of Processes", workers, "[SENDERS:]RECEIVERS, from 1 to 128 each"),
        help: &["[SENDERS:]RECEIVERS - processes that either side forks (default 2:2)"],
    },
    Opt {
        short: 'R',
        long: "print-rate",
        of: |kind| kind == Kind::MultiPair,
        action: Action::Value("Print Rate", print_rate, "0 or 1"),
        help: &["[0|1] - Print uni-directional message rate (default 1)"],
    },
    Opt {
        short: 'V',
        long: "vary-window",
        of: |kind| kind == Kind::MultiPair,
        action: Action::Flag(|o| o.vary_window = true),
        help: &["Vary the window size (default no)", "[cannot be used with -W]"],
    },
    Opt {
        short: 'b',
        long: "buffer-num",
        of: |kind| kind.is_two_sided() && !matches!(kind, Kind::ThreadsLatency | Kind::ProcessesLatency),
        action: Action::Value("Buffer Number", buffer_count, "single or multiple"),
        help: &["Use different buffers to perform data transfer (default single)", "Options: single, multiple"],
    },
    Opt {
        short: 'T',
        long: "type",
        of: is_typed,
        action: Action::Value("Datatype", types, "a type of the list in -h, or all"),
        help: &[
            "TYPE - Set the elements' type (default mpi_char); all: mpi_char, mpi_int and mpi_float",
            "Options: all, mpi_char, mpi_int, mpi_float, mpi_double (osu_cas_latency: no floats)",
        ],
    },
    Opt {
        short: 'D',
        long: "ddt",
        of: is_shaped,
        action: Action::Value("Derived Datatype", derived, "cont, vect:STRIDE:BLOCK_LENGTH or indx:FILE"),
        help: &[
            "Send a derived datatype. Options, with lengths in elements:",
            "cont                       // contiguous",
            "vect:STRIDE:BLOCK_LENGTH   // MPI_Type_vector; the message size is its extent",
            "indx:FILE                  // MPI_Type_indexed of the lines DISPLACEMENT,LENGTH of a file",
        ],
    },
    Opt {
        short: 'N',
        long: "nhbr",
        of: is_neighborhood,
        action: Action::Value("Neighborhood", graph, "cart:DIMENSIONS:RADIUS or graph:FILE"),
        help: &[
            "Who the neighbours are (default cart:1:1). Options:",
            "cart:DIMENSIONS:RADIUS     // a periodic grid",
            "graph:FILE                 // the lines FROM,TO of a file",
        ],
    },
    Opt {
        short: 'k',
        long: "root-rank",
        of: may_choose_root,
        action: Action::Value("Root Rank", root, "fixed:RANK or rotate"),
        help: &["fixed:RANK or rotate - which rank is the root (default fixed:0)"],
    },
    Opt {
        short: 'c',
        long: "validation",
        of: has_messages,
        action: Action::Flag(|o| o.validate = true),
        help: &["Enable validation. Disabled by default."],
    },
    Opt {
        short: 'u',
        long: "validation-warmup",
        of: |kind| has_messages(kind) && !kind.is_one_sided(),
        action: Action::Value("Number of Validation Warmup Iterations", validation_warmup, "a number from 0 to 10"),
        help: &["ITER - operations before each that is checked (default 5)"],
    },
    Opt {
        short: 'z',
        long: "tail-lat",
        of: measures,
        action: Action::Optional("Percentiles", tails, "up to five numbers from 1 to 99, with commas, right behind -z"),
        help: &["Print tail latencies.", "-z Outputs P99, P90, P50 percentiles", "-z<1-99,1-99,..> these percentiles"],
    },
    Opt {
        short: 'd',
        long: "accelerator",
        of: |_| true,
        action: Action::Refused("Benchmark Does Not Support Accelerator Transfers"),
        help: &[],
    },
];
