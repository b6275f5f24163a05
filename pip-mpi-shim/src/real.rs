//! The functions of the MPI library underneath, found at run time: this library links to no MPI, so it can be preloaded
//! into any program and works with every library of the MPICH ABI.

use crate::abi::*;
use crate::report::{self, Calls};
use core::ffi::{CStr, c_char, c_int, c_void};
use core::sync::atomic::{AtomicPtr, Ordering};

/// Names under which the MPICH ABI is installed, for programs that load it by dlopen.
const LIBRARIES: [&CStr; 2] = [c"libmpich.so.12", c"libmpi.so.12"];

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
