//! Initialisation and the end (MPI-4.0 chapter 11), attached buffers, datatypes that go away.

use super::mpi;
use crate::abi::*;
use crate::{background, buffered, collective, communicator, completion, datatype, engine, job, offnode, one_node, polling, report, stats};
use core::ffi::{c_char, c_int, c_void};
use core::sync::atomic::{AtomicBool, Ordering};

/// Whether the program has opened sessions, which may outlive MPI_Finalize.
static SESSIONS: AtomicBool = AtomicBool::new(false);

/// Starts the MPI library between showing this rank and looking for the others. `world`: by MPI_Init or MPI_Init_thread.
fn initialise(threads: bool, world: bool, start: impl FnOnce() -> c_int) -> c_int {
    report::begin();
    job::announce(threads);
    let code = one_node::hidden(|| polling::inside(start));
    // To find ranks in other address spaces is collective, and a session is not.
    let may_look = world || !job::is_spread();
    if code == SUCCESS && may_look && job::current().is_none()
        && let Some(job) = job::join(!SESSIONS.load(Ordering::Relaxed)) {
            if job.is_spread() {
                offnode::open();
            }
            engine::install(job, has_threads());
            communicator::install(job);
        }
    code
}

/// Whether several threads of the program may call MPI at once.
fn has_threads() -> bool {
    if let Some(level) = offnode::thread_level() {
        return level == THREAD_MULTIPLE;
    }
    let mut provided = 0;
    // SAFETY: the library is initialised; the level goes to a local.
    let asked = unsafe { crate::real::Query_thread(&mut provided) };
    // In a session without MPI_Init nobody may ask: be ready for threads.
    asked != SUCCESS || provided == THREAD_MULTIPLE
}

/// MPI_Init_thread, in a job with several address spaces for a thread of the shim beside the program's: it looks for messages
/// of other spaces while the program is in the library. Returns the level that the program gets, or the error.
fn start_spread(argc: *mut c_int, argv: *mut *mut *mut c_char, wanted: c_int) -> Result<c_int, c_int> {
    offnode::provide(wanted, |level, provided| {
        // SAFETY: the program's arguments; the level goes to a local.
        unsafe { crate::real::Init_thread(argc, argv, level, provided) }
    })
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

/// The level of threads that MPI_Init stands for.
fn default_level() -> c_int {
    let named = std::env::var("MPIR_CVAR_DEFAULT_THREAD_LEVEL").unwrap_or_default();
    let levels = ["MPI_THREAD_SINGLE", "MPI_THREAD_FUNNELED", "MPI_THREAD_SERIALIZED", "MPI_THREAD_MULTIPLE"];
    levels.iter().position(|level| *level == named).unwrap_or(0) as c_int
}

/// What the program's pointer to a handle leads to.
fn given<'a>(handle: *mut c_int) -> Option<&'a mut c_int> {
    // SAFETY: the program's handle, or null, which the library reports.
    unsafe { handle.as_mut() }
}

/// An operation or a datatype that calls in the background need is freed when they are over.
fn freed_later(handle: *mut c_int, null: c_int) -> Option<c_int> {
    let handle = given(handle).filter(|handle| collective::is_kept(**handle))?;
    *handle = null;
    Some(SUCCESS)
}

mpi! {
    /// MPI-4.0 section 11.2.1.
    fn Init(argc: *mut c_int, argv: *mut *mut *mut c_char) {
        let spread = job::is_spread();
        let level = default_level();
        Some(world_model(initialise(level == THREAD_MULTIPLE, true, || match spread {
            true => start_spread(argc, argv, level).err().unwrap_or(SUCCESS),
            // SAFETY: the program's arguments.
            false => unsafe { real(argc, argv) },
        })))
    }

    /// MPI-4.0 section 11.2.1.
    fn Init_thread(argc: *mut c_int, argv: *mut *mut *mut c_char, required: c_int, provided: *mut c_int) {
        let spread = job::is_spread() && !provided.is_null() && (0..=THREAD_MULTIPLE).contains(&required);
        Some(world_model(initialise(required == THREAD_MULTIPLE, true, || match spread {
            true => match start_spread(argc, argv, required) {
                Ok(level) => {
                    // SAFETY: the program's place for the result.
                    unsafe { *provided = level };
                    SUCCESS
                }
                Err(code) => code,
            },
            // SAFETY: the program's arguments.
            false => unsafe { real(argc, argv, required, provided) },
        })))
    }

    /// MPI-4.0 section 11.6.
    fn Query_thread(provided: *mut c_int) {
        offnode::thread_level().filter(|_| !provided.is_null()).map(|level| {
            // SAFETY: the program's place for the result.
            unsafe { *provided = level };
            SUCCESS
        })
    }

    /// MPI-4.0 section 11.3.1.
    fn Session_init(info: Info, handler: Errhandler, session: *mut Session) {
        SESSIONS.store(true, Ordering::Relaxed);
        // SAFETY: the program's arguments.
        Some(initialise(true, false, || unsafe { real(info, handler, session) }))
    }

    /// MPI-4.0 section 11.2.2: freed sends must have left the program's memory first.
    fn Finalize() {
        // Messages of sessions may go on.
        let closing = !SESSIONS.load(Ordering::Relaxed);
        completion::wait_until(None, || {
            let mut let_go = true;
            engine::each(|engine| let_go &= engine.has_let_go() && (!closing || engine.is_quiet_away()));
            let_go
        });
        if closing {
            offnode::quiet();
        }
        background::stop();
        if let Some(job) = job::current() {
            job.note_asleep();
        }
        stats::print();
        report::send();
        datatype::dismiss();
        if closing {
            offnode::close();
            engine::retire(); // calls from here on are errors, which the library reports
        }
        None
    }

    /// MPI-4.0 section 15.3.4: may be the first that reads the library's settings.
    fn T_init_thread(required: c_int, provided: *mut c_int) {
        // SAFETY: the program's arguments.
        Some(one_node::hidden(|| unsafe { real(required, provided) }))
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
        let kept = freed_later(datatype, DATATYPE_NULL);
        if let (None, Some(&mut handle)) = (kept, given(datatype)) {
            datatype::forget(handle);
        }
        kept
    }

    /// MPI-4.0 section 6.9.7.
    fn Op_free(op: *mut Op) {
        freed_later(op, OP_NULL)
    }
}
