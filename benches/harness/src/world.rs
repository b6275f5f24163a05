//! MPI_COMM_WORLD (or a part of it) with exactly the calls the benchmarks time.
//!
//! Each method is one `MPI_*` call, inlined, so that a timed loop holds the call and nothing else. rsmpi's own safe
//! calls are not used there: they read a status and build slices per call. Return codes are not looked at: a benchmark
//! never changes the error handler, so an error ends the job inside MPI (MPI_ERRORS_ARE_FATAL, MPI 4.0 section 9.3).

use std::ffi::c_void;
use std::mem::MaybeUninit;

use mpi::environment::{Threading, Universe};
use mpi::ffi;
use mpi::topology::Communicator;
use mpi::traits::AsRaw;

use crate::datatype::Datatype;

/// A communicator, the rank in it and its size.
///
/// The first one, from [`World::init`], owns MPI: dropping it calls MPI_Finalize.
pub struct World {
    comm: ffi::MPI_Comm,
    byte: ffi::MPI_Datatype,
    rank: i32,
    size: i32,
    threading: Threading,
    universe: Option<Universe>,
}

impl World {
    /// Calls MPI_Init_thread(MPI_THREAD_SINGLE).
    ///
    /// # Errors
    /// When MPI was initialised before in this process.
    pub fn init() -> Result<Self, String> {
        Self::with_threads(Threading::Single)
    }

    /// Calls MPI_Init_thread with `wanted`; [`World::threading`] is what the library provides.
    ///
    /// # Errors
    /// When MPI was initialised before in this process.
    pub fn with_threads(wanted: Threading) -> Result<Self, String> {
        let (universe, threading) = mpi::initialize_with_threading(wanted).ok_or("MPI is initialised already")?;
        let world = universe.world();
        let (comm, rank, size) = (world.as_raw(), world.rank(), world.size());
        // SAFETY: a constant that rsmpi's C part defines, valid as soon as the library is loaded.
        let byte = unsafe { ffi::RSMPI_INT8_T };
        Ok(Self { comm, byte, rank, size, threading, universe: Some(universe) })
    }

    /// The rank of this process.
    pub fn rank(&self) -> i32 {
        self.rank
    }

    /// The number of processes.
    pub fn size(&self) -> i32 {
        self.size
    }

    /// How threads may use MPI.
    pub fn threading(&self) -> Threading {
        self.threading
    }

    /// The raw communicator.
    pub fn comm(&self) -> ffi::MPI_Comm {
        self.comm
    }

    /// The version of the MPI standard (MPI_Get_version).
    pub fn standard(&self) -> (i32, i32) {
        let (mut version, mut subversion) = (0, 0);
        // SAFETY: two integers, alive during the call.
        unsafe { ffi::MPI_Get_version(&raw mut version, &raw mut subversion) };
        (version, subversion)
    }

    /// MPI_Wtime, in seconds.
    #[inline(always)]
    pub fn now(&self) -> f64 {
        // SAFETY: MPI is initialised while a World exists.
        unsafe { ffi::MPI_Wtime() }
    }

    /// The communicator of the first `count` ranks: None on the ranks beyond. Collective over `self` (MPI_Comm_split).
    pub fn first(&self, count: i32) -> Option<Self> {
        self.split((self.rank < count).then_some(0), self.rank)
    }

    /// The communicator of the ranks with the same `colour`, in the order of `key`: None without a colour. Collective over `self`
    /// (MPI_Comm_split).
    pub fn split(&self, colour: Option<i32>, key: i32) -> Option<Self> {
        let (mut comm, mut rank, mut size) = (MaybeUninit::uninit(), 0, 0);
        // SAFETY: every rank calls with a valid colour, and MPI writes the handle, which is asked for its ranks only where it is one.
        let comm = unsafe {
            let undefined = ffi::RSMPI_UNDEFINED;
            ffi::MPI_Comm_split(self.comm, colour.unwrap_or(undefined), key, comm.as_mut_ptr());
            let comm = comm.assume_init();
            if colour.is_some() {
                ffi::MPI_Comm_rank(comm, &raw mut rank);
                ffi::MPI_Comm_size(comm, &raw mut size);
            }
            comm
        };
        colour.map(|_| Self { comm, byte: self.byte, rank, size, threading: self.threading, universe: None })
    }

    /// MPI_Barrier.
    pub fn barrier(&self) {
        // SAFETY: a valid communicator.
        unsafe { ffi::MPI_Barrier(self.comm) };
    }

    /// MPI_Bcast of one integer from rank 0.
    pub fn broadcast(&self, mut value: i32) -> i32 {
        // SAFETY: one 32-bit integer, alive during the call.
        unsafe { ffi::MPI_Bcast((&raw mut value).cast(), 1, ffi::RSMPI_INT32_T, 0, self.comm) };
        value
    }

    /// MPI_Reduce of one integer with MPI_SUM; only rank 0 gets the sum, the others get 0.
    pub fn sum_at_root(&self, value: i32) -> i32 {
        let mut sum = 0;
        // SAFETY: two distinct 32-bit integers, alive during the call.
        unsafe {
            ffi::MPI_Reduce(
                (&raw const value).cast(),
                (&raw mut sum).cast(),
                1,
                ffi::RSMPI_INT32_T,
                ffi::RSMPI_SUM,
                0,
                self.comm,
            )
        };
        sum
    }

    /// Makes a failure of one rank to allocate memory a failure of all, so that nobody waits for a rank that gave up. Collective.
    ///
    /// # Errors
    /// This rank's own failure, or that another one failed.
    pub fn agree<T>(&self, outcome: Result<T, String>) -> Result<T, String> {
        self.agree_on(outcome, "could not allocate their message buffers")
    }

    /// The same for any failure; `what` is what the others are told, behind "1 of 2 processes".
    ///
    /// # Errors
    /// This rank's own failure, or that another one failed.
    pub fn agree_on<T>(&self, outcome: Result<T, String>, what: &str) -> Result<T, String> {
        let failed = self.broadcast(self.sum_at_root(i32::from(outcome.is_err())));
        match outcome {
            Ok(_) if failed > 0 => Err(format!("{failed} of {} processes {what}", self.size)),
            outcome => outcome,
        }
    }

    /// MPI_Gather of one double: the values by rank on rank 0, nothing elsewhere.
    pub fn gather_at_root(&self, value: f64) -> Vec<f64> {
        let mut all = if self.rank == 0 { vec![0.0; self.size as usize] } else { Vec::new() };
        // SAFETY: rank 0's vector has room for one double per rank; elsewhere MPI ignores the pointer.
        unsafe {
            let double = ffi::RSMPI_DOUBLE;
            ffi::MPI_Gather((&raw const value).cast(), 1, double, all.as_mut_ptr().cast(), 1, double, 0, self.comm)
        };
        all
    }

    /// MPI_Reduce of doubles with MPI_SUM: the sums on rank 0, zeros elsewhere.
    pub fn sums_at_root(&self, values: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; values.len()];
        let count = values.len() as i32;
        // SAFETY: two distinct arrays of `count` doubles, alive during the call.
        unsafe {
            let (double, sum) = (ffi::RSMPI_DOUBLE, ffi::RSMPI_SUM);
            ffi::MPI_Reduce(values.as_ptr().cast(), sums.as_mut_ptr().cast(), count, double, sum, 0, self.comm)
        };
        sums
    }

    /// MPI_Send of the first `count` bytes of `data`.
    #[inline(always)]
    pub fn send(&self, data: &[u8], count: i32, to: i32, tag: i32) {
        debug_assert!(count as usize <= data.len());
        // SAFETY: the caller's slice holds `count` bytes, and the call returns before the borrow ends.
        unsafe { ffi::MPI_Send(data.as_ptr().cast::<c_void>(), count, self.byte, to, tag, self.comm) };
    }

    /// MPI_Recv of up to `count` bytes into `data`. The status is received into the stack, as the originals do.
    #[inline(always)]
    pub fn recv(&self, data: &mut [u8], count: i32, from: i32, tag: i32) {
        debug_assert!(count as usize <= data.len());
        let mut status = MaybeUninit::<ffi::MPI_Status>::uninit();
        // SAFETY: the caller's slice holds `count` bytes and is borrowed exclusively during the call.
        unsafe {
            ffi::MPI_Recv(
                data.as_mut_ptr().cast::<c_void>(),
                count,
                self.byte,
                from,
                tag,
                self.comm,
                status.as_mut_ptr(),
            )
        };
    }

    /// MPI_Send of `count` elements of `datatype`, which together span no more than `data`.
    #[inline(always)]
    pub fn send_typed(&self, data: &[u8], count: i32, datatype: &Datatype, to: i32, tag: i32) {
        // SAFETY: the caller's slice holds the elements, and the call returns before the borrow ends.
        unsafe { ffi::MPI_Send(data.as_ptr().cast::<c_void>(), count, datatype.raw(), to, tag, self.comm) };
    }

    /// MPI_Recv of up to `count` elements of `datatype`, which together span no more than `data`.
    #[inline(always)]
    pub fn recv_typed(&self, data: &mut [u8], count: i32, datatype: &Datatype, from: i32, tag: i32) {
        let mut status = MaybeUninit::<ffi::MPI_Status>::uninit();
        // SAFETY: the caller's slice holds the elements and is borrowed exclusively during the call.
        unsafe {
            ffi::MPI_Recv(
                data.as_mut_ptr().cast::<c_void>(),
                count,
                datatype.raw(),
                from,
                tag,
                self.comm,
                status.as_mut_ptr(),
            )
        };
    }

    /// MPI_Sendrecv of `count` bytes each way.
    #[inline(always)]
    pub fn sendrecv(&self, data: &[u8], to: i32, into: &mut [u8], from: i32, count: i32, tag: i32) {
        debug_assert!(count as usize <= data.len() && count as usize <= into.len());
        let mut status = MaybeUninit::<ffi::MPI_Status>::uninit();
        // SAFETY: both slices hold `count` bytes and are disjoint, for one is borrowed exclusively.
        unsafe {
            ffi::MPI_Sendrecv(
                data.as_ptr().cast(),
                count,
                self.byte,
                to,
                tag,
                into.as_mut_ptr().cast(),
                count,
                self.byte,
                from,
                tag,
                self.comm,
                status.as_mut_ptr(),
            )
        };
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if self.universe.is_none() {
            // SAFETY: a communicator of `first`, which nobody else frees; MPI is still initialised, because the first World
            // outlives its parts in every program (they are locals of functions that borrow it).
            unsafe { ffi::MPI_Comm_free(&raw mut self.comm) };
        }
    }
}

/// What a message consists of.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// How many elements.
    pub count: i32,
    /// Their type.
    pub datatype: &'a Datatype,
}

/// A window of outstanding requests and the statuses MPI_Waitall fills.
pub struct Requests {
    requests: Vec<ffi::MPI_Request>,
    statuses: Vec<MaybeUninit<ffi::MPI_Status>>,
}

impl Requests {
    /// Room for `window` requests.
    pub fn new(window: usize) -> Self {
        // SAFETY: a constant of rsmpi's C part.
        let null = unsafe { ffi::RSMPI_REQUEST_NULL };
        Self { requests: vec![null; window], statuses: vec![MaybeUninit::uninit(); window] }
    }

    /// The number of slots.
    #[allow(clippy::len_without_is_empty)] // a window is never empty
    pub fn len(&self) -> usize {
        self.requests.len()
    }

    /// MPI_Isend of `count` elements of `datatype` at `data` as request `slot`.
    ///
    /// # Safety
    /// `data` holds the elements, and nobody writes them before [`Requests::wait_all`] returned.
    #[inline(always)]
    pub unsafe fn isend(&mut self, slot: usize, world: &World, data: *const u8, part: Part<'_>, to: i32, tag: i32) {
        let (request, Part { count, datatype }) = (&raw mut self.requests[slot], part);
        // SAFETY: the caller's promise; the slot exists, by the index.
        unsafe { ffi::MPI_Isend(data.cast(), count, datatype.raw(), to, tag, world.comm, request) };
    }

    /// MPI_Irecv of `count` elements of `datatype` to `data` as request `slot`.
    ///
    /// # Safety
    /// `data` has room for the elements, and nobody else uses them before [`Requests::wait_all`] returned.
    #[inline(always)]
    pub unsafe fn irecv(&mut self, slot: usize, world: &World, data: *mut u8, part: Part<'_>, from: i32, tag: i32) {
        let (request, Part { count, datatype }) = (&raw mut self.requests[slot], part);
        // SAFETY: the caller's promise; the slot exists, by the index.
        unsafe { ffi::MPI_Irecv(data.cast(), count, datatype.raw(), from, tag, world.comm, request) };
    }

    /// MPI_Send_init: the send that [`Requests::start_all`] starts as request `slot`.
    ///
    /// # Safety
    /// As for [`Requests::isend`], whenever the request is started.
    pub unsafe fn send_init(&mut self, slot: usize, world: &World, data: *const u8, part: Part<'_>, to: i32, tag: i32) {
        let (request, Part { count, datatype }) = (&raw mut self.requests[slot], part);
        // SAFETY: the caller's promise; the slot exists, by the index.
        unsafe { ffi::MPI_Send_init(data.cast(), count, datatype.raw(), to, tag, world.comm, request) };
    }

    /// MPI_Recv_init: the receive that [`Requests::start_all`] starts as request `slot`.
    ///
    /// # Safety
    /// As for [`Requests::irecv`], whenever the request is started.
    pub unsafe fn recv_init(&mut self, slot: usize, world: &World, data: *mut u8, part: Part<'_>, from: i32, tag: i32) {
        let (request, Part { count, datatype }) = (&raw mut self.requests[slot], part);
        // SAFETY: the caller's promise; the slot exists, by the index.
        unsafe { ffi::MPI_Recv_init(data.cast(), count, datatype.raw(), from, tag, world.comm, request) };
    }

    /// MPI_Startall of all requests, which are persistent and inactive.
    #[inline(always)]
    pub fn start_all(&mut self) {
        // SAFETY: persistent requests, by the callers' promise to the functions that made them.
        unsafe { ffi::MPI_Startall(self.requests.len() as i32, self.requests.as_mut_ptr()) };
    }

    /// MPI_Start and MPI_Wait of request `slot`, which is persistent and inactive.
    #[inline(always)]
    pub fn start_and_wait(&mut self, slot: usize) {
        let (request, status) = (&raw mut self.requests[slot], self.statuses[slot].as_mut_ptr());
        // SAFETY: a persistent request, by the callers' promise to the function that made it; MPI writes the status.
        unsafe {
            ffi::MPI_Start(request);
            ffi::MPI_Wait(request, status);
        }
    }

    /// MPI_Request_free of all requests, which are persistent and inactive.
    pub fn free_all(&mut self) {
        for request in &mut self.requests {
            // SAFETY: a valid request, which MPI replaces by none.
            unsafe { ffi::MPI_Request_free(request) };
        }
    }

    /// MPI_Waitall of the first `count` requests.
    #[inline(always)]
    pub fn wait_all(&mut self, count: usize) {
        let statuses = self.statuses[..count].as_mut_ptr();
        // SAFETY: both arrays hold `count` elements, by the slice above and their equal length.
        unsafe { ffi::MPI_Waitall(count as i32, self.requests.as_mut_ptr(), statuses.cast()) };
    }
}
