//! Progress while the program is inside a blocking call of the MPI library. A peer whose long message this rank has
//! already posted a receive for waits until this rank fetches it; were this rank to sit in, say, MPI_Barrier, which that
//! peer has yet to reach, neither would go on. So while such a call runs and receives are posted, a thread of this rank
//! takes the mail. Where there are other address spaces it does so, too, if such a call lasts: a peer there may wait for an
//! answer (see `offnode`); and at once if they can reach a window of this rank.

use crate::collective;
use crate::engine;
use crate::job;
use crate::library;
use crate::polling;
use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::OnceLock;
use std::thread::Thread;
use std::time::Duration;

/// What the thread should do, and what it does.
static WANTED: AtomicU32 = AtomicU32::new(REST);
static DOING: AtomicU32 = AtomicU32::new(REST);
const REST: u32 = 0;
const WORK: u32 = 1;
const END: u32 = 2;

/// A call that lasts longer than this gets the thread even if no receive is posted.
const CALL_LASTS: Duration = Duration::from_millis(50);
const LONGEST_SLEEP: Duration = Duration::from_millis(10);
/// With several address spaces: from ... to.
const SHORTEST_SLEEP: Duration = Duration::from_micros(20);
const LONGEST_SPREAD_SLEEP: Duration = Duration::from_micros(500);

static THREAD: OnceLock<Option<Thread>> = OnceLock::new();

/// Runs a call of the MPI library that may block, with progress of the shim meanwhile if a peer may need it; and before,
/// for calls that a program repeats until something happens.
#[inline]
pub fn during(call: impl FnOnce() -> i32) -> i32 {
    collective::progress();
    let mut receives_wait = collective::is_pending();
    engine::each(|engine| {
        engine.progress();
        receives_wait |= engine.posted > 0 || !engine.halved.is_empty() || engine.has_windows_away();
    });
    let spread = job::current().is_some_and(job::Job::is_spread) && engine::is_active();
    let code = polling::inside(|| if receives_wait || spread { with_thread(receives_wait, call) } else { call() });
    library::note_call();
    code
}

/// `now`: the thread is woken; or else it comes by itself, if the call takes long.
#[cold]
fn with_thread(now: bool, call: impl FnOnce() -> i32) -> i32 {
    let Some(thread) = THREAD.get_or_init(spawn) else { return call() };
    let was_shared = engine::set_shared(true);
    WANTED.fetch_add(WORK << 8, Ordering::SeqCst); // several threads of the program may be inside such calls
    if now {
        thread.unpark();
    }
    let code = call();
    let others = WANTED.fetch_sub(WORK << 8, Ordering::SeqCst) >> 8 > 1;
    if !others && !was_shared {
        // The engine is this thread's alone again once the other one rests.
        while DOING.load(Ordering::SeqCst) == WORK {
            if let Some(job) = job::current() {
                job.own().bell.wake();
            }
            std::thread::yield_now();
        }
        engine::set_shared(false);
    }
    code
}

fn spawn() -> Option<Thread> {
    let builder = std::thread::Builder::new().name("pip-mpi".to_owned()).stack_size(256 << 10);
    match builder.spawn(run) {
        Ok(handle) => Some(handle.thread().clone()),
        Err(error) => {
            eprintln!("pip-mpi: no thread for background progress: {error}; a program that enters collective calls with \
                       receives posted may hang (ulimit -u limits the number of threads)");
            None
        }
    }
}

fn wanted() -> bool {
    WANTED.load(Ordering::SeqCst) >> 8 > 0
}

fn run() {
    // The program's signals are not this thread's affair.
    // SAFETY: blocks signals in this thread only.
    unsafe {
        let mut all = core::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, core::ptr::null_mut());
    }
    let spread = job::current().is_some_and(job::Job::is_spread);
    let rest = if spread { CALL_LASTS } else { Duration::from_secs(1) };
    while WANTED.load(Ordering::SeqCst) & 0xff != END {
        std::thread::park_timeout(rest);
        if !wanted() {
            continue;
        }
        DOING.store(WORK, Ordering::SeqCst);
        let mut limit = SHORTEST_SLEEP;
        while wanted() {
            if engine::progress() {
                limit = SHORTEST_SLEEP;
                continue;
            }
            let Some(job) = job::current() else { break };
            let ready = || engine::progress() || !wanted();
            // Nothing rings for what comes from other address spaces.
            job.own().bell.sleep(job.fences, if spread { limit } else { LONGEST_SLEEP }, None, ready);
            limit = (limit * 2).min(LONGEST_SPREAD_SLEEP);
        }
        DOING.store(REST, Ordering::SeqCst);
    }
}

/// Before MPI_Finalize: the thread ends.
pub fn stop() {
    if let Some(Some(thread)) = THREAD.get() {
        WANTED.fetch_or(END, Ordering::SeqCst);
        thread.unpark();
    }
}
