//! How a rank waits: it spins, then yields, then sleeps on its bell. While more ranks are awake than there are cores it
//! sleeps at once. `PIP_MPI_WAIT` makes it do one of the three only.
//!
//! Who wakes a rank counts it as awake at once, not the rank itself when it gets a core: until then others would take that
//! core for free and spin.
//!
//! Who sends looks at the receiver's bell after publishing, and the receiver publishes that it sleeps before it looks for
//! mail once more. One of the two must see the other, which takes a full barrier on both sides. The sender's would cost
//! every message tens of cycles, so a receiver that goes to sleep issues it for all with membarrier(2), which reaches all
//! threads of the address space. Where ranks sleep all the time (more of them than cores), senders fence instead.

mod futex;

use crate::engine::{self, Lane};
use crate::job::{Block, Job};
use crate::library;
use crate::tunables::{self, Wait};
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering, compiler_fence, fence};
use std::time::Duration;

/// What peers must do besides storing a message, on a cache line that is seldom written.
#[derive(Debug, Default)]
#[repr(C, align(128))]
pub struct Bell {
    /// The futex that threads of the owner sleep on.
    word: AtomicU32,
    /// In the low half the number of threads asleep and whether the rank is not counted as awake, in the high half a bit per
    /// lane in which senders must set marks.
    attention: AtomicU64,
    /// The counter that the owner sleeps on, too, or null.
    gate: AtomicPtr<AtomicU64>,
}

/// A counter that all ranks of a communicator may wait for: see [`open`].
#[derive(Debug, Clone, Copy)]
pub struct Gate<'a> {
    counter: &'a AtomicU64,
    seen: u64,
}

impl<'a> Gate<'a> {
    /// To be made before a look that finds nothing.
    #[inline]
    pub fn at(counter: &'a AtomicU64) -> Gate<'a> {
        Gate { counter, seen: counter.load(Ordering::Acquire) }
    }
}

const SLEEPER: u64 = 1;
const SLEEPERS: u64 = (1 << 31) - 1;
const UNCOUNTED: u64 = 1 << 31;
const fn marks_wanted(lane: Lane) -> u64 {
    1 << (32 + lane)
}

// linux/membarrier.h
const MEMBARRIER_PRIVATE_EXPEDITED: i32 = 1 << 3;
const MEMBARRIER_REGISTER_PRIVATE_EXPEDITED: i32 = 1 << 4;

/// Makes [`Bell::sleep`] possible without fences on the other side; false if this kernel cannot.
pub fn register_membarrier() -> bool {
    membarrier(MEMBARRIER_REGISTER_PRIVATE_EXPEDITED)
}

/// A full memory barrier in every task that runs now, where [`register_membarrier`] succeeded for all.
pub fn fence_everywhere() {
    membarrier(MEMBARRIER_PRIVATE_EXPEDITED);
}

fn membarrier(command: i32) -> bool {
    // SAFETY: no memory is passed.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}

impl Bell {
    /// Sleeps until the bell rings or `limit` has passed, unless `ready` finds after the announcement that there is
    /// nothing to wait for. False if only time has passed. At a gate, where no other thread of the rank may sleep, until that
    /// opens, too.
    pub fn sleep(&self, fences: bool, limit: Duration, gate: Option<Gate<'_>>, ready: impl FnOnce() -> bool) -> bool {
        let gate = gate.filter(|_| futex::can_wait_for_either());
        if let Some(Gate { counter, .. }) = gate {
            self.gate.store(core::ptr::from_ref(counter).cast_mut(), Ordering::Relaxed);
        }
        let seen = self.word.load(Ordering::Acquire);
        self.attention.fetch_add(SLEEPER, Ordering::SeqCst);
        if !fences {
            fence_everywhere();
        }
        let found = ready();
        if !found {
            match gate {
                Some(Gate { counter, seen: count }) => futex::wait_for_either(&self.word, seen, counter, count, limit),
                None => futex::wait(&self.word, seen, limit),
            }
        }
        self.attention.fetch_sub(SLEEPER, Ordering::Relaxed);
        let opened = gate.is_some_and(|Gate { counter, seen }| {
            self.gate.store(core::ptr::null_mut(), Ordering::Relaxed);
            counter.load(Ordering::Relaxed) != seen
        });
        found || opened || self.word.load(Ordering::Relaxed) != seen
    }

    /// From now on senders set marks in `lane`; what was sent before this returns can be seen.
    pub fn want_marks(&self, lane: Lane, fences: bool) {
        self.attention.fetch_or(marks_wanted(lane), Ordering::SeqCst);
        if !fences {
            fence_everywhere();
        }
    }

    /// Wakes the owner if it sleeps. Comes after the store that it should see.
    #[inline]
    fn ring(&self, job: &Job, mark: impl FnOnce(u64)) {
        order_before_look(job);
        let attention = self.attention.load(Ordering::Relaxed);
        if attention != 0 {
            mark(attention);
            self.wake_if(job, attention);
        }
    }

    #[cold]
    fn wake_if(&self, job: &Job, attention: u64) {
        // A mark is one of the things that a sleeper must not miss.
        let now = if attention >= marks_wanted(0) { self.attention.load(Ordering::SeqCst) } else { attention };
        if now & SLEEPERS != 0 {
            self.count(job);
            self.wake();
        }
    }

    /// Owner: from now on this rank is not counted as awake.
    fn discount(&self, job: &Job) {
        if self.attention.load(Ordering::Relaxed) & UNCOUNTED == 0 {
            self.attention.fetch_or(UNCOUNTED, Ordering::Relaxed);
            job.note_asleep();
        }
    }

    /// Counts the rank as awake, unless somebody has done so.
    fn count(&self, job: &Job) {
        if self.attention.load(Ordering::Relaxed) & UNCOUNTED != 0
            && self.attention.fetch_and(!UNCOUNTED, Ordering::Relaxed) & UNCOUNTED != 0
        {
            job.note_awake();
        }
    }

    /// Wakes all threads that sleep.
    #[cold]
    pub fn wake(&self) {
        self.word.fetch_add(1, Ordering::Release);
        futex::wake(self.word.as_ptr());
    }
}

/// Between a store that a sleeper should see and the look whether there is one.
#[inline]
fn order_before_look(job: &Job) {
    if job.fences {
        fence(Ordering::SeqCst);
    } else {
        compiler_fence(Ordering::SeqCst); // membarrier turns it into a real one when the owner goes to sleep
    }
}

/// One wait, from its first poll to the sleep.
#[derive(Debug)]
pub struct Patience<'a> {
    job: &'a Job,
    rounds: usize,
    limit: Duration,
    /// Slept since something arrived last.
    idle: Duration,
    /// Whether this rank may not count as awake. Waking only to poll the MPI library does not change that.
    asleep: bool,
}

/// Sleeps are this short at first if the MPI library below may need a poll, and grow to the longest.
const SHORTEST_SLEEP: Duration = Duration::from_micros(200);
/// The same while nothing is known that it would do.
const SHORTEST_IDLE_SLEEP: Duration = Duration::from_millis(10);
const LONGEST_SLEEP: Duration = Duration::from_millis(80);
/// The same while the MPI library is known to have work of this rank.
const LONGEST_BUSY_SLEEP: Duration = Duration::from_millis(1);
/// The same where messages may come from other address spaces: they do not ring the bell.
const SHORTEST_SPREAD_SLEEP: Duration = Duration::from_micros(20);
const LONGEST_SPREAD_SLEEP: Duration = Duration::from_micros(500);
/// The same after a long time without any, of which it is a small part.
const IDLE_SPREAD_SLEEP: Duration = Duration::from_millis(2);
const IDLE_PART: u32 = 64;
/// Polls between two polls of the MPI library.
const LIBRARY_INTERVAL: usize = 64;
const IDLE_LIBRARY_INTERVAL: usize = 4096;

impl<'a> Patience<'a> {
    /// The beginning of a wait.
    pub fn new(job: &'a Job) -> Patience<'a> {
        Patience { job, rounds: 0, limit: Duration::ZERO, idle: Duration::ZERO, asleep: false }
    }

    /// What to do in this round.
    #[inline]
    fn choose(&self, spin: usize) -> Step {
        match tunables::wait() {
            Wait::Auto if self.rounds <= spin && !self.asleep && !self.job.is_crowded() => Step::Spin,
            Wait::Auto if self.rounds > spin && self.rounds <= spin + spin / 64 => Step::Yield,
            Wait::Spin => Step::Spin,
            Wait::Yield => Step::Yield,
            Wait::Auto | Wait::Block => Step::Sleep,
        }
    }

    /// Called after each fruitless poll: spins, yields or sleeps. True if it is time to poll the MPI library too.
    pub fn wait(
        &mut self,
        spin: usize,
        library_busy: bool,
        gate: Option<Gate<'_>>,
        ready: impl FnOnce() -> bool,
    ) -> bool {
        self.rounds += 1;
        match self.choose(self.job.polls(spin)) {
            Step::Spin => {
                core::hint::spin_loop();
                let interval = if library_busy { LIBRARY_INTERVAL } else { IDLE_LIBRARY_INTERVAL };
                return self.rounds.is_multiple_of(interval);
            }
            Step::Yield => {
                std::thread::yield_now();
                return true;
            }
            Step::Sleep => {}
        }
        let bell = &self.job.own().bell;
        // With threads the rank as a whole may be awake: it is counted as such throughout.
        if !engine::is_shared() {
            self.asleep = true;
            bell.discount(self.job);
        }
        let (shortest, longest) = match (library_busy, library::was_called()) {
            _ if self.job.is_spread() => {
                let idle = (self.idle / IDLE_PART).clamp(LONGEST_SPREAD_SLEEP, IDLE_SPREAD_SLEEP);
                (SHORTEST_SPREAD_SLEEP, idle)
            }
            (true, _) => (SHORTEST_SLEEP, LONGEST_BUSY_SLEEP),
            (false, true) => (SHORTEST_SLEEP, LONGEST_SLEEP),
            (false, false) => (SHORTEST_IDLE_SLEEP, LONGEST_SLEEP),
        };
        self.limit = (self.limit * 2).clamp(shortest, longest);
        if bell.sleep(self.job.fences, self.limit, gate.filter(|_| self.asleep), ready) {
            self.wake();
            self.renew();
            return library_busy || self.job.is_spread();
        }
        self.idle += self.limit;
        library::note_sleep();
        true
    }

    /// Something has come, though not what this wait is for: where messages of other address spaces do not ring the bell, more is
    /// looked for as at first. A rank that waits may have to serve others meanwhile.
    #[inline]
    pub fn renew(&mut self) {
        if self.job.is_spread() {
            self.wake();
            (self.rounds, self.limit, self.idle) = (0, Duration::ZERO, Duration::ZERO);
        }
    }

    fn wake(&mut self) {
        if std::mem::replace(&mut self.asleep, false) {
            self.job.own().bell.count(self.job);
        }
    }
}

impl Drop for Patience<'_> {
    fn drop(&mut self) {
        self.wake();
    }
}

/// How a rank waits in a round.
enum Step {
    Spin,
    Yield,
    Sleep,
}

/// Tells the owner of `block` that something it waits for has happened.
#[inline]
pub fn notify(job: &Job, block: &Block) {
    block.bell.ring(job, |_| ());
}

/// Tells the owners of `blocks` that the gate with this counter has opened: those that sleep at it with one system call.
pub fn open<'a>(job: &Job, counter: &AtomicU64, blocks: impl Iterator<Item = &'a Block>) {
    let gate = core::ptr::from_ref(counter).cast_mut();
    let mut any = false;
    order_before_look(job);
    for Block { bell, .. } in blocks {
        if bell.attention.load(Ordering::Acquire) & SLEEPERS == 0 {
            continue;
        }
        bell.count(job);
        if bell.gate.load(Ordering::Relaxed) == gate {
            any = true;
        } else {
            bell.wake();
        }
    }
    if any {
        futex::wake(futex::low_half(counter));
    }
}

/// Tells the owner of `block` that there is mail from this rank in `lane`.
#[inline]
pub fn notify_of_mail(job: &Job, block: &Block, lane: Lane) {
    block.bell.ring(job, |attention| {
        if attention & marks_wanted(lane) != 0 {
            block.door(lane).marks.mark(job.rank);
        }
    });
}
