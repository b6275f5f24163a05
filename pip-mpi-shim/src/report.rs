//! What a rank contributes to `pip-mpiexec -report`: its time in MPI by function, and its messages by peer, way and size. Kept only
//! if the launcher asks for it (PIP_MPI_REPORT=1): a clock is then put where a profiling tool's function would be, so that
//! nothing is paid for otherwise but a look at one pointer a message.

use crate::real::Function;
use crate::{engine, pmi, stats};
use core::cell::Cell;
use core::ffi::c_int;
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering::Relaxed};
use std::fmt::Write as _;
use std::ptr::null_mut;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

/// Upper ends of the classes of sizes in bytes; one more class has no end.
pub const CLASSES: [usize; 6] = [64, 528, 4 << 10, 16 << 10, 64 << 10, 1 << 20];

/// Which way a message went.
#[derive(Debug, Clone, Copy)]
#[repr(usize)]
pub enum Way {
    /// Copied through the receiver's mailbox.
    Mailbox,
    /// Offered: the receiver copies from the sender's buffer, or both do.
    Offered,
}

/// Their names in the report, by number.
const WAYS: [&str; 2] = ["mailbox", "offered"];

/// What was sent one way to one peer.
#[derive(Debug, Default)]
struct Sent {
    bytes: AtomicU64,
    messages: [AtomicU64; CLASSES.len() + 1],
}

/// Everything kept of a rank that reports.
#[derive(Debug)]
struct Report {
    begun: Instant,
    /// By peer and way.
    sent: Vec<[Sent; WAYS.len()]>,
    functions: Mutex<Vec<&'static Function>>,
}

/// Null without report.
static REPORT: AtomicPtr<Report> = AtomicPtr::new(null_mut());

/// How often a function was called, and how long that took.
#[derive(Debug)]
pub struct Calls {
    count: AtomicU64,
    nanoseconds: AtomicU64,
}

impl Calls {
    /// None yet.
    pub const fn new() -> Calls {
        Calls { count: AtomicU64::new(0), nanoseconds: AtomicU64::new(0) }
    }
}

/// Whether the launcher asks for a report.
pub fn is_wanted() -> bool {
    static WANTED: OnceLock<bool> = OnceLock::new();
    *WANTED.get_or_init(|| std::env::var_os("PIP_MPI_REPORT").is_some_and(|value| value == "1"))
}

/// Whether a report is being kept.
#[inline(always)]
pub fn is_running() -> bool {
    !REPORT.load(Relaxed).is_null()
}

/// Begins the report, if one is wanted and none has begun: before the MPI library is started.
pub fn begin() {
    let size = std::env::var("PMI_SIZE").ok().and_then(|size| size.parse().ok()).unwrap_or(1usize);
    if is_running() || !is_wanted() || size > 1 << 20 {
        return;
    }
    let sent = (0..size).map(|_| Default::default()).collect();
    let report = Box::new(Report { begun: Instant::now(), sent, functions: Mutex::default() });
    // Never freed: other threads may be in MPI until the end.
    REPORT.store(Box::into_raw(report), Relaxed);
}

/// Counts a message.
#[inline(always)]
pub fn sent(way: Way, world: u32, bytes: usize) {
    let report = REPORT.load(Relaxed);
    if !report.is_null() {
        count(report, way, world, bytes);
    }
}

#[cold]
#[inline(never)]
fn count(report: *const Report, way: Way, world: u32, bytes: usize) {
    // SAFETY: made by `begin`, and never freed.
    let report = unsafe { &*report };
    let Some(sent) = report.sent.get(world as usize).map(|ways| &ways[way as usize]) else { return };
    sent.bytes.fetch_add(bytes as u64, Relaxed);
    let class = CLASSES.iter().position(|&end| bytes <= end).unwrap_or(CLASSES.len());
    sent.messages[class].fetch_add(1, Relaxed);
}

thread_local! {
    /// Whether the thread is in an MPI function: those that the library calls itself are its own time.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Leaves the function, also where an error handler throws.
struct Inside;

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(false);
    }
}

/// Calls an MPI function with a clock around it.
pub fn timed(function: &'static Function, call: impl FnOnce() -> c_int) -> c_int {
    if INSIDE.replace(true) {
        return call();
    }
    let inside = Inside;
    let start = Instant::now();
    let code = call();
    let calls = &function.calls;
    calls.nanoseconds.fetch_add(start.elapsed().as_nanos() as u64, Relaxed);
    if calls.count.fetch_add(1, Relaxed) == 0 {
        // SAFETY: null, or made by `begin` and never freed.
        if let Some(report) = unsafe { REPORT.load(Relaxed).as_ref() } {
            report.functions.lock().unwrap_or_else(PoisonError::into_inner).push(function);
        }
    }
    drop(inside);
    code
}

/// Hands the report over: in MPI_Finalize, before the MPI library ends its connection with the launcher.
pub fn send() {
    // SAFETY: null, or made by `begin` and never freed.
    if let Some(report) = unsafe { REPORT.load(Relaxed).as_ref() } {
        pmi::report(&report.text());
    }
}

impl Report {
    /// Records that end with `;`, of fields between commas: `time,NS` from MPI_Init to MPI_Finalize; `call,NAME,COUNT,NS`;
    /// `sent,WAY,PEER,BYTES,COUNT...` with the counts by class of size; `tally,NAME,MESSAGES,BYTES`.
    fn text(&self) -> String {
        let mut text = format!("time,{};", self.begun.elapsed().as_nanos());
        for function in self.functions.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let Calls { count, nanoseconds } = &function.calls;
            let _ = write!(text, "call,{},{},{};", function.name(), count.load(Relaxed), nanoseconds.load(Relaxed));
        }
        for (peer, ways) in self.sent.iter().enumerate() {
            for (way, sent) in WAYS.iter().zip(ways) {
                let counts = sent.messages.each_ref().map(|count| count.load(Relaxed));
                if counts.iter().any(|&count| count > 0) {
                    let _ = write!(text, "sent,{way},{peer},{}", sent.bytes.load(Relaxed));
                    counts.iter().for_each(|count| _ = write!(text, ",{count}"));
                    text.push(';');
                }
            }
        }
        let mut all = stats::Stats::default();
        engine::each(|engine| all.add(&engine.stats));
        for (name, messages, bytes) in all.tallies() {
            let _ = write!(text, "tally,{name},{messages},{bytes};");
        }
        text
    }
}
