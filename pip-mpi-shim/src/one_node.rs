//! Jobs whose ranks all share one address space, of which the MPI library is told that every rank is on a node of its own:
//! it then meets its peers through PMI, where waiting costs nothing, and not in shared memory, where it spins. The one thing
//! of the MPI interface that shows it is MPI_Comm_split_type (MPI-4.0 section 7.4.2), which is answered here. The launcher
//! does so where no rank is bound to processors: then all ranks see the same hardware, and no type of it splits them.

use crate::abi::{self, Comm, Info};
use crate::{communicator, real};
use core::ffi::{c_char, c_int};
use core::sync::atomic::{AtomicBool, Ordering};
use std::env;

/// Set by the launcher for the ranks of such a job.
const ONE_NODE: &str = "PIP_MPI_ONE_NODE";
/// What MPICH reads.
const NO_LOCAL: &str = "MPIR_CVAR_NOLOCAL";

/// Whether the library was told so.
static HIDDEN: AtomicBool = AtomicBool::new(false);

/// Runs `start`, in which the library may read its settings. The variable is not left to programs that this one may start.
pub fn hidden<T>(start: impl FnOnce() -> T) -> T {
    let hide = env::var_os(ONE_NODE).is_some() && !env::vars_os().any(|(name, _)| chooses_nodes(&name.to_string_lossy()));
    if hide {
        HIDDEN.store(true, Ordering::Relaxed);
        // SAFETY: the program initialises MPI, which reads the environment itself: no other thread may write it now.
        unsafe { env::set_var(NO_LOCAL, "1") };
    }
    let result = start();
    if hide {
        // SAFETY: as above.
        unsafe { env::remove_var(NO_LOCAL) };
    }
    result
}

/// Variables by which users make MPICH take one node for several, under all their prefixes.
fn chooses_nodes(name: &str) -> bool {
    name.starts_with("MPI") && (name.ends_with("NOLOCAL") || name.contains("CLIQUES"))
}

const TYPE_SHARED: c_int = 1;
const TYPE_HW_GUIDED: c_int = 2;
const TYPE_HW_UNGUIDED: c_int = 3;

/// MPI_Comm_split_type; None leaves the call to the library.
///
/// # Safety
/// The program's arguments.
pub unsafe fn split_type(comm: Comm, split_type: c_int, key: c_int, info: Info, new: *mut Comm) -> Option<c_int> {
    if !HIDDEN.load(Ordering::Relaxed) || new.is_null() {
        return None;
    }
    communicator::get(comm).filter(|communicator| communicator.circle.is_some())?;
    let color = match split_type {
        TYPE_SHARED => 0,
        TYPE_HW_GUIDED if asks_for_shared_memory(info) => 0,
        // No strict subset shares anything that the others do not.
        TYPE_HW_UNGUIDED | abi::UNDEFINED => abi::UNDEFINED,
        _ => return None,
    };
    // SAFETY: the program's communicator and place for the result; the library has made the one that gets the hints.
    unsafe {
        let code = real::Comm_split(comm, color, key, new);
        if code == abi::SUCCESS && *new != abi::COMM_NULL && abi::is_info(info) {
            real::Comm_set_info(*new, info);
        }
        Some(code)
    }
}

/// "mpi_shared_memory" stands for MPI_COMM_TYPE_SHARED.
fn asks_for_shared_memory(info: Info) -> bool {
    const WANTED: &[u8] = b"mpi_shared_memory\0";
    let (mut value, mut flag) = ([0u8; WANTED.len() + 1], 0);
    let room = WANTED.len() as c_int;
    if abi::is_info(info) {
        // SAFETY: the program's info object; the value, cut to `room` characters, and its NUL fit the array.
        unsafe { real::Info_get(info, c"mpi_hw_resource_type".as_ptr(), room, value.as_mut_ptr().cast::<c_char>(), &mut flag) };
    }
    flag != 0 && value.starts_with(WANTED)
}
