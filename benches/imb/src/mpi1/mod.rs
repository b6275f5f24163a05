//! IMB-MPI1.

mod band;
mod chain;
mod collective;
mod pair;

use bench_harness::Operation;

use crate::benchmark::{Arrives, Benchmark, Data, Layout, PLAIN, Processes, Space};
use crate::checking::{left, peer, right};

/// A collective operation.
const fn collective(name: &'static str, operation: Operation) -> Benchmark {
    use Operation::*;
    Benchmark {
        name,
        layout: Layout::Range,
        processes: Processes::Any,
        data: match operation {
            Allreduce | Reduce | ReduceScatter | ReduceScatterBlock => Data::Reduction,
            _ => Data::Message,
        },
        space: Space::Collective(operation),
        arrives: Arrives::Collective(operation),
        pattern: collective::pattern,
        ..PLAIN
    }
}

/// A benchmark of two processes in which each gets the other's message.
const PAIR: Benchmark = Benchmark { arrives: Arrives::From(peer), ..PLAIN };
/// One that runs only when it is named.
const EXTRA: Benchmark = Benchmark { by_default: false, ..PAIR };
/// One that counts messages.
const BAND: Benchmark = Benchmark { layout: Layout::Messages, processes: Processes::Even, ..EXTRA };

/// In the order they run without a name on the command line.
pub const TABLE: &[Benchmark] = &[
    Benchmark { name: "PingPong", pattern: pair::ping_pong, ..PAIR },
    Benchmark { name: "PingPing", pattern: pair::ping_ping, ..PAIR },
    Benchmark { name: "PingPongSpecificSource", pattern: pair::ping_pong, ..EXTRA },
    Benchmark { name: "PingPingSpecificSource", pattern: pair::ping_ping, ..EXTRA },
    Benchmark { name: "PingPongAnySource", pattern: pair::ping_pong_any, ..EXTRA },
    Benchmark { name: "PingPingAnySource", pattern: pair::ping_ping_any, ..EXTRA },
    Benchmark {
        name: "Sendrecv",
        layout: Layout::RangeAndRate,
        processes: Processes::Any,
        messages: 2.0,
        arrives: Arrives::From(|world| Some(left(world))),
        pattern: chain::sendrecv,
        ..PLAIN
    },
    Benchmark {
        name: "Exchange",
        layout: Layout::RangeAndRate,
        processes: Processes::Any,
        space: Space::Two,
        messages: 4.0,
        // Both messages go to the same place, the right neighbour's last.
        arrives: Arrives::From(|world| Some(right(world))),
        pattern: chain::exchange,
        ..PLAIN
    },
    Benchmark { name: "Uniband", arrives: Arrives::From(band::sender), pattern: band::uniband, ..BAND },
    Benchmark {
        name: "Biband",
        messages: 2.0,
        arrives: Arrives::From(|world| Some(band::partner(world))),
        pattern: band::biband,
        ..BAND
    },
    collective("Allreduce", Operation::Allreduce),
    collective("Reduce", Operation::Reduce),
    Benchmark {
        name: "Reduce_local",
        layout: Layout::Range,
        processes: Processes::Any,
        data: Data::Reduction,
        arrives: Arrives::Sum(|world| vec![world.rank()]),
        pattern: collective::reduce_local,
        ..PLAIN
    },
    collective("Reduce_scatter", Operation::ReduceScatter),
    collective("Reduce_scatter_block", Operation::ReduceScatterBlock),
    // MPI_Reduce and MPI_Bcast of its result are an MPI_Allreduce.
    Benchmark {
        by_default: false,
        arrives: Arrives::Collective(Operation::Allreduce),
        pattern: collective::reduce_bcast,
        ..collective("Reduce_bcast", Operation::Allreduce)
    },
    collective("Allgather", Operation::Allgather),
    collective("Allgatherv", Operation::Allgatherv),
    collective("Gather", Operation::Gather),
    collective("Gatherv", Operation::Gatherv),
    collective("Scatter", Operation::Scatter),
    collective("Scatterv", Operation::Scatterv),
    collective("Alltoall", Operation::Alltoall),
    collective("Alltoallv", Operation::Alltoallv),
    collective("Bcast", Operation::Bcast),
    Benchmark { layout: Layout::Sync, ..collective("Barrier", Operation::Barrier) },
];
