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
        Session_finalize File_close File_sync;
    (a b):
        Comm_join File_set_size File_preallocate File_set_atomicity;
    (a b c):
        Parrived File_seek_shared File_read_at_all_end File_write_at_all_end File_read_all_end
        File_write_all_end File_read_ordered_end File_write_ordered_end;
    (a b c d):
        File_read_all_begin File_write_all_begin File_read_ordered_begin File_write_ordered_begin
        File_read_all_begin_c File_read_ordered_begin_c File_write_all_begin_c File_write_ordered_begin_c;
    (a b c d e):
        Comm_accept Comm_connect File_open File_read_all File_write_all File_read_shared
        File_write_shared File_read_ordered File_write_ordered File_read_at_all_begin File_write_at_all_begin
        File_read_all_c File_read_at_all_begin_c File_read_ordered_c File_read_shared_c File_write_all_c
        File_write_at_all_begin_c File_write_ordered_c File_write_shared_c;
    (a b c d e f):
        File_set_view File_read_at_all File_write_at_all
        File_read_at_all_c File_write_at_all_c;
    (a b c d e f g h):
        Comm_spawn;
    (a b c d e f g h i):
        Comm_spawn_multiple;
}

passing! { later;
    (a b c d e):
        File_iread File_iwrite File_iread_shared File_iwrite_shared File_iread_all File_iwrite_all File_iread_c
        File_iread_all_c File_iread_shared_c File_iwrite_c File_iwrite_all_c File_iwrite_shared_c Grequest_start;
    (a b c d e f):
        File_iread_at File_iwrite_at File_iread_at_all File_iwrite_at_all File_iread_at_c
        File_iread_at_all_c File_iwrite_at_c File_iwrite_at_all_c;
    (a b c d e f g h i):
        Psend_init Precv_init;
}
