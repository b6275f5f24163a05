//! Calls that stay with the MPI library. Those that may block are wrapped so that peers that wait for this rank get on
//! meanwhile; those whose work happens later make ranks that wait in the shim look after the library more often.
//!
//! Only the number of arguments matters here: integers and pointers travel in the same registers and stack slots of
//! 8 bytes (System V ABI for x86-64, section 3.2.3), and none of these functions takes a floating-point number.

use super::mpi;
use crate::{background, library};
use core::ffi::{c_int, c_void};

macro_rules! passing {
    ($wrap:expr; $($args:tt: $($name:ident)*;)*) => { $( passing!(@group $wrap; $args; $($name)*); )* };
    (@group $wrap:expr; $args:tt; $($name:ident)*) => { $( passing!(@one $wrap; $args; $name); )* };
    (@one $wrap:expr; ($($arg:ident)*); $name:ident) => { mpi! {
        fn $name($($arg: usize),*) {
            // SAFETY: the program's own arguments.
            Some($wrap(|| unsafe { real($($arg),*) }))
        }
    }};
}

/// Remembers that the library has work to do later.
fn later(call: impl FnOnce() -> c_int) -> c_int {
    library::note_work();
    background::during(call)
}

passing! { background::during;
    (a):
        Barrier Session_finalize File_close File_sync;
    (a b):
        Comm_join File_set_size File_preallocate File_set_atomicity;
    (a b c):
        Parrived File_seek_shared File_read_at_all_end File_write_at_all_end File_read_all_end
        File_write_all_end File_read_ordered_end File_write_ordered_end;
    (a b c d):
        File_read_all_begin File_write_all_begin File_read_ordered_begin File_write_ordered_begin
        File_read_all_begin_c File_read_ordered_begin_c File_write_all_begin_c File_write_ordered_begin_c;
    (a b c d e):
        Bcast Bcast_c Comm_accept Comm_connect File_open File_read_all File_write_all File_read_shared
        File_write_shared File_read_ordered File_write_ordered File_read_at_all_begin File_write_at_all_begin
        File_read_all_c File_read_at_all_begin_c File_read_ordered_c File_read_shared_c File_write_all_c
        File_write_at_all_begin_c File_write_ordered_c File_write_shared_c;
    (a b c d e f):
        Allreduce Exscan Reduce_scatter Reduce_scatter_block Scan Allreduce_c Exscan_c Reduce_scatter_c
        Reduce_scatter_block_c Scan_c File_set_view File_read_at_all File_write_at_all
        File_read_at_all_c File_write_at_all_c;
    (a b c d e f g):
        Allgather Alltoall Neighbor_allgather Neighbor_alltoall Reduce Allgather_c Alltoall_c
        Neighbor_allgather_c Neighbor_alltoall_c Reduce_c;
    (a b c d e f g h):
        Allgatherv Gather Neighbor_allgatherv Scatter Allgatherv_c Gather_c Neighbor_allgatherv_c Scatter_c
        Comm_spawn;
    (a b c d e f g h i):
        Alltoallv Alltoallw Gatherv Neighbor_alltoallv Neighbor_alltoallw Scatterv Alltoallv_c Alltoallw_c
        Gatherv_c Neighbor_alltoallv_c Neighbor_alltoallw_c Scatterv_c Comm_spawn_multiple;
}

passing! { later;
    (a b):
        Ibarrier;
    (a b c):
        Barrier_init;
    (a b c d e):
        File_iread File_iwrite File_iread_shared File_iwrite_shared File_iread_all File_iwrite_all File_iread_c
        File_iread_all_c File_iread_shared_c File_iwrite_c File_iwrite_all_c File_iwrite_shared_c Grequest_start;
    (a b c d e f):
        Ibcast Ibcast_c File_iread_at File_iwrite_at File_iread_at_all File_iwrite_at_all File_iread_at_c
        File_iread_at_all_c File_iwrite_at_c File_iwrite_at_all_c;
    (a b c d e f g):
        Bcast_init Iallreduce Iexscan Ireduce_scatter Ireduce_scatter_block Iscan Bcast_init_c Iallreduce_c
        Iexscan_c Ireduce_scatter_c Ireduce_scatter_block_c Iscan_c;
    (a b c d e f g h):
        Allreduce_init Exscan_init Iallgather Ialltoall Ineighbor_allgather Ineighbor_alltoall Ireduce
        Reduce_scatter_block_init Reduce_scatter_init Scan_init Allreduce_init_c Exscan_init_c Iallgather_c
        Ialltoall_c Ineighbor_allgather_c Ineighbor_alltoall_c Ireduce_c Reduce_scatter_block_init_c
        Reduce_scatter_init_c Scan_init_c;
    (a b c d e f g h i):
        Allgather_init Alltoall_init Iallgatherv Igather Ineighbor_allgatherv Iscatter Neighbor_allgather_init
        Neighbor_alltoall_init Reduce_init Allgather_init_c Alltoall_init_c Iallgatherv_c Igather_c
        Ineighbor_allgatherv_c Iscatter_c Neighbor_allgather_init_c Neighbor_alltoall_init_c Reduce_init_c
        Psend_init Precv_init;
    (a b c d e f g h i j):
        Allgatherv_init Gather_init Ialltoallv Ialltoallw Igatherv Ineighbor_alltoallv Ineighbor_alltoallw
        Iscatterv Neighbor_allgatherv_init Scatter_init Allgatherv_init_c Gather_init_c Ialltoallv_c
        Ialltoallw_c Igatherv_c Ineighbor_alltoallv_c Ineighbor_alltoallw_c Iscatterv_c
        Neighbor_allgatherv_init_c Scatter_init_c;
    (a b c d e f g h i j k):
        Alltoallv_init Alltoallw_init Gatherv_init Neighbor_alltoallv_init Neighbor_alltoallw_init Scatterv_init
        Alltoallv_init_c Alltoallw_init_c Gatherv_init_c Neighbor_alltoallv_init_c Neighbor_alltoallw_init_c
        Scatterv_init_c;
}
