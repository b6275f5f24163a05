//! IMB-RMA and IMB-EXT.

mod active;
mod passive;

use bench_harness::World;

use crate::benchmark::{Arrives, Benchmark, Data, Exposes, Layout, Mode, PLAIN, Processes, Space};
use crate::checking::{left, peer, right};

/// Passive synchronisation: a row completes each operation, then all together.
const PASSIVE: Benchmark = Benchmark { exposes: Exposes::Recv, modes: &[Mode::NonAggregate, Mode::Aggregate], ..PLAIN };
/// The same from one process to all others, or from all.
const MANY: Benchmark = Benchmark { processes: Processes::Any, modes: &[Mode::Only], ..PASSIVE };
/// Fences: all operations together first.
const ACTIVE: Benchmark = Benchmark { modes: &[Mode::Aggregate, Mode::NonAggregate], ..PASSIVE };
/// Computing operations of process 0 on process 1, whose result is kept behind the window's part.
const COMPUTING: Benchmark =
    Benchmark { data: Data::Reduction, arrives: Arrives::Sum(from_the_first), space: Space::OneAndTwo, ..PASSIVE };

fn to_second(world: &World) -> Option<i32> {
    (world.rank() == 1).then_some(0)
}

fn to_first(world: &World) -> Option<i32> {
    (world.rank() == 0).then_some(1)
}

fn to_others(world: &World) -> Option<i32> {
    (world.rank() != 0).then_some(0)
}

fn from_the_first(world: &World) -> Vec<i32> {
    to_second(world).into_iter().collect()
}

/// IMB-RMA, in the order the benchmarks run without a name on the command line.
pub const RMA: &[Benchmark] = &[
    Benchmark { name: "Unidir_put", arrives: Arrives::From(to_second), pattern: passive::unidir_put, ..PASSIVE },
    Benchmark { name: "Bidir_put", arrives: Arrives::From(peer), pattern: passive::bidir_put, ..PASSIVE },
    Benchmark {
        name: "Unidir_get",
        exposes: Exposes::Send,
        arrives: Arrives::From(to_first),
        pattern: passive::unidir_get,
        ..PASSIVE
    },
    Benchmark {
        name: "Bidir_get",
        exposes: Exposes::Send,
        arrives: Arrives::From(peer),
        pattern: passive::bidir_get,
        ..PASSIVE
    },
    Benchmark { name: "Put_local", arrives: Arrives::From(to_second), pattern: passive::put_local, ..PASSIVE },
    Benchmark { name: "Put_all_local", arrives: Arrives::From(to_others), pattern: passive::put_all_local, ..MANY },
    Benchmark {
        name: "Get_local",
        by_default: false,
        exposes: Exposes::Send,
        arrives: Arrives::From(to_first),
        pattern: passive::get_local,
        ..PASSIVE
    },
    Benchmark {
        name: "Get_all_local",
        by_default: false,
        exposes: Exposes::Send,
        arrives: Arrives::Any(|world| world.rank() == 0),
        pattern: passive::get_all_local,
        ..MANY
    },
    Benchmark { name: "One_put_all", arrives: Arrives::From(to_others), pattern: passive::one_put_all, ..MANY },
    Benchmark {
        name: "All_put_all",
        layout: Layout::Range,
        arrives: Arrives::Any(|_| true),
        pattern: passive::all_put_all,
        ..MANY
    },
    Benchmark {
        name: "One_get_all",
        exposes: Exposes::Send,
        arrives: Arrives::Any(|world| world.rank() == 0),
        pattern: passive::one_get_all,
        ..MANY
    },
    Benchmark {
        name: "All_get_all",
        layout: Layout::Range,
        exposes: Exposes::Send,
        arrives: Arrives::Any(|_| true),
        pattern: passive::all_get_all,
        ..MANY
    },
    Benchmark {
        name: "Exchange_put",
        layout: Layout::Range,
        space: Space::Two,
        arrives: Arrives::Halves(|world| (right(world), left(world))),
        pattern: passive::exchange_put,
        ..MANY
    },
    Benchmark {
        name: "Exchange_get",
        layout: Layout::Range,
        space: Space::Two,
        exposes: Exposes::Send,
        arrives: Arrives::Halves(|world| (left(world), right(world))),
        pattern: passive::exchange_get,
        ..MANY
    },
    Benchmark { name: "Accumulate", pattern: passive::accumulate, ..COMPUTING },
    Benchmark { name: "Get_accumulate", pattern: passive::get_accumulate, ..COMPUTING },
    Benchmark { name: "Fetch_and_op", single_element: true, pattern: passive::fetch_and_op, ..COMPUTING },
    Benchmark {
        name: "Compare_and_swap",
        notes: &["Uses MPI_INT data type"],
        data: Data::Int,
        single_element: true,
        space: Space::Two,
        arrives: Arrives::Swapped(to_second),
        pattern: passive::compare_and_swap,
        ..COMPUTING
    },
    Benchmark {
        name: "Truly_passive_put",
        notes: &[
            "The benchmark measures execution time of MPI_Put for 2 cases:",
            "1) The target is waiting in MPI_Barrier call (t_pure value)",
            "2) The target performs computation and then enters MPI_Barrier routine (t_ovrl value)",
        ],
        layout: Layout::Passive,
        modes: &[Mode::Only],
        arrives: Arrives::From(to_second),
        pattern: passive::truly_passive_put,
        ..PASSIVE
    },
];

/// IMB-EXT, in the same way.
pub const EXT: &[Benchmark] = &[
    Benchmark {
        name: "Window",
        layout: Layout::Range,
        processes: Processes::Any,
        arrives: Arrives::Unknown,
        pattern: active::window,
        ..PLAIN
    },
    Benchmark {
        name: "Unidir_Get",
        exposes: Exposes::Send,
        arrives: Arrives::From(to_first),
        pattern: active::unidir_get,
        ..ACTIVE
    },
    Benchmark { name: "Unidir_Put", arrives: Arrives::From(to_second), pattern: active::unidir_put, ..ACTIVE },
    Benchmark {
        name: "Bidir_Get",
        exposes: Exposes::Send,
        arrives: Arrives::From(peer),
        pattern: active::bidir_get,
        ..ACTIVE
    },
    Benchmark { name: "Bidir_Put", arrives: Arrives::From(peer), pattern: active::bidir_put, ..ACTIVE },
    Benchmark {
        name: "Accumulate",
        layout: Layout::Range,
        processes: Processes::Any,
        data: Data::Reduction,
        arrives: Arrives::Sum(|world| if world.rank() == 0 { (0..world.size()).collect() } else { Vec::new() }),
        pattern: active::accumulate,
        ..ACTIVE
    },
];
