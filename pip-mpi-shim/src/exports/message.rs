//! Point-to-point communication (MPI-4.0 chapter 3). For each function the form with `int` counts and the one with
//! MPI_Count.

use super::mpi;
use crate::abi::*;
use crate::operation::Arguments;
use crate::request::Mode;
use crate::{probe, receive, send, sendrecv};
use core::ffi::{c_int, c_void};

/// The arguments of one message, with either type of count.
macro_rules! message {
    ($buffer:ident, $count:ident, $datatype:ident, $peer:ident, $tag:ident, $comm:ident) => {
        Arguments { buffer: $buffer.cast_mut(), count: Count::from($count), datatype: $datatype, peer: $peer, tag: $tag, comm: $comm }
    };
}

/// Send-like functions with and without request, in both count types.
macro_rules! sends {
    ($($name:ident $large:ident $mode:ident;)*) => { mpi! {$(
        /// MPI-4.0 sections 3.2 and 3.4.
        fn $name(buffer: *const c_void, count: c_int, datatype: Datatype, peer: c_int, tag: c_int, comm: Comm) {
            send::blocking(Mode::$mode, message!(buffer, count, datatype, peer, tag, comm))
        }
        /// MPI-4.0 sections 3.2 and 3.4, large counts.
        fn $large(buffer: *const c_void, count: Count, datatype: Datatype, peer: c_int, tag: c_int, comm: Comm) {
            send::blocking(Mode::$mode, message!(buffer, count, datatype, peer, tag, comm))
        }
    )*}};
    ($function:path: $($name:ident $large:ident $mode:ident;)*) => { mpi! {$(
        /// MPI-4.0 sections 3.7.2 and 3.9.
        fn $name(
            buffer: *const c_void, count: c_int, datatype: Datatype, peer: c_int, tag: c_int, comm: Comm,
            request: *mut Request,
        ) {
            given(request).and_then(|()| $function(Mode::$mode, message!(buffer, count, datatype, peer, tag, comm), request))
        }
        /// MPI-4.0 sections 3.7.2 and 3.9, large counts.
        fn $large(
            buffer: *const c_void, count: Count, datatype: Datatype, peer: c_int, tag: c_int, comm: Comm,
            request: *mut Request,
        ) {
            given(request).and_then(|()| $function(Mode::$mode, message!(buffer, count, datatype, peer, tag, comm), request))
        }
    )*}};
}

sends! {
    Send Send_c Standard;
    Bsend Bsend_c Buffered;
    Ssend Ssend_c Synchronous;
    Rsend Rsend_c Standard;
}
sends! { send::nonblocking:
    Isend Isend_c Standard;
    Ibsend Ibsend_c Buffered;
    Issend Issend_c Synchronous;
    Irsend Irsend_c Standard;
}
sends! { send::init:
    Send_init Send_init_c Standard;
    Bsend_init Bsend_init_c Buffered;
    Ssend_init Ssend_init_c Synchronous;
    Rsend_init Rsend_init_c Standard;
}

/// Functions that exist once per count type.
macro_rules! both_counts {
    ($count:ty; $recv:ident $irecv:ident $recv_init:ident $mrecv:ident $imrecv:ident
        $sendrecv:ident $replace:ident $isendrecv:ident $ireplace:ident) => { mpi! {
        /// MPI-4.0 section 3.2.4.
        fn $recv(
            buffer: *mut c_void, count: $count, datatype: Datatype, peer: c_int, tag: c_int, comm: Comm,
            status: *mut Status,
        ) {
            given(status).and_then(|()| receive::blocking(message!(buffer, count, datatype, peer, tag, comm), status))
        }
        /// MPI-4.0 section 3.7.2.
        fn $irecv(
            buffer: *mut c_void, count: $count, datatype: Datatype, peer: c_int, tag: c_int, comm: Comm,
            request: *mut Request,
        ) {
            given(request).and_then(|()| receive::nonblocking(message!(buffer, count, datatype, peer, tag, comm), request))
        }
        /// MPI-4.0 section 3.9.
        fn $recv_init(
            buffer: *mut c_void, count: $count, datatype: Datatype, peer: c_int, tag: c_int, comm: Comm,
            request: *mut Request,
        ) {
            given(request).and_then(|()| receive::init(message!(buffer, count, datatype, peer, tag, comm), request))
        }
        /// MPI-4.0 section 3.8.3.
        fn $mrecv(buffer: *mut c_void, count: $count, datatype: Datatype, message: *mut Message, status: *mut Status) {
            given(message).and_then(|()| receive::matched(buffer, Count::from(count), datatype, message, status, None))
        }
        /// MPI-4.0 section 3.8.3.
        fn $imrecv(buffer: *mut c_void, count: $count, datatype: Datatype, message: *mut Message, request: *mut Request) {
            given(message).and_then(|()| receive::matched(buffer, Count::from(count), datatype, message, STATUS_IGNORE, Some(request)))
        }
        /// MPI-4.0 section 3.10.
        fn $sendrecv(
            sbuffer: *const c_void, scount: $count, stype: Datatype, dest: c_int, stag: c_int,
            rbuffer: *mut c_void, rcount: $count, rtype: Datatype, source: c_int, rtag: c_int,
            comm: Comm, status: *mut Status,
        ) {
            let out = message!(sbuffer, scount, stype, dest, stag, comm);
            given(status).and_then(|()| sendrecv::blocking(out, message!(rbuffer, rcount, rtype, source, rtag, comm), status))
        }
        /// MPI-4.0 section 3.10.
        fn $replace(
            buffer: *mut c_void, count: $count, datatype: Datatype, dest: c_int, stag: c_int, source: c_int, rtag: c_int,
            comm: Comm, status: *mut Status,
        ) {
            let out = message!(buffer, count, datatype, dest, stag, comm);
            given(status).and_then(|()| sendrecv::replace(out, message!(buffer, count, datatype, source, rtag, comm), status))
        }
        /// MPI-4.0 section 3.10.
        fn $isendrecv(
            sbuffer: *const c_void, scount: $count, stype: Datatype, dest: c_int, stag: c_int,
            rbuffer: *mut c_void, rcount: $count, rtype: Datatype, source: c_int, rtag: c_int,
            comm: Comm, request: *mut Request,
        ) {
            let out = message!(sbuffer, scount, stype, dest, stag, comm);
            given(request).and_then(|()| sendrecv::nonblocking(out, message!(rbuffer, rcount, rtype, source, rtag, comm), request))
        }
        /// MPI-4.0 section 3.10.
        fn $ireplace(
            buffer: *mut c_void, count: $count, datatype: Datatype, dest: c_int, stag: c_int, source: c_int, rtag: c_int,
            comm: Comm, request: *mut Request,
        ) {
            let out = message!(buffer, count, datatype, dest, stag, comm);
            given(request).and_then(|()| sendrecv::nonblocking_replace(out, message!(buffer, count, datatype, source, rtag, comm), request))
        }
    }};
}

/// None for a null pointer, which the MPI library shall report.
fn given<T>(result: *mut T) -> Option<()> {
    (!result.is_null()).then_some(())
}

trait CastMut {
    fn cast_mut(self) -> *mut c_void;
}
impl CastMut for *mut c_void {
    fn cast_mut(self) -> *mut c_void {
        self
    }
}

both_counts! { c_int; Recv Irecv Recv_init Mrecv Imrecv Sendrecv Sendrecv_replace Isendrecv Isendrecv_replace }
both_counts! { Count; Recv_c Irecv_c Recv_init_c Mrecv_c Imrecv_c Sendrecv_c Sendrecv_replace_c Isendrecv_c Isendrecv_replace_c }

mpi! {
    /// MPI-4.0 section 3.8.1.
    fn Probe(source: c_int, tag: c_int, comm: Comm, status: *mut Status) {
        given(status).and_then(|()| probe::wait(source, tag, comm, status))
    }
    /// MPI-4.0 section 3.8.1.
    fn Iprobe(source: c_int, tag: c_int, comm: Comm, flag: *mut c_int, status: *mut Status) {
        given(flag).and(given(status)).and_then(|()| probe::test(source, tag, comm, flag, status))
    }
    /// MPI-4.0 section 3.8.2.
    fn Mprobe(source: c_int, tag: c_int, comm: Comm, message: *mut Message, status: *mut Status) {
        given(message).and(given(status)).and_then(|()| probe::wait_and_take(source, tag, comm, message, status))
    }
    /// MPI-4.0 section 3.8.2.
    fn Improbe(source: c_int, tag: c_int, comm: Comm, flag: *mut c_int, message: *mut Message, status: *mut Status) {
        given(flag).and(given(message).and(given(status))).and_then(|()| probe::test_and_take(source, tag, comm, flag, message, status))
    }
}
