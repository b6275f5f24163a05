//! One table of all calls: what each is given, in which order.

use std::ffi::{c_char, c_int, c_void};

use mpi::ffi;

use super::neighbors::Neighborhood;
use super::request::Pending;
use super::{Operation, share};
use crate::datatype::Datatype;
use crate::world::World;

/// A collective call with everything it is given on this rank. The buffers are the caller's.
pub struct Call<'a> {
    /// The operation.
    pub operation: Operation,
    /// What this rank sends.
    pub send: *const u8,
    /// Where it receives.
    pub recv: *mut u8,
    /// The root, where there is one.
    pub root: i32,
    datatype: &'a Datatype,
    comm: ffi::MPI_Comm,
    rank: i32,
    /// Elements of a message.
    count: i32,
    /// Elements for and from each rank, and where they begin, in elements and in bytes.
    counts: Vec<c_int>,
    starts: Vec<c_int>,
    bytes: Vec<c_int>,
    addresses: Vec<ffi::MPI_Aint>,
    types: Vec<ffi::MPI_Datatype>,
}

impl<'a> Call<'a> {
    /// The call of `operation` on all ranks of `world`, or on `neighbors`, with messages of `count` elements (for a reduction
    /// that scatters its result: of all ranks together). Messages lie one behind the other.
    pub fn new(
        world: &'a World,
        neighbors: Option<&'a Neighborhood>,
        operation: Operation,
        datatype: &'a Datatype,
        count: usize,
    ) -> Self {
        let ranks = world.size() as usize;
        let peers = neighbors.map_or(ranks, |graph| graph.sources.len().max(graph.destinations.len()));
        let counts: Vec<c_int> = match operation {
            Operation::ReduceScatter | Operation::ReduceScatterBlock => {
                (0..ranks).map(|rank| share(operation, count, rank, ranks) as c_int).collect()
            }
            _ => vec![count as c_int; peers],
        };
        let starts: Vec<c_int> = (0..peers as c_int).map(|peer| peer * count as c_int).collect();
        let extent = datatype.extent();
        let addresses: Vec<ffi::MPI_Aint> = starts.iter().map(|&start| start as ffi::MPI_Aint * extent).collect();
        Self {
            operation,
            send: std::ptr::null(),
            recv: std::ptr::null_mut(),
            root: 0,
            datatype,
            comm: neighbors.map_or(world.comm(), Neighborhood::comm),
            rank: world.rank(),
            count: count as c_int,
            bytes: addresses.iter().map(|&address| address as c_int).collect(),
            types: vec![datatype.raw(); peers],
            counts,
            starts,
            addresses,
        }
    }

    /// MPI_Bcast has one buffer: what the root sends, or where the others receive.
    fn buffer(&self) -> *mut c_void {
        if self.rank == self.root { self.send.cast_mut().cast() } else { self.recv.cast() }
    }

    fn sent(&self) -> *const c_void {
        self.send.cast()
    }

    fn received(&self) -> *mut c_void {
        self.recv.cast()
    }

    /// The elements that each rank gets from a reduction with equal shares.
    fn share(&self) -> c_int {
        self.counts.first().copied().unwrap_or(0)
    }
}

/// `_` for every argument, so that the type of a function follows from them.
macro_rules! inferred {
    ($argument:expr) => {
        _
    };
}

macro_rules! calls {
    ($call:ident; $($operation:ident $blocking:ident $starting:ident $prepared:literal ($($argument:expr),*);)*) => {
        impl Call<'_> {
            /// The blocking call.
            ///
            /// # Safety
            /// `send` and `recv` hold the messages of this rank, and nobody else uses them during the call. All ranks of the
            /// communicator call.
            #[inline]
            pub unsafe fn run(&self) {
                let $call = self;
                // SAFETY: the caller's promise about the buffers; the other arguments are this structure's, alive and valid.
                unsafe {
                    match self.operation {
                        $(Operation::$operation => ffi::$blocking($($argument),*),)*
                    };
                }
            }

            /// The non-blocking call.
            ///
            /// # Safety
            /// As for [`Call::run`], until the request is complete; the call lives as long.
            #[inline]
            pub unsafe fn start(&self, request: &mut Pending) {
                let ($call, request) = (self, request.raw());
                // SAFETY: as in `run`.
                unsafe {
                    match self.operation {
                        $(Operation::$operation => ffi::$starting($($argument,)* request),)*
                    };
                }
            }

            /// The persistent call (MPI-4.0 section 6.13): makes a request that [`Pending::restart`] starts. It is looked up by
            /// name, for Open MPI has it from version 5 on only.
            ///
            /// # Errors
            /// A sentence when the library does not have it.
            ///
            /// # Safety
            /// As for [`Call::run`], whenever the request is started; the call lives as long as the request.
            pub unsafe fn prepare(&self, request: &mut Pending) -> Result<(), String> {
                let ($call, request) = (self, request.raw());
                // SAFETY: as in `run`, and the functions are those of the standard, with these arguments.
                unsafe {
                    match self.operation {
                        $(Operation::$operation => {
                            let found = found($prepared)?;
                            let function: unsafe extern "C" fn($(inferred!($argument),)* _, _) -> c_int =
                                std::mem::transmute(found);
                            function($($argument,)* ffi::RSMPI_INFO_NULL, request)
                        })*
                    };
                }
                Ok(())
            }
        }
    };
}

/// The function called `name` in this process.
fn found(name: &std::ffi::CStr) -> Result<*mut c_void, String> {
    let pointer: *const c_char = name.as_ptr();
    // SAFETY: a name that ends with 0; dlsym(3) looks through what is loaded.
    let function = unsafe { libc::dlsym(libc::RTLD_DEFAULT, pointer) };
    if function.is_null() {
        let name = name.to_string_lossy();
        return Err(format!("This MPI library has no {name}; use one of MPI 4.0 or newer"));
    }
    Ok(function)
}

calls! { c;
    Allgather MPI_Allgather MPI_Iallgather c"MPI_Allgather_init"
        (c.sent(), c.count, c.datatype.raw(), c.received(), c.count, c.datatype.raw(), c.comm);
    Allgatherv MPI_Allgatherv MPI_Iallgatherv c"MPI_Allgatherv_init"
        (c.sent(), c.count, c.datatype.raw(), c.received(), c.counts.as_ptr(), c.starts.as_ptr(), c.datatype.raw(), c.comm);
    Allreduce MPI_Allreduce MPI_Iallreduce c"MPI_Allreduce_init"
        (c.sent(), c.received(), c.count, c.datatype.raw(), ffi::RSMPI_SUM, c.comm);
    Alltoall MPI_Alltoall MPI_Ialltoall c"MPI_Alltoall_init"
        (c.sent(), c.count, c.datatype.raw(), c.received(), c.count, c.datatype.raw(), c.comm);
    Alltoallv MPI_Alltoallv MPI_Ialltoallv c"MPI_Alltoallv_init"
        (c.sent(), c.counts.as_ptr(), c.starts.as_ptr(), c.datatype.raw(),
            c.received(), c.counts.as_ptr(), c.starts.as_ptr(), c.datatype.raw(), c.comm);
    Alltoallw MPI_Alltoallw MPI_Ialltoallw c"MPI_Alltoallw_init"
        (c.sent(), c.counts.as_ptr(), c.bytes.as_ptr(), c.types.as_ptr(),
            c.received(), c.counts.as_ptr(), c.bytes.as_ptr(), c.types.as_ptr(), c.comm);
    Barrier MPI_Barrier MPI_Ibarrier c"MPI_Barrier_init" (c.comm);
    Bcast MPI_Bcast MPI_Ibcast c"MPI_Bcast_init" (c.buffer(), c.count, c.datatype.raw(), c.root, c.comm);
    Gather MPI_Gather MPI_Igather c"MPI_Gather_init"
        (c.sent(), c.count, c.datatype.raw(), c.received(), c.count, c.datatype.raw(), c.root, c.comm);
    Gatherv MPI_Gatherv MPI_Igatherv c"MPI_Gatherv_init"
        (c.sent(), c.count, c.datatype.raw(),
            c.received(), c.counts.as_ptr(), c.starts.as_ptr(), c.datatype.raw(), c.root, c.comm);
    NeighborAllgather MPI_Neighbor_allgather MPI_Ineighbor_allgather c"MPI_Neighbor_allgather_init"
        (c.sent(), c.count, c.datatype.raw(), c.received(), c.count, c.datatype.raw(), c.comm);
    NeighborAllgatherv MPI_Neighbor_allgatherv MPI_Ineighbor_allgatherv c"MPI_Neighbor_allgatherv_init"
        (c.sent(), c.count, c.datatype.raw(), c.received(), c.counts.as_ptr(), c.starts.as_ptr(), c.datatype.raw(), c.comm);
    NeighborAlltoall MPI_Neighbor_alltoall MPI_Ineighbor_alltoall c"MPI_Neighbor_alltoall_init"
        (c.sent(), c.count, c.datatype.raw(), c.received(), c.count, c.datatype.raw(), c.comm);
    NeighborAlltoallv MPI_Neighbor_alltoallv MPI_Ineighbor_alltoallv c"MPI_Neighbor_alltoallv_init"
        (c.sent(), c.counts.as_ptr(), c.starts.as_ptr(), c.datatype.raw(),
            c.received(), c.counts.as_ptr(), c.starts.as_ptr(), c.datatype.raw(), c.comm);
    NeighborAlltoallw MPI_Neighbor_alltoallw MPI_Ineighbor_alltoallw c"MPI_Neighbor_alltoallw_init"
        (c.sent(), c.counts.as_ptr(), c.addresses.as_ptr(), c.types.as_ptr(),
            c.received(), c.counts.as_ptr(), c.addresses.as_ptr(), c.types.as_ptr(), c.comm);
    Reduce MPI_Reduce MPI_Ireduce c"MPI_Reduce_init"
        (c.sent(), c.received(), c.count, c.datatype.raw(), ffi::RSMPI_SUM, c.root, c.comm);
    ReduceScatter MPI_Reduce_scatter MPI_Ireduce_scatter c"MPI_Reduce_scatter_init"
        (c.sent(), c.received(), c.counts.as_ptr(), c.datatype.raw(), ffi::RSMPI_SUM, c.comm);
    ReduceScatterBlock MPI_Reduce_scatter_block MPI_Ireduce_scatter_block c"MPI_Reduce_scatter_block_init"
        (c.sent(), c.received(), c.share(), c.datatype.raw(), ffi::RSMPI_SUM, c.comm);
    Scatter MPI_Scatter MPI_Iscatter c"MPI_Scatter_init"
        (c.sent(), c.count, c.datatype.raw(), c.received(), c.count, c.datatype.raw(), c.root, c.comm);
    Scatterv MPI_Scatterv MPI_Iscatterv c"MPI_Scatterv_init"
        (c.sent(), c.counts.as_ptr(), c.starts.as_ptr(), c.datatype.raw(),
            c.received(), c.count, c.datatype.raw(), c.root, c.comm);
}
