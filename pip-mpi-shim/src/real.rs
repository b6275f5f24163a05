//! The functions of the MPI library underneath, found at run time: this library links to no MPI, so it can be preloaded
//! into any program and works with every library of the MPICH ABI.

use crate::abi::*;
use crate::report::{self, Calls};
use core::ffi::{CStr, c_char, c_int, c_void};
use core::sync::atomic::{AtomicPtr, Ordering};

/// Names under which the MPICH ABI is installed, for programs that load it by dlopen.
const LIBRARIES: [&CStr; 2] = [c"libmpich.so.12", c"libmpi.so.12"];

/// Every Open MPI has it, and nothing else does.
const OF_OPEN_MPI: &CStr = c"ompi_mpi_comm_world";

/// A function of the MPI library, looked up at its first call.
#[derive(Debug)]
pub struct Function {
    /// "PMPI_X" and, behind the first letter, "MPI_X".
    name: &'static CStr,
    real: AtomicPtr<c_void>,
    profiler: AtomicPtr<c_void>,
    /// Calls the function with a clock around it; null if there is no such.
    timed: AtomicPtr<c_void>,
    /// What that one calls: as `profiler` without report.
    tool: AtomicPtr<c_void>,
    /// What the report says of it.
    pub calls: Calls,
}

/// Stands for "looked for, not there" in `profiler`.
const NONE: *mut c_void = core::ptr::without_provenance_mut(1);

impl Function {
    /// The function whose profiling name is `name`.
    pub const fn new(name: &'static CStr) -> Function {
        Function::with_timer(name, core::ptr::null_mut())
    }

    /// The same, with an exported function that calls it with a clock around it.
    pub const fn with_timer(name: &'static CStr, timed: *mut c_void) -> Function {
        const UNKNOWN: *mut c_void = core::ptr::null_mut();
        Function {
            name,
            real: AtomicPtr::new(UNKNOWN),
            profiler: AtomicPtr::new(UNKNOWN),
            timed: AtomicPtr::new(timed),
            tool: AtomicPtr::new(UNKNOWN),
            calls: Calls::new(),
        }
    }

    /// Its name, "MPI_X".
    pub fn name(&self) -> &str {
        self.name.to_str().map_or("", |name| &name[1..])
    }

    /// Address of the MPI library's own function.
    #[inline]
    pub fn real(&self) -> *mut c_void {
        let known = self.real.load(Ordering::Relaxed);
        if known.is_null() { self.find_real() } else { known }
    }

    /// Address of a profiling tool's `MPI_X`, if one lies between the program and the MPI library: it must see the call
    /// before this library does.
    #[inline]
    pub fn profiler(&self) -> Option<*mut c_void> {
        let known = self.profiler.load(Ordering::Relaxed);
        let known = if known.is_null() { self.find_profiler() } else { known };
        (known != NONE).then_some(known)
    }

    /// The profiling tool's function, where `profiler` is the one with the clock.
    pub fn tool(&self) -> Option<*mut c_void> {
        Some(self.tool.load(Ordering::Relaxed)).filter(|tool| !tool.is_null() && *tool != NONE)
    }

    #[cold]
    fn find_real(&self) -> *mut c_void {
        let found = next(self.name).or_else(|| LIBRARIES.iter().find_map(|library| in_library(library, self.name)));
        let Some(found) = found else {
            eprintln!("pip-mpi: {} was called but no MPI library of the MPICH ABI is loaded; link the program with \
                       MPICH's mpicc", self.name.to_string_lossy());
            std::process::abort();
        };
        if next(OF_OPEN_MPI).is_some() {
            // Its handles are pointers: not one call could be passed on.
            eprintln!("pip-mpi: this program uses Open MPI, whose ABI is another than MPICH's; build it with MPICH's mpicc, \
                       start it with Open MPI's mpiexec, or give pip-mpiexec -no-shim");
            std::process::exit(1);
        }
        self.real.store(found, Ordering::Relaxed);
        found
    }

    #[cold]
    fn find_profiler(&self) -> *mut c_void {
        // The name without its P.
        let name = CStr::from_bytes_with_nul(&self.name.to_bytes_with_nul()[1..]).unwrap_or(self.name);
        let found = match next(name) {
            Some(found) if library_of(found) != library_of(self.real()) => found,
            _ => NONE,
        };
        let timed = self.timed.load(Ordering::Relaxed);
        if !timed.is_null() && report::is_wanted() {
            self.tool.store(found, Ordering::Relaxed);
            self.profiler.store(timed, Ordering::Relaxed);
            return timed;
        }
        self.profiler.store(found, Ordering::Relaxed);
        found
    }
}

fn next(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: a C string; dlsym has no other precondition.
    let found = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}

fn in_library(library: &CStr, name: &CStr) -> Option<*mut c_void> {
    // SAFETY: RTLD_NOLOAD only finds what is already there; the handle is kept, which pins the library.
    let found = unsafe {
        let handle = libc::dlopen(library.as_ptr(), libc::RTLD_NOLOAD | libc::RTLD_LAZY);
        if handle.is_null() {
            return None;
        }
        libc::dlsym(handle, name.as_ptr())
    };
    (!found.is_null()).then_some(found)
}

/// A function of a library below MPI, whose name this library exports too.
pub fn find(name: &CStr, library: &CStr) -> *mut c_void {
    next(name).or_else(|| in_library(library, name)).unwrap_or_else(|| {
        eprintln!("pip-mpi: {} was called but is in no library that is loaded", name.to_string_lossy());
        std::process::abort();
    })
}

/// Where the library that holds `address` is loaded.
fn library_of(address: *mut c_void) -> *mut c_void {
    // SAFETY: fills a local.
    unsafe {
        let mut info: libc::Dl_info = core::mem::zeroed();
        libc::dladdr(address, &mut info);
        info.dli_fbase
    }
}

/// Declares functions of the MPI library that this crate calls but does not export.
macro_rules! real {
    ($(fn $name:ident($($arg:ident: $type:ty),* $(,)?);)*) => {$(
        /// The MPI library's function of this name.
        ///
        /// # Safety
        /// As the MPI standard says for its arguments.
        #[allow(non_snake_case, clippy::too_many_arguments)] // names and arguments are MPI's
        pub unsafe fn $name($($arg: $type),*) -> c_int {
            const NAME: &CStr = match CStr::from_bytes_with_nul(concat!("PMPI_", stringify!($name), "\0").as_bytes()) {
                Ok(name) => name,
                Err(_) => panic!("a function name without NUL"),
            };
            static FUNCTION: Function = Function::new(NAME);
            // SAFETY: the library's function has this signature; the caller answers for the arguments.
            unsafe {
                let real: unsafe extern "C-unwind" fn($($type),*) -> c_int = core::mem::transmute(FUNCTION.real());
                real($($arg),*)
            }
        }
    )*};
}

real! {
    fn Query_thread(provided: *mut c_int);
    fn Comm_size(comm: Comm, size: *mut c_int);
    fn Comm_rank(comm: Comm, rank: *mut c_int);
    fn Comm_test_inter(comm: Comm, flag: *mut c_int);
    fn Comm_remote_size(comm: Comm, size: *mut c_int);
    fn Comm_group(comm: Comm, group: *mut Group);
    fn Comm_remote_group(comm: Comm, group: *mut Group);
    fn Group_size(group: Group, size: *mut c_int);
    fn Group_translate_ranks(from: Group, count: c_int, ranks: *const c_int, to: Group, translated: *mut c_int);
    fn Group_free(group: *mut Group);
    fn Comm_dup(comm: Comm, new: *mut Comm);
    fn Comm_free(comm: *mut Comm);
    fn Comm_split(comm: Comm, color: c_int, key: c_int, new: *mut Comm);
    fn Comm_set_info(comm: Comm, info: Info);
    fn Comm_set_errhandler(comm: Comm, handler: Errhandler);
    fn Send(buffer: *const c_void, count: c_int, datatype: Datatype, peer: c_int, tag: c_int, comm: Comm);
    fn Comm_call_errhandler(comm: Comm, code: c_int);
    fn Comm_get_errhandler(comm: Comm, handler: *mut Errhandler);
    fn Errhandler_free(handler: *mut Errhandler);
    fn Group_excl(group: Group, count: c_int, ranks: *const c_int, new: *mut Group);
    fn Info_get(info: Info, key: *const c_char, length: c_int, value: *mut c_char, flag: *mut c_int);
    fn Win_create(base: *mut c_void, size: Count, unit: c_int, info: Info, comm: Comm, win: *mut Win);
    fn Win_create_dynamic(info: Info, comm: Comm, win: *mut Win);
    fn Win_free(win: *mut Win);
    fn Win_get_errhandler(win: Win, handler: *mut Errhandler);
    fn Win_call_errhandler(win: Win, code: c_int);
    fn Reduce_local(from: *const c_void, to: *mut c_void, count: c_int, datatype: Datatype, op: Op);
    fn Allgather(
        sendbuf: *const c_void, sendcount: c_int, sendtype: Datatype,
        recvbuf: *mut c_void, recvcount: c_int, recvtype: Datatype, comm: Comm,
    );
    fn Init_thread(argc: *mut c_int, argv: *mut *mut *mut c_char, required: c_int, provided: *mut c_int);
    fn Abort(comm: Comm, code: c_int);
    fn Isend(
        buffer: *const c_void, count: c_int, datatype: Datatype, peer: c_int, tag: c_int, comm: Comm, request: *mut Request,
    );
    fn Issend(
        buffer: *const c_void, count: c_int, datatype: Datatype, peer: c_int, tag: c_int, comm: Comm, request: *mut Request,
    );
    fn Issend_c(
        buffer: *const c_void, count: Count, datatype: Datatype, peer: c_int, tag: c_int, comm: Comm, request: *mut Request,
    );
    fn Irecv(
        buffer: *mut c_void, count: c_int, datatype: Datatype, peer: c_int, tag: c_int, comm: Comm, request: *mut Request,
    );
    fn Irecv_c(
        buffer: *mut c_void, count: Count, datatype: Datatype, peer: c_int, tag: c_int, comm: Comm, request: *mut Request,
    );
    fn Improbe(peer: c_int, tag: c_int, comm: Comm, flag: *mut c_int, message: *mut Message, status: *mut Status);
    fn Imrecv(buffer: *mut c_void, count: c_int, datatype: Datatype, message: *mut Message, request: *mut Request);
    fn Test(request: *mut Request, flag: *mut c_int, status: *mut Status);
    fn Testsome(
        count: c_int, requests: *mut Request, done: *mut c_int, indices: *mut c_int, statuses: *mut Status,
    );
    fn Ibarrier(comm: Comm, request: *mut Request);
    fn Type_commit(datatype: *mut Datatype);
    fn Type_free(datatype: *mut Datatype);
    fn Type_create_hvector_c(count: Count, len: Count, stride: Count, old: Datatype, new: *mut Datatype);
    fn Type_create_struct_c(
        count: Count, lens: *const Count, offsets: *const Count, olds: *const Datatype, new: *mut Datatype,
    );
    fn Type_create_resized_c(old: Datatype, lb: Count, extent: Count, new: *mut Datatype);
    fn Topo_test(comm: Comm, topology: *mut c_int);
    fn Graph_neighbors_count(comm: Comm, rank: c_int, count: *mut c_int);
    fn Graph_neighbors(comm: Comm, rank: c_int, most: c_int, neighbors: *mut c_int);
    fn Cartdim_get(comm: Comm, dimensions: *mut c_int);
    fn Cart_shift(comm: Comm, dimension: c_int, by: c_int, source: *mut c_int, destination: *mut c_int);
    fn Dist_graph_neighbors_count(comm: Comm, into: *mut c_int, out: *mut c_int, weighted: *mut c_int);
    fn Dist_graph_neighbors(
        comm: Comm, most_in: c_int, sources: *mut c_int, source_weights: *mut c_int, most_out: c_int,
        destinations: *mut c_int, destination_weights: *mut c_int,
    );
    fn Iallgather(
        sendbuf: *const c_void, sendcount: c_int, sendtype: Datatype,
        recvbuf: *mut c_void, recvcount: c_int, recvtype: Datatype, comm: Comm, request: *mut Request,
    );
    fn Type_size_x(datatype: Datatype, size: *mut Count);
    fn Type_get_extent_x(datatype: Datatype, lb: *mut Count, extent: *mut Count);
    fn Type_get_envelope_c(
        datatype: Datatype, integers: *mut Count, addresses: *mut Count, large: *mut Count, types: *mut Count,
        combiner: *mut c_int,
    );
    fn Type_get_contents_c(
        datatype: Datatype, max_integers: Count, max_addresses: Count, max_large: Count, max_types: Count,
        integers: *mut c_int, addresses: *mut Count, large: *mut Count, types: *mut Datatype,
    );
}
