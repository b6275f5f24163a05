//! What goes wrong in the shim's own calls: one sentence for the user if the program is to be ended for it, and MPI's way
//! of telling the program (MPI-4.0 section 9.3).

use crate::abi::{self, Comm, Outcome};
use crate::collective::Trouble;
use crate::{buffered, communicator, job, real};
use core::ffi::c_int;

/// An error that the shim found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// A message longer than the `room` in bytes of its receive.
    Truncated { outcome: Outcome, room: usize },
    /// A buffered send of so many bytes does not fit into the attached buffer.
    NoSpace(usize),
    /// A request that is none, or that this function cannot be used on.
    Request(&'static str),
    /// A null pointer where a result should go.
    Null,
    /// Some requests of an array failed; the number of them.
    InStatus(usize),
    /// A window cannot be made, because of what rank `rank` of the communicator gave or lacks.
    Window { class: c_int, rank: usize, bytes: abi::Count, unit: abi::Count },
    /// The ranks of a collective call do not agree, or a reduction failed.
    Collective(Trouble),
}

impl Failure {
    /// The error class.
    pub fn class(&self) -> c_int {
        match self {
            Failure::Truncated { .. } => abi::ERR_TRUNCATE,
            Failure::NoSpace(_) => abi::ERR_BUFFER,
            Failure::Request(_) => abi::ERR_REQUEST,
            Failure::Null => abi::ERR_ARG,
            Failure::InStatus(_) => abi::ERR_IN_STATUS,
            Failure::Window { class, .. } => *class,
            Failure::Collective(trouble) => trouble.class(),
        }
    }

    fn sentence(&self) -> String {
        match self {
            Failure::Truncated { outcome, room } => format!(
                "the message from rank {} with tag {} is longer than the receive buffer of {room} bytes; the receive must \
                 have room for the longest message it can match",
                outcome.source, outcome.tag
            ),
            Failure::NoSpace(bytes) => format!(
                "{bytes} bytes (and {} for the envelope) do not fit into the {} free bytes of the buffer given to \
                 MPI_Buffer_attach; attach a larger one, or detach it to wait for the messages in it",
                abi::BSEND_OVERHEAD,
                buffered::free()
            ),
            Failure::Request(why) => (*why).to_owned(),
            Failure::Null => "the address for a result is NULL".to_owned(),
            Failure::InStatus(count) => {
                format!("{count} of the requests in the array failed; MPI_ERROR in their statuses says how")
            }
            Failure::Collective(Trouble::Differs { peer }) => format!(
                "rank {peer} of the communicator is in another collective operation, or names another root, reduction or \
                 type; all ranks must call the same operation in the same order"
            ),
            Failure::Collective(Trouble::Length { peer, bytes, room }) => format!(
                "rank {peer} of the communicator gives {bytes} bytes where this rank expects {room}; counts and datatypes \
                 must agree on all ranks"
            ),
            Failure::Collective(Trouble::Longer { peer, room }) => format!(
                "rank {peer} of the communicator gives more than the {room} bytes that this rank expects; counts and datatypes \
                 must agree on all ranks"
            ),
            Failure::Collective(Trouble::Count) => "a count is negative; counts are 0 or more".to_owned(),
            Failure::Collective(Trouble::Library(code)) => {
                format!("the reduction failed with error class {}", abi::error_class(*code))
            }
            Failure::Window { class: abi::ERR_SIZE, rank, bytes, .. } => {
                format!("rank {rank} gave a size of {bytes} bytes; it must not be negative")
            }
            Failure::Window { class: abi::ERR_DISP, rank, unit, .. } => {
                format!("rank {rank} gave a displacement unit of {unit} bytes; it must be positive")
            }
            Failure::Window { class: abi::ERR_NO_MEM, rank, bytes, .. } => {
                format!("rank {rank} has no memory for a window of {bytes} bytes")
            }
            Failure::Window { rank, bytes, .. } => format!("rank {rank} gave NULL for a window of {bytes} bytes"),
        }
    }

    /// Calls the error handler of `comm`, and returns the class for programs whose handler lets them go on. The
    /// communicator may have been freed since: then MPI_COMM_WORLD's handler is called.
    /// `function` is what the program called.
    #[cold]
    pub fn raise(&self, function: &str, comm: Comm) -> c_int {
        let comm = if communicator::get(comm).is_some() { comm } else { abi::COMM_WORLD };
        if comm == abi::COMM_WORLD && !communicator::is_world_model() {
            return self.class(); // sessions only: there is no handler to call
        }
        let mut handler = abi::ERRORS_ARE_FATAL;
        // SAFETY: a communicator of the program; its handler's handle goes to a local and is given back.
        unsafe {
            real::Comm_get_errhandler(comm, &mut handler);
            if handler == abi::ERRORS_ARE_FATAL {
                let rank = job::current().map_or(0, |job| job.rank);
                eprintln!("pip-mpi: rank {rank}: {function}: {}", self.sentence());
            } else {
                real::Errhandler_free(&mut handler);
            }
            real::Comm_call_errhandler(comm, self.class());
        }
        self.class()
    }
}
