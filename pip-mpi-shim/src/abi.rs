//! The binary interface of the MPICH family (MPICH ABI, `libmpich.so.12`, `libmpi.so.12`): handles are integers, a
//! status is five of them. Values were read from MPICH 4.0's mpi.h.

use core::ffi::{c_int, c_void};

pub type Comm = c_int;
pub type Datatype = c_int;
pub type Request = c_int;
pub type Message = c_int;
pub type Group = c_int;
pub type Info = c_int;
pub type Session = c_int;
pub type Errhandler = c_int;
pub type Win = c_int;
pub type Op = c_int;
/// MPI_Count, MPI_Aint and MPI_Offset.
pub type Count = i64;
pub type Buffer = *mut c_void;

pub const SUCCESS: c_int = 0;
pub const ERR_BUFFER: c_int = 1;
pub const ERR_COUNT: c_int = 2;
pub const ERR_TYPE: c_int = 3;
pub const ERR_RANK: c_int = 6;
pub const ERR_OP: c_int = 9;
pub const ERR_ARG: c_int = 12;
pub const ERR_OTHER: c_int = 15;
pub const ERR_NO_MEM: c_int = 34;
pub const ERR_RMA_SYNC: c_int = 50;
pub const ERR_SIZE: c_int = 51;
pub const ERR_DISP: c_int = 52;
pub const ERR_RMA_RANGE: c_int = 55;
pub const ERR_TRUNCATE: c_int = 14;
pub const ERR_IN_STATUS: c_int = 17;
pub const ERR_REQUEST: c_int = 19;

pub const ANY_SOURCE: c_int = -2;
pub const ANY_TAG: c_int = -1;
pub const PROC_NULL: c_int = -1;
pub const UNDEFINED: c_int = -32766;
/// MPI_TAG_UB of MPICH 4.0.
pub const TAG_UB: c_int = (1 << 28) - 1;
pub const BSEND_OVERHEAD: usize = 96;
pub const THREAD_MULTIPLE: c_int = 3;

pub const COMM_NULL: Comm = 0x0400_0000;
pub const COMM_WORLD: Comm = 0x4400_0000;
pub const COMM_SELF: Comm = 0x4400_0001;
pub const DATATYPE_NULL: Datatype = 0x0c00_0000;
pub const BYTE: Datatype = 0x4c00_010d;
pub const UNSIGNED: Datatype = 0x4c00_0406;
pub const ERRORS_RETURN: Errhandler = 0x5400_0001;
pub const ERRORS_ARE_FATAL: Errhandler = 0x5400_0000;
pub const REQUEST_NULL: Request = 0x2c00_0000;
/// What MPICH returns for an operation that was complete at once; shared by all such requests. Its status is empty.
pub const REQUEST_COMPLETE_SEND: Request = 0x6c00_0001;
/// The same for a receive from MPI_PROC_NULL.
pub const REQUEST_COMPLETE_RECEIVE: Request = 0x6c00_0002;
pub const MESSAGE_NULL: Message = REQUEST_NULL;

pub const GROUP_NULL: Group = 0x0800_0000;

pub const OP_NULL: Op = 0x1800_0000;
pub const MAX: Op = 0x5800_0001;
pub const MIN: Op = 0x5800_0002;
pub const SUM: Op = 0x5800_0003;
pub const PROD: Op = 0x5800_0004;
pub const LAND: Op = 0x5800_0005;
pub const BAND: Op = 0x5800_0006;
pub const LOR: Op = 0x5800_0007;
pub const BOR: Op = 0x5800_0008;
pub const LXOR: Op = 0x5800_0009;
pub const BXOR: Op = 0x5800_000a;
pub const MINLOC: Op = 0x5800_000b;
pub const MAXLOC: Op = 0x5800_000c;
pub const REPLACE: Op = 0x5800_000d;
pub const NO_OP: Op = 0x5800_000e;

/// Whether an operation is one of the above.
pub fn is_predefined_op(op: Op) -> bool {
    (MAX..=NO_OP).contains(&op)
}

/// Whether an operation can be one that MPI_Op_create made.
pub fn is_user_op(op: Op) -> bool {
    matches!(op as u32 >> 26, 0x26 | 0x36)
}

/// MPI_IN_PLACE.
pub const IN_PLACE: Buffer = core::ptr::without_provenance_mut(usize::MAX);

pub const LOCK_EXCLUSIVE: c_int = 234;
pub const LOCK_SHARED: c_int = 235;
pub const MODE_NOCHECK: c_int = 1024;
pub const MODE_NOSTORE: c_int = 2048;
pub const MODE_NOPUT: c_int = 4096;
pub const MODE_NOPRECEDE: c_int = 8192;
pub const MODE_NOSUCCEED: c_int = 16384;

pub const WIN_BASE: c_int = 0x6600_0001;
pub const WIN_SIZE: c_int = 0x6600_0003;
pub const WIN_DISP_UNIT: c_int = 0x6600_0005;
pub const WIN_CREATE_FLAVOR: c_int = 0x6600_0007;
pub const WIN_MODEL: c_int = 0x6600_0009;

/// MPI_Status.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub struct Status {
    count_low: c_int,
    count_high_and_cancelled: c_int,
    source: c_int,
    tag: c_int,
    pub error: c_int,
}

impl Status {
    /// Bytes of the message.
    pub fn bytes(&self) -> usize {
        (self.count_high_and_cancelled as u32 as usize >> 1) << 32 | self.count_low as u32 as usize
    }

    /// Rank of its sender.
    pub fn source(&self) -> c_int {
        self.source
    }
}

/// MPI_STATUS_IGNORE and MPI_STATUSES_IGNORE.
pub const STATUS_IGNORE: *mut Status = core::ptr::without_provenance_mut(1);

/// What a completed operation tells its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    pub source: c_int,
    pub tag: c_int,
    pub bytes: usize,
    pub cancelled: bool,
    pub error: c_int,
}

impl Outcome {
    /// The empty status (MPI-4.0 section 3.7.3), also what a send leaves.
    pub const EMPTY: Outcome = Outcome { source: ANY_SOURCE, tag: ANY_TAG, bytes: 0, cancelled: false, error: SUCCESS };
    /// A receive from MPI_PROC_NULL (MPI-4.0 section 3.10).
    pub const PROC_NULL: Outcome = Outcome { source: PROC_NULL, ..Outcome::EMPTY };

    /// Fills `status` unless it is MPI_STATUS_IGNORE. MPI_ERROR is left alone, as for all single completions.
    ///
    /// # Safety
    /// `status` is MPI_STATUS_IGNORE or a status the caller may write.
    #[inline]
    pub unsafe fn store(&self, status: *mut Status) {
        if status != STATUS_IGNORE && !status.is_null() {
            // SAFETY: the caller's promise.
            unsafe {
                (*status).count_low = self.bytes as c_int;
                (*status).count_high_and_cancelled = ((self.bytes >> 32) << 1) as c_int | c_int::from(self.cancelled);
                (*status).source = self.source;
                (*status).tag = self.tag;
            }
        }
    }
}

/// The error class of a return code (MPICH keeps it in the low seven bits).
pub fn error_class(code: c_int) -> c_int {
    code & 0x7f
}

/// The size of a predefined datatype, which MPICH keeps in bits 8 to 15 of the handle; None for derived types.
#[inline]
pub fn builtin_size(datatype: Datatype) -> Option<usize> {
    (datatype as u32 & 0xff00_0000 == 0x4c00_0000).then_some((datatype as u32 >> 8 & 0xff) as usize)
}

/// Whether a handle has the form of an info object's: the kind of object in bits 26 to 29, in the upper two nothing for
/// MPI_INFO_NULL.
pub fn is_info(handle: Info) -> bool {
    let handle = handle as u32;
    handle >> 30 != 0 && handle >> 26 & 0xf == 7
}
