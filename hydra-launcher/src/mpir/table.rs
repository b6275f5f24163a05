//! The variables and the function of the interface.

#![allow(non_upper_case_globals, non_camel_case_types, non_snake_case, reason = "the interface gives these names")]

use super::Process;
use std::ffi::{CString, c_char, c_int};
use std::ptr::{addr_of_mut, null};

/// One rank.
#[repr(C)]
#[derive(Debug)]
pub struct MPIR_PROCDESC {
    host_name: *const c_char,
    executable_name: *const c_char,
    pid: c_int,
}

/// The ranks, in the order of MPI_COMM_WORLD.
#[used]
#[unsafe(no_mangle)]
static mut MPIR_proctable: *const MPIR_PROCDESC = null();

/// Their number.
#[used]
#[unsafe(no_mangle)]
static mut MPIR_proctable_size: c_int = 0;

/// 0, [`SPAWNED`] or [`ABORTING`].
#[used]
#[unsafe(no_mangle)]
static mut MPIR_debug_state: c_int = 0;

/// Why the job is ended.
#[used]
#[unsafe(no_mangle)]
static mut MPIR_debug_abort_string: *const c_char = null();

/// Set by the tool.
#[used]
#[unsafe(no_mangle)]
static mut MPIR_being_debugged: c_int = 0;

/// Its existence says that this process is no rank.
#[used]
#[unsafe(no_mangle)]
static mut MPIR_i_am_starter: c_int = 0;

/// Its existence says that a tool need not attach to all ranks.
#[used]
#[unsafe(no_mangle)]
static mut MPIR_partial_attach_ok: c_int = 0;

const SPAWNED: c_int = 1;
const ABORTING: c_int = 2;

/// Where tools stop the launcher.
#[inline(never)]
#[unsafe(no_mangle)]
pub extern "C" fn MPIR_Breakpoint() {
    // SAFETY: does nothing; the compiler must believe that it might, or it leaves out the calls.
    unsafe { std::arch::asm!("nop") };
}

/// Shows the ranks, in order, to whoever looks on.
pub fn publish(processes: &[Process]) {
    let table: Vec<MPIR_PROCDESC> = processes
        .iter()
        .map(|process| MPIR_PROCDESC {
            host_name: lasting(&process.host),
            executable_name: lasting(&process.program),
            pid: process.pid,
        })
        .collect();
    // It may be read as long as the launcher lives.
    let table = Vec::leak(table);
    // SAFETY: only this thread writes these variables, and nobody in this process reads them.
    unsafe {
        addr_of_mut!(MPIR_proctable).write_volatile(table.as_ptr());
        addr_of_mut!(MPIR_proctable_size).write_volatile(table.len() as c_int);
        addr_of_mut!(MPIR_debug_state).write_volatile(SPAWNED);
    }
    MPIR_Breakpoint();
}

/// Whether a tool has announced itself.
pub fn is_being_debugged() -> bool {
    // SAFETY: the tool may write the variable at any time; it is one aligned word.
    unsafe { addr_of_mut!(MPIR_being_debugged).read_volatile() != 0 }
}

/// Tells a tool why the job is being ended.
pub fn aborting(why: &str) {
    // SAFETY: as in `publish`.
    unsafe {
        addr_of_mut!(MPIR_debug_abort_string).write_volatile(lasting(why));
        addr_of_mut!(MPIR_debug_state).write_volatile(ABORTING);
    }
    MPIR_Breakpoint();
}

fn lasting(text: &str) -> *const c_char {
    CString::new(text.replace('\0', "?")).map_or(null(), |text| text.into_raw().cast_const())
}
