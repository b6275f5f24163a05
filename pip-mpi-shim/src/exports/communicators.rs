//! Constructors of communicators (MPI-4.0 sections 7.4, 8.5 and 11.3): the MPI library makes them, the shim takes them over.

use super::mpi;
use crate::abi::*;
use crate::{adoption, background, communicator, one_node};
use core::ffi::{c_char, c_int, c_void};

/// After a constructor: takes the new communicator over.
fn adopted(code: c_int, new: *mut Comm) -> Option<c_int> {
    if code == SUCCESS {
        // SAFETY: the library has filled it.
        adoption::adopt(unsafe { *new });
    }
    Some(code)
}

/// Constructors that all ranks leave together, with the new handle as the last argument.
macro_rules! constructors {
    ($($name:ident($($arg:ident: $type:ty),*);)*) => { mpi! {$(
        /// MPI-4.0 sections 7.4.2, 8.5 and 11.3.
        fn $name($($arg: $type,)* new: *mut Comm) {
            // SAFETY: the program's arguments.
            adopted(background::during(|| unsafe { real($($arg,)* new) }), new)
        }
    )*}};
}

constructors! {
    Comm_dup(comm: Comm);
    Comm_dup_with_info(comm: Comm, info: Info);
    Comm_create(comm: Comm, group: Group);
    Comm_create_group(comm: Comm, group: Group, tag: c_int);
    Comm_split(comm: Comm, color: c_int, key: c_int);
    Comm_create_from_group(group: Group, stringtag: *const c_char, info: Info, errhandler: Errhandler);
    Intercomm_create(local: Comm, leader: c_int, peer: Comm, remote_leader: c_int, tag: c_int);
    Intercomm_create_from_groups(
        local: Group, leader: c_int, remote: Group, remote_leader: c_int, stringtag: *const c_char, info: Info,
        errhandler: Errhandler
    );
    Intercomm_merge(intercomm: Comm, high: c_int);
    Cart_create(comm: Comm, ndims: c_int, dims: *const c_int, periods: *const c_int, reorder: c_int);
    Cart_sub(comm: Comm, remain: *const c_int);
    Graph_create(comm: Comm, nnodes: c_int, index: *const c_int, edges: *const c_int, reorder: c_int);
    Dist_graph_create(
        comm: Comm, n: c_int, sources: *const c_int, degrees: *const c_int, destinations: *const c_int,
        weights: *const c_int, info: Info, reorder: c_int
    );
    Dist_graph_create_adjacent(
        comm: Comm, indegree: c_int, sources: *const c_int, sourceweights: *const c_int, outdegree: c_int,
        destinations: *const c_int, destweights: *const c_int, info: Info, reorder: c_int
    );
}

mpi! {
    /// MPI-4.0 section 7.4.2.
    fn Comm_split_type(comm: Comm, split_type: c_int, key: c_int, info: Info, new: *mut Comm) {
        // SAFETY: the program's arguments.
        let split = || unsafe {
            one_node::split_type(comm, split_type, key, info, new).unwrap_or_else(|| real(comm, split_type, key, info, new))
        };
        adopted(background::during(split), new)
    }
    /// MPI-4.0 section 7.4.2.
    fn Comm_idup(comm: Comm, new: *mut Comm, request: *mut Request) {
        // SAFETY: the program's arguments.
        let code = unsafe { real(comm, new, request) };
        adopted_idup(comm, code, new)
    }
    /// MPI-4.0 section 7.4.2.
    fn Comm_idup_with_info(comm: Comm, info: Info, new: *mut Comm, request: *mut Request) {
        // SAFETY: the program's arguments.
        let code = unsafe { real(comm, info, new, request) };
        adopted_idup(comm, code, new)
    }
    /// MPI-4.0 section 7.4.3.
    fn Comm_free(comm: *mut Comm) {
        // SAFETY: the program's handle.
        let handle = if comm.is_null() { COMM_NULL } else { unsafe { *comm } };
        freed(handle, || {
            // SAFETY: as above.
            unsafe { real(comm) }
        })
    }
    /// MPI-4.0 section 11.10.4.
    fn Comm_disconnect(comm: *mut Comm) {
        // SAFETY: the program's handle.
        let handle = if comm.is_null() { COMM_NULL } else { unsafe { *comm } };
        freed(handle, || {
            // SAFETY: as above.
            unsafe { real(comm) }
        })
    }
}

/// The handle of the communicator in the making is known at once.
fn adopted_idup(parent: Comm, code: c_int, new: *mut Comm) -> Option<c_int> {
    if code == SUCCESS {
        crate::library::note_work();
        // SAFETY: the library has filled it.
        adoption::adopt_idup(parent, unsafe { *new });
    }
    Some(code)
}

/// Frees a communicator with `free`, which may block.
fn freed(handle: Comm, free: impl FnOnce() -> c_int) -> Option<c_int> {
    // Before: another thread may get the same handle for a new one.
    communicator::forget(handle);
    Some(background::during(free))
}
