//! Thread mode: keeps note of the threads a task makes beside its first, so that they end with the task.

use crate::next::next;
use pip_core::current::current;
use pip_core::registry::Entry;
use pip_core::{EXPECTED, ThreadTable};
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
    /// Its place in the table; beyond the end if there was none.
    place: usize,
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
    let start = Box::into_raw(Box::new(Start { body, argument, place: reserve() }));
    // SAFETY: as above; the new thread takes the box.
    let result = unsafe { real(thread, attributes, begin, start.cast()) };
    if result != 0 {
        // SAFETY: no thread was made, so the box is still ours.
        let start = unsafe { Box::from_raw(start) };
        if let Some(place) = TABLE.get(start.place) {
            place.store(0, Ordering::Release);
        }
    }
    result
}

/// The thread's first function. Nothing here needs dropping when the thread is cancelled or calls pthread_exit: it unwinds
/// through this frame.
extern "C-unwind" fn begin(start: *mut c_void) -> *mut c_void {
    // SAFETY: the box that pthread_create made for this thread.
    let Start { body, argument, place } = *unsafe { Box::from_raw(start.cast::<Start>()) };
    note(place);
    body(argument)
}

/// A place for a thread that is about to be made: it counts before it runs.
fn reserve() -> usize {
    let free = |place: &&AtomicI32| {
        let noted = place.load(Ordering::Relaxed);
        (noted == 0 || (noted < 0 && is_gone(-noted)))
            && place.compare_exchange(noted, EXPECTED, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    };
    TABLE.iter().position(|place| free(&place)).unwrap_or(usize::MAX)
}

/// The new thread says who it is, and leaves if the task is ending already.
fn note(index: usize) {
    let Some(place) = TABLE.get(index) else { return };
    // SAFETY: system calls without memory; the key was made before the first note, and its value is no pointer, only not null.
    unsafe {
        place.store(libc::gettid(), Ordering::Release);
        if current().is_some_and(|task| task.entry().is_ending()) {
            libc::syscall(libc::SYS_exit, 0);
        }
        libc::pthread_setspecific(KEY.load(Ordering::Relaxed), (index + 1) as *const c_void);
    }
}

fn is_gone(thread: c_int) -> bool {
    // SAFETY: signal 0 only asks.
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, 0) != 0 }
}

/// The thread is ending by itself. It still runs on its stack, so the note stays until the kernel knows it no more.
unsafe extern "C" fn forget(index: *mut c_void) {
    if let Some(place) = TABLE.get((index as usize).wrapping_sub(1)) {
        place.store(-place.load(Ordering::Relaxed).abs(), Ordering::Release);
    }
}

type Mask = unsafe extern "C" fn(c_int, *const libc::sigset_t, *mut libc::sigset_t) -> c_int;

/// In a thread-mode task: `set` without the signal that ends its threads, which must not be blocked.
///
/// # Safety
/// `set` is null or valid.
unsafe fn without_end_signal(how: c_int, set: *const libc::sigset_t) -> Option<libc::sigset_t> {
    if how == libc::SIG_UNBLOCK || set.is_null() || !NOTING.load(Ordering::Acquire) {
        return None;
    }
    // SAFETY: the caller's promise.
    unsafe {
        let mut copy = *set;
        libc::sigdelset(&mut copy, pip_core::END_SIGNAL);
        Some(copy)
    }
}

/// `pthread_sigmask` of the task's libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pthread_sigmask(how: c_int, set: *const libc::sigset_t, old: *mut libc::sigset_t) -> c_int {
    let real = next!(c"pthread_sigmask" as Mask);
    // SAFETY: the C caller's sets, here and below.
    unsafe { real(how, without_end_signal(how, set).as_ref().map_or(set, |copy| copy), old) }
}

/// `sigprocmask` of the task's libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigprocmask(how: c_int, set: *const libc::sigset_t, old: *mut libc::sigset_t) -> c_int {
    let real = next!(c"sigprocmask" as Mask);
    // SAFETY: as above.
    unsafe { real(how, without_end_signal(how, set).as_ref().map_or(set, |copy| copy), old) }
}
