//! Initialisation and the end (MPI-4.0 chapter 11), attached buffers, datatypes that go away.

use super::mpi;
use crate::abi::*;
use crate::{background, buffered, communicator, completion, datatype, engine, job, report, stats};
use core::ffi::{c_char, c_int, c_void};
use core::sync::atomic::{AtomicBool, Ordering};

/// Whether the program has opened sessions, which may outlive MPI_Finalize.
static SESSIONS: AtomicBool = AtomicBool::new(false);

/// Starts the MPI library between showing this rank and looking for the others.
fn initialise(threads: bool, start: impl FnOnce() -> c_int) -> c_int {
    report::begin();
    job::announce(threads);
    let code = start();
    if code == SUCCESS && job::current().is_none()
        && let Some(job) = job::join() {
            let mut provided = 0;
            // SAFETY: the library is initialised; the level goes to a local.
            let asked = unsafe { crate::real::Query_thread(&mut provided) };
            // In a session without MPI_Init nobody may ask: be ready for threads.
            engine::install(job, asked != SUCCESS || provided == THREAD_MULTIPLE);
            communicator::install(job);
        }
    code
}

/// After MPI_Init and MPI_Init_thread.
fn world_model(code: c_int) -> c_int {
    if code == SUCCESS {
        communicator::enter_world_model();
        if engine::is_active() {
            datatype::appoint();
        }
    }
    code
}

mpi! {
    /// MPI-4.0 section 11.2.1.
    fn Init(argc: *mut c_int, argv: *mut *mut *mut c_char) {
        // SAFETY: the program's arguments.
        Some(world_model(initialise(false, || unsafe { real(argc, argv) })))
    }

    /// MPI-4.0 section 11.2.1.
    fn Init_thread(argc: *mut c_int, argv: *mut *mut *mut c_char, required: c_int, provided: *mut c_int) {
        // SAFETY: the program's arguments.
        Some(world_model(initialise(required == THREAD_MULTIPLE, || unsafe { real(argc, argv, required, provided) })))
    }

    /// MPI-4.0 section 11.3.1.
    fn Session_init(info: Info, handler: Errhandler, session: *mut Session) {
        SESSIONS.store(true, Ordering::Relaxed);
        // SAFETY: the program's arguments.
        Some(initialise(true, || unsafe { real(info, handler, session) }))
    }

    /// MPI-4.0 section 11.2.2: freed sends must have left the program's memory first.
    fn Finalize() {
        completion::wait_until(None, || {
            let mut let_go = true;
            engine::each(|engine| let_go &= engine.has_let_go());
            let_go
        });
        background::stop();
        if let Some(job) = job::current() {
            job.note_asleep();
        }
        stats::print();
        report::send();
        datatype::dismiss();
        if !SESSIONS.load(Ordering::Relaxed) {
            engine::retire(); // calls from here on are errors, which the library reports
        }
        None
    }

    /// MPI-4.0 section 3.6.
    fn Buffer_attach(buffer: *mut c_void, size: c_int) {
        // SAFETY: the program's arguments.
        let code = unsafe { real(buffer, size) };
        if code == SUCCESS {
            buffered::attach(size as usize);
        }
        Some(code)
    }

    /// MPI-4.0 section 3.6, large counts.
    fn Buffer_attach_c(buffer: *mut c_void, size: Count) {
        // SAFETY: the program's arguments.
        let code = unsafe { real(buffer, size) };
        if code == SUCCESS {
            buffered::attach(size as usize);
        }
        Some(code)
    }

    /// MPI-4.0 section 3.6: waits until all buffered messages have been fetched.
    fn Buffer_detach(buffer: *mut c_void, size: *mut c_int) {
        completion::wait_until(None, buffered::is_empty);
        buffered::detach();
        None
    }

    /// MPI-4.0 section 3.6, large counts.
    fn Buffer_detach_c(buffer: *mut c_void, size: *mut Count) {
        completion::wait_until(None, buffered::is_empty);
        buffered::detach();
        None
    }

    /// MPI-4.0 section 5.1.9.
    fn Type_free(datatype: *mut Datatype) {
        // SAFETY: the program's handle.
        datatype::forget(unsafe { *datatype });
        None
    }
}
