//! The beginning of a task: its libpip initialises it before the libraries of its program, and calls a named function
//! instead of main where the spawn asked for one.

use crate::messages;
use crate::next::next;
use pip_core::Mode;
use pip_core::current::{Current, current, has_foreign_root};
use pip_core::registry::Loading;
use pip_core::symbols::{self, Symbol};
use pip_core::{exit_is_hooked, faults};
use std::ffi::{c_char, c_int, c_void};
use std::sync::atomic::{AtomicUsize, Ordering};

#[used]
#[unsafe(link_section = ".init_array")]
static INITIALISE: extern "C" fn() = initialise;

extern "C" fn initialise() {
    let Some(task) = current() else {
        if has_foreign_root() {
            messages::error(
                "libpip.so and the root are of different versions, so this program runs as no task: install both anew",
            );
        }
        return;
    };
    let entry = task.entry();
    // SAFETY: cannot fail; atexit takes a function of the right type.
    unsafe {
        entry.handle.store(libc::pthread_self() as usize, Ordering::Release);
        libc::atexit(announce_exit);
    }
    match task.registry().mode() {
        Mode::Process => {
            faults::install_in_task(task.registry(), task.id());
            crate::debugging::prepare();
        }
        Mode::Thread if !exit_is_hooked() => {
            messages::error(
                "this C library's _exit is not known, so the task would end all others; use PIP_MODE=process",
            );
            // SAFETY: ends this thread alone; nothing of the program ran yet.
            unsafe { libc::syscall(libc::SYS_exit, 127) };
        }
        Mode::Thread => crate::threads::prepare(entry),
    }
    if entry.start_function().is_none() {
        entry.report(Loading::Done);
    }
}

/// Runs last of all exit handlers, since it was registered first.
extern "C" fn announce_exit() {
    if let Some(task) = current() {
        task.entry().announce_regular_exit();
    }
}

type Main = extern "C-unwind" fn(c_int, *mut *mut c_char, *mut *mut c_char) -> c_int;
type Handler = Option<extern "C" fn()>;
type Start =
    unsafe extern "C-unwind" fn(Main, c_int, *mut *mut c_char, Handler, Handler, Handler, *mut c_void) -> c_int;

/// What `_start` of every program calls.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn __libc_start_main(
    main: Main,
    argc: c_int,
    argv: *mut *mut c_char,
    init: Handler,
    fini: Handler,
    rtld_fini: Handler,
    stack_end: *mut c_void,
) -> c_int {
    let real = next!(c"__libc_start_main" as Start);
    let main = match current().filter(|task| task.entry().start_function().is_some()) {
        Some(task) => find_function(task),
        None => main,
    };
    // SAFETY: the arguments as they came, or another function of main's type.
    unsafe { real(main, argc, argv, init, fini, rtld_fini, stack_end) }
}

static FUNCTION: AtomicUsize = AtomicUsize::new(0);

/// Looks for the start function and tells the root whether there is one.
fn find_function(task: Current) -> Main {
    let entry = task.entry();
    let Some((name, _)) = entry.start_function() else { return fail };
    let (address, found) = match symbols::find(entry, name, true) {
        Symbol::Global(address) => (address, Loading::Done),
        Symbol::Local(address) => {
            let program = entry.program().unwrap_or_default().to_string_lossy();
            messages::warn(&format!("{program}: function '{}' is a local symbol", name.to_string_lossy()));
            (address, Loading::Done)
        }
        Symbol::None => (0, Loading::NoFunction),
        Symbol::Many => (0, Loading::ManyFunctions),
    };
    FUNCTION.store(address, Ordering::Release);
    entry.report(found);
    if address == 0 { fail } else { call_function }
}

/// In the place of main.
extern "C-unwind" fn call_function(_: c_int, _: *mut *mut c_char, _: *mut *mut c_char) -> c_int {
    let argument =
        current().and_then(|task| task.entry().start_function()).map_or(std::ptr::null_mut(), |start| start.1);
    type Function = extern "C-unwind" fn(*mut c_void) -> c_int;
    // SAFETY: the address of the function that the spawn named; that it has this type is the caller's of spawn to know.
    let function = unsafe { std::mem::transmute::<usize, Function>(FUNCTION.load(Ordering::Acquire)) };
    function(argument)
}

/// There is no such function: the root gives the error, and the task has nothing to do.
extern "C-unwind" fn fail(_: c_int, _: *mut *mut c_char, _: *mut *mut c_char) -> c_int {
    // SAFETY: ends the task.
    unsafe { libc::_exit(127) }
}
