//! Thread mode: keeps note of the threads a task makes beside its first, so that they end with the task.

use crate::next::next;
use pip_core::ThreadTable;
use pip_core::registry::Entry;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};

static TABLE: ThreadTable = [const { AtomicI32::new(0) }; 1024];
static NOTING: AtomicBool = AtomicBool::new(false);
static KEY: AtomicU32 = AtomicU32::new(0);

/// Begins to note threads, in a thread-mode task.
pub fn prepare(entry: &Entry) {
    let mut key = 0;
    // SAFETY: a local to fill; the destructor has the right type.
    if unsafe { libc::pthread_key_create(&mut key, Some(forget)) } == 0 {
        KEY.store(key, Ordering::Relaxed);
        entry.set_threads(&TABLE);
        NOTING.store(true, Ordering::Release);
    }
}

type Body = extern "C-unwind" fn(*mut c_void) -> *mut c_void;
type Create = unsafe extern "C" fn(*mut libc::pthread_t, *const libc::pthread_attr_t, Body, *mut c_void) -> c_int;

struct Start {
    body: Body,
    argument: *mut c_void,
}

/// `pthread_create` of the task's libc, with a note of the thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pthread_create(
    thread: *mut libc::pthread_t,
    attributes: *const libc::pthread_attr_t,
    body: Body,
    argument: *mut c_void,
) -> c_int {
    let real = next!(c"pthread_create" as Create);
    if !NOTING.load(Ordering::Acquire) {
        // SAFETY: the arguments as they came.
        return unsafe { real(thread, attributes, body, argument) };
    }
    let start = Box::into_raw(Box::new(Start { body, argument }));
    // SAFETY: as above; the new thread takes the box.
    let result = unsafe { real(thread, attributes, begin, start.cast()) };
    if result != 0 {
        // SAFETY: no thread was made, so the box is still ours.
        drop(unsafe { Box::from_raw(start) });
    }
    result
}

/// The thread's first function. Nothing here needs dropping when the thread is cancelled or calls pthread_exit: it unwinds
/// through this frame.
extern "C-unwind" fn begin(start: *mut c_void) -> *mut c_void {
    // SAFETY: the box that pthread_create made for this thread.
    let Start { body, argument } = *unsafe { Box::from_raw(start.cast::<Start>()) };
    note();
    body(argument)
}

fn note() {
    // SAFETY: cannot fail.
    let own = unsafe { libc::gettid() };
    for (index, place) in TABLE.iter().enumerate() {
        if place.compare_exchange(0, own, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            // SAFETY: the key was made before the first note; the value is no pointer, only not null.
            unsafe { libc::pthread_setspecific(KEY.load(Ordering::Relaxed), (index + 1) as *const c_void) };
            return;
        }
    }
}

/// The thread ends by itself.
unsafe extern "C" fn forget(index: *mut c_void) {
    if let Some(place) = TABLE.get((index as usize).wrapping_sub(1)) {
        place.store(0, Ordering::Release);
    }
}
