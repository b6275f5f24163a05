//! Collective communication (MPI-4.0 chapter 6): for each operation the blocking, the non-blocking and the persistent function,
//! with counts of type `int` and MPI_Count.

use super::mpi;
use crate::abi::*;
use crate::collective::tasks::{self, Buffer, Lengths, Operands};
use crate::collective::{self, Array, Barrier as Meet, Shape, short, with_neighbors};
use core::ffi::{c_int, c_void};

mpi! {
    /// MPI-4.0 section 6.3.
    fn Barrier(comm: Comm) {
        collective::blocking("MPI_Barrier", comm, |_| Some(Meet)).or_else(|| {
            // SAFETY: the program's arguments.
            collective::patiently(comm, |request| unsafe { Ibarrier::real(comm, request) })
        })
    }
    /// MPI-4.0 section 6.12.1.
    fn Ibarrier(comm: Comm, request: *mut Request) {
        later(collective::nonblocking("MPI_Ibarrier", comm, request, |_| Some(Meet)))
    }
    /// MPI-4.0 section 6.13.1.
    fn Barrier_init(comm: Comm, _info: Info, request: *mut Request) {
        later(collective::persistent("MPI_Barrier_init", comm, request, |_| Some(Meet)))
    }
}

/// If the library is to do a call in the background, it is polled more often from now on.
fn later(answer: Option<c_int>) -> Option<c_int> {
    if answer.is_none() {
        crate::library::note_work();
    }
    answer
}

/// Arrays of counts.
trait Number {
    fn array(numbers: *const Self) -> Array;
}

impl Number for c_int {
    fn array(numbers: *const c_int) -> Array {
        Array::Int(numbers)
    }
}

impl Number for Count {
    fn array(numbers: *const Count) -> Array {
        Array::Large(numbers)
    }
}

fn varying<N: Number>(address: *const c_void, counts: *const N, displacements: *const N, datatype: Datatype) -> Buffer {
    let blocks = Lengths::Varying(N::array(counts), N::array(displacements), datatype);
    Buffer { address: address.cast_mut(), blocks }
}

fn typed<N: Number, D: Number>(
    address: *const c_void,
    counts: *const N,
    displacements: *const D,
    types: *const Datatype,
) -> Buffer {
    Buffer { address: address.cast_mut(), blocks: Lengths::Typed(N::array(counts), D::array(displacements), types) }
}

/// The three functions of an operation: `task` of the `circle` says what they do.
macro_rules! operation {
    ($section:literal $name:ident $iname:ident $init:ident ($($arg:ident: $type:ty),*)
     |$circle:ident $(, $comm:ident)?| $task:expr $(, quickly $quick:expr)?) => { mpi! {
        #[doc = concat!("MPI-4.0 section ", $section, ".")]
        fn $name($($arg: $type,)* comm: Comm) {
            let quick: Option<c_int> = None;
            $(let quick = quick.or_else(|| collective::quickly(concat!("MPI_", stringify!($name)), comm, |$circle| $quick));)?
            quick.or_else(|| collective::blocking(concat!("MPI_", stringify!($name)), comm, |$circle| { $(let $comm = comm;)? $task })).or_else(|| {
                // SAFETY: the program's arguments.
                collective::patiently(comm, |request| unsafe { $iname::real($($arg,)* comm, request) })
            })
        }
        #[doc = "MPI-4.0 section 6.12."]
        fn $iname($($arg: $type,)* comm: Comm, request: *mut Request) {
            later(collective::nonblocking(concat!("MPI_", stringify!($iname)), comm, request, |$circle| { $(let $comm = comm;)? $task }))
        }
        #[doc = "MPI-4.0 section 6.13."]
        fn $init($($arg: $type,)* comm: Comm, _info: Info, request: *mut Request) {
            later(collective::persistent(concat!("MPI_", stringify!($init)), comm, request, |$circle| { $(let $comm = comm;)? $task }))
        }
    }};
}

/// All operations with counts of type `Num`, under the names given.
macro_rules! operations {
    (
        $bcast:ident $ibcast:ident $bcast_init:ident
        $gather:ident $igather:ident $gather_init:ident
        $gatherv:ident $igatherv:ident $gatherv_init:ident
        $scatter:ident $iscatter:ident $scatter_init:ident
        $scatterv:ident $iscatterv:ident $scatterv_init:ident
        $allgather:ident $iallgather:ident $allgather_init:ident
        $allgatherv:ident $iallgatherv:ident $allgatherv_init:ident
        $alltoall:ident $ialltoall:ident $alltoall_init:ident
        $alltoallv:ident $ialltoallv:ident $alltoallv_init:ident
        $alltoallw:ident $ialltoallw:ident $alltoallw_init:ident
        $reduce:ident $ireduce:ident $reduce_init:ident
        $allreduce:ident $iallreduce:ident $allreduce_init:ident
        $reduce_scatter:ident $ireduce_scatter:ident $reduce_scatter_init:ident
        $reduce_scatter_block:ident $ireduce_scatter_block:ident $reduce_scatter_block_init:ident
        $scan:ident $iscan:ident $scan_init:ident
        $exscan:ident $iexscan:ident $exscan_init:ident
        $neighbor_allgather:ident $ineighbor_allgather:ident $neighbor_allgather_init:ident
        $neighbor_allgatherv:ident $ineighbor_allgatherv:ident $neighbor_allgatherv_init:ident
        $neighbor_alltoall:ident $ineighbor_alltoall:ident $neighbor_alltoall_init:ident
        $neighbor_alltoallv:ident $ineighbor_alltoallv:ident $neighbor_alltoallv_init:ident
        $neighbor_alltoallw:ident $ineighbor_alltoallw:ident $neighbor_alltoallw_init:ident
    ) => {
        operation! { "6.4" $bcast $ibcast $bcast_init
            (buffer: *mut c_void, count: Num, datatype: Datatype, root: c_int)
            |circle| tasks::bcast(circle, Buffer::equal(buffer, count, datatype), root)
        }
        operation! { "6.5" $gather $igather $gather_init
            (from: *const c_void, fromcount: Num, fromtype: Datatype, to: *mut c_void, count: Num, datatype: Datatype, root: c_int)
            |circle| tasks::gather(circle, Buffer::equal(from, fromcount, fromtype), Buffer::equal(to, count, datatype), root)
        }
        operation! { "6.5" $gatherv $igatherv $gatherv_init
            (from: *const c_void, fromcount: Num, fromtype: Datatype, to: *mut c_void, counts: *const Num, displs: *const Num, datatype: Datatype, root: c_int)
            |circle| tasks::gather(circle, Buffer::equal(from, fromcount, fromtype), varying(to, counts, displs, datatype), root)
        }
        operation! { "6.6" $scatter $iscatter $scatter_init
            (from: *const c_void, fromcount: Num, fromtype: Datatype, to: *mut c_void, count: Num, datatype: Datatype, root: c_int)
            |circle| tasks::scatter(circle, Buffer::equal(from, fromcount, fromtype), Buffer::equal(to, count, datatype), root)
        }
        operation! { "6.6" $scatterv $iscatterv $scatterv_init
            (from: *const c_void, counts: *const Num, displs: *const Num, fromtype: Datatype, to: *mut c_void, count: Num, datatype: Datatype, root: c_int)
            |circle| tasks::scatter(circle, varying(from, counts, displs, fromtype), Buffer::equal(to, count, datatype), root)
        }
        operation! { "6.7" $allgather $iallgather $allgather_init
            (from: *const c_void, fromcount: Num, fromtype: Datatype, to: *mut c_void, count: Num, datatype: Datatype)
            |circle| tasks::allgather(circle, Buffer::equal(from, fromcount, fromtype), Buffer::equal(to, count, datatype))
        }
        operation! { "6.7" $allgatherv $iallgatherv $allgatherv_init
            (from: *const c_void, fromcount: Num, fromtype: Datatype, to: *mut c_void, counts: *const Num, displs: *const Num, datatype: Datatype)
            |circle| tasks::allgather(circle, Buffer::equal(from, fromcount, fromtype), varying(to, counts, displs, datatype))
        }
        operation! { "6.8" $alltoall $ialltoall $alltoall_init
            (from: *const c_void, fromcount: Num, fromtype: Datatype, to: *mut c_void, count: Num, datatype: Datatype)
            |circle| tasks::alltoall(circle, Buffer::equal(from, fromcount, fromtype), Buffer::equal(to, count, datatype))
        }
        operation! { "6.8" $alltoallv $ialltoallv $alltoallv_init
            (from: *const c_void, fromcounts: *const Num, fromdispls: *const Num, fromtype: Datatype, to: *mut c_void, counts: *const Num, displs: *const Num, datatype: Datatype)
            |circle| tasks::alltoall(circle, varying(from, fromcounts, fromdispls, fromtype), varying(to, counts, displs, datatype))
        }
        operation! { "6.8" $alltoallw $ialltoallw $alltoallw_init
            (from: *const c_void, fromcounts: *const Num, fromdispls: *const Num, fromtypes: *const Datatype, to: *mut c_void, counts: *const Num, displs: *const Num, datatypes: *const Datatype)
            |circle| tasks::alltoall(circle, typed(from, fromcounts, fromdispls, fromtypes), typed(to, counts, displs, datatypes))
        }
        operation! { "6.9" $reduce $ireduce $reduce_init
            (send: *const c_void, receive: *mut c_void, count: Num, datatype: Datatype, op: Op, root: c_int)
            |circle| tasks::reduce(circle, Operands { send, receive, count: count.into(), datatype, op }, root),
            quickly short::reduce(circle, &Operands { send, receive, count: count.into(), datatype, op }, root)
        }
        operation! { "6.9.6" $allreduce $iallreduce $allreduce_init
            (send: *const c_void, receive: *mut c_void, count: Num, datatype: Datatype, op: Op)
            |circle| tasks::all(circle, Operands { send, receive, count: count.into(), datatype, op }, Shape::All),
            quickly short::allreduce(circle, &Operands { send, receive, count: count.into(), datatype, op })
        }
        operation! { "6.10" $reduce_scatter $ireduce_scatter $reduce_scatter_init
            (send: *const c_void, receive: *mut c_void, counts: *const Num, datatype: Datatype, op: Op)
            |circle| tasks::reduce_scatter(circle, Operands { send, receive, count: 0, datatype, op }, Num::array(counts))
        }
        operation! { "6.10" $reduce_scatter_block $ireduce_scatter_block $reduce_scatter_block_init
            (send: *const c_void, receive: *mut c_void, count: Num, datatype: Datatype, op: Op)
            |circle| tasks::reduce_scatter_block(circle, Operands { send, receive, count: count.into(), datatype, op })
        }
        operation! { "6.11" $scan $iscan $scan_init
            (send: *const c_void, receive: *mut c_void, count: Num, datatype: Datatype, op: Op)
            |circle| tasks::all(circle, Operands { send, receive, count: count.into(), datatype, op }, Shape::Prefix)
        }
        operation! { "6.11" $exscan $iexscan $exscan_init
            (send: *const c_void, receive: *mut c_void, count: Num, datatype: Datatype, op: Op)
            |circle| tasks::exscan(circle, Operands { send, receive, count: count.into(), datatype, op })
        }
        operation! { "8.6" $neighbor_allgather $ineighbor_allgather $neighbor_allgather_init
            (from: *const c_void, fromcount: Num, fromtype: Datatype, to: *mut c_void, count: Num, datatype: Datatype)
            |circle, comm| with_neighbors(circle, comm, Buffer::equal(from, fromcount, fromtype), Buffer::equal(to, count, datatype), false)
        }
        operation! { "8.6" $neighbor_allgatherv $ineighbor_allgatherv $neighbor_allgatherv_init
            (from: *const c_void, fromcount: Num, fromtype: Datatype, to: *mut c_void, counts: *const Num, displs: *const Num, datatype: Datatype)
            |circle, comm| with_neighbors(circle, comm, Buffer::equal(from, fromcount, fromtype), varying(to, counts, displs, datatype), false)
        }
        operation! { "8.6" $neighbor_alltoall $ineighbor_alltoall $neighbor_alltoall_init
            (from: *const c_void, fromcount: Num, fromtype: Datatype, to: *mut c_void, count: Num, datatype: Datatype)
            |circle, comm| with_neighbors(circle, comm, Buffer::equal(from, fromcount, fromtype), Buffer::equal(to, count, datatype), true)
        }
        operation! { "8.6" $neighbor_alltoallv $ineighbor_alltoallv $neighbor_alltoallv_init
            (from: *const c_void, fromcounts: *const Num, fromdispls: *const Num, fromtype: Datatype, to: *mut c_void, counts: *const Num, displs: *const Num, datatype: Datatype)
            |circle, comm| with_neighbors(circle, comm, varying(from, fromcounts, fromdispls, fromtype), varying(to, counts, displs, datatype), true)
        }
        operation! { "8.6" $neighbor_alltoallw $ineighbor_alltoallw $neighbor_alltoallw_init
            (from: *const c_void, fromcounts: *const Num, fromdispls: *const Count, fromtypes: *const Datatype, to: *mut c_void, counts: *const Num, displs: *const Count, datatypes: *const Datatype)
            |circle, comm| with_neighbors(circle, comm, typed(from, fromcounts, fromdispls, fromtypes), typed(to, counts, displs, datatypes), true)
        }
    };
}

/// With counts of type `int`.
mod small {
    use super::*;
    type Num = c_int;

    operations! {
        Bcast Ibcast Bcast_init Gather Igather Gather_init Gatherv Igatherv Gatherv_init Scatter Iscatter Scatter_init
        Scatterv Iscatterv Scatterv_init Allgather Iallgather Allgather_init Allgatherv Iallgatherv Allgatherv_init
        Alltoall Ialltoall Alltoall_init Alltoallv Ialltoallv Alltoallv_init Alltoallw Ialltoallw Alltoallw_init
        Reduce Ireduce Reduce_init Allreduce Iallreduce Allreduce_init Reduce_scatter Ireduce_scatter Reduce_scatter_init
        Reduce_scatter_block Ireduce_scatter_block Reduce_scatter_block_init Scan Iscan Scan_init Exscan Iexscan Exscan_init
        Neighbor_allgather Ineighbor_allgather Neighbor_allgather_init
        Neighbor_allgatherv Ineighbor_allgatherv Neighbor_allgatherv_init
        Neighbor_alltoall Ineighbor_alltoall Neighbor_alltoall_init
        Neighbor_alltoallv Ineighbor_alltoallv Neighbor_alltoallv_init
        Neighbor_alltoallw Ineighbor_alltoallw Neighbor_alltoallw_init
    }
}

/// With counts of type MPI_Count.
mod large {
    use super::*;
    type Num = Count;

    operations! {
        Bcast_c Ibcast_c Bcast_init_c Gather_c Igather_c Gather_init_c Gatherv_c Igatherv_c Gatherv_init_c
        Scatter_c Iscatter_c Scatter_init_c Scatterv_c Iscatterv_c Scatterv_init_c
        Allgather_c Iallgather_c Allgather_init_c Allgatherv_c Iallgatherv_c Allgatherv_init_c
        Alltoall_c Ialltoall_c Alltoall_init_c Alltoallv_c Ialltoallv_c Alltoallv_init_c
        Alltoallw_c Ialltoallw_c Alltoallw_init_c Reduce_c Ireduce_c Reduce_init_c
        Allreduce_c Iallreduce_c Allreduce_init_c Reduce_scatter_c Ireduce_scatter_c Reduce_scatter_init_c
        Reduce_scatter_block_c Ireduce_scatter_block_c Reduce_scatter_block_init_c
        Scan_c Iscan_c Scan_init_c Exscan_c Iexscan_c Exscan_init_c
        Neighbor_allgather_c Ineighbor_allgather_c Neighbor_allgather_init_c
        Neighbor_allgatherv_c Ineighbor_allgatherv_c Neighbor_allgatherv_init_c
        Neighbor_alltoall_c Ineighbor_alltoall_c Neighbor_alltoall_init_c
        Neighbor_alltoallv_c Ineighbor_alltoallv_c Neighbor_alltoallv_init_c
        Neighbor_alltoallw_c Ineighbor_alltoallw_c Neighbor_alltoallw_init_c
    }
}
