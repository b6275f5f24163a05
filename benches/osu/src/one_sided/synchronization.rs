//! `-w` and `-s`: how the window is made, and how its operations are completed.

use bench_harness::{Creation, Lock, Window};

use crate::kind::Kind;

/// Synchronisation by the origin alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passive {
    /// MPI_Win_lock and MPI_Win_unlock around each iteration.
    Lock,
    /// MPI_Win_lock_all and MPI_Win_unlock_all around each iteration.
    LockAll,
    /// MPI_Win_flush after each iteration.
    Flush,
    /// MPI_Win_flush_local after each iteration.
    FlushLocal,
}

/// How operations are completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synchronization {
    /// By the origin alone.
    Passive(Passive),
    /// MPI_Win_post, MPI_Win_start, MPI_Win_complete and MPI_Win_wait.
    Pscw,
    /// MPI_Win_fence.
    Fence,
}

/// (`-w`'s word, what the header says, the way).
const CREATIONS: [(&str, &str, Creation); 3] = [
    ("create", "MPI_Win_create", Creation::Create),
    ("allocate", "MPI_Win_allocate", Creation::Allocate),
    ("dynamic", "MPI_Win_create_dynamic", Creation::Dynamic),
];

/// (`-s`'s word, what the header says, the way).
const SYNCHRONIZATIONS: [(&str, &str, Synchronization); 6] = [
    ("pscw", "MPI_Win_post/start/complete/wait", Synchronization::Pscw),
    ("fence", "MPI_Win_fence", Synchronization::Fence),
    ("lock", "MPI_Win_lock/unlock", Synchronization::Passive(Passive::Lock)),
    ("flush", "MPI_Win_flush", Synchronization::Passive(Passive::Flush)),
    ("flush_local", "MPI_Win_flush_local", Synchronization::Passive(Passive::FlushLocal)),
    ("lock_all", "MPI_Win_lock_all/unlock_all", Synchronization::Passive(Passive::LockAll)),
];

fn find<T: Copy>(table: &[(&str, &str, T)], word: &str) -> Option<T> {
    table.iter().find(|(known, ..)| known.eq_ignore_ascii_case(word)).map(|&(.., value)| value)
}

/// What the header calls `value`.
fn title<T: PartialEq>(table: &[(&str, &'static str, T)], value: &T) -> &'static str {
    table.iter().find(|(.., known)| known == value).map_or("", |&(_, title, _)| title)
}

/// What `-w` means by `word`.
pub fn creation(word: &str) -> Option<Creation> {
    find(&CREATIONS, word)
}

/// What the header calls `creation`.
pub fn creation_name(creation: Creation) -> &'static str {
    title(&CREATIONS, &creation)
}

impl Synchronization {
    /// What `-s` of the benchmark `kind` means by `word`. Where both ranks are origins, both have to take part.
    pub fn parse(kind: Kind, word: &str) -> Option<Self> {
        find(&SYNCHRONIZATIONS, word).filter(|way| way.passive().is_none() || !kind.is_both_ways())
    }

    /// What the header calls it.
    pub fn name(self) -> &'static str {
        title(&SYNCHRONIZATIONS, &self)
    }

    /// The way, if the target takes no part.
    pub fn passive(self) -> Option<Passive> {
        match self {
            Synchronization::Passive(way) => Some(way),
            Synchronization::Pscw | Synchronization::Fence => None,
        }
    }
}

/// The mode in which the original of `kind` locks.
fn lock(kind: Kind, way: Passive) -> Lock {
    match (kind, way) {
        (Kind::GetAccumulateLatency, _) => Lock::Exclusive,
        (Kind::FetchAndOpLatency | Kind::CompareAndSwapLatency, Passive::Lock) => Lock::Exclusive,
        _ => Lock::Shared,
    }
}

/// A window and the way its operations are completed.
pub struct Epochs<'a> {
    /// The window.
    pub window: Window<'a>,
    /// The way.
    pub synchronization: Synchronization,
    kind: Kind,
    /// Whether this is rank 0, the one origin of passive ways.
    origin: bool,
}

impl<'a> Epochs<'a> {
    /// `window` for the benchmark `kind`, on the rank that is the `origin` or not.
    pub fn new(window: Window<'a>, synchronization: Synchronization, kind: Kind, origin: bool) -> Self {
        Self { window, synchronization, kind, origin }
    }

    /// The lock that stays while all iterations flush.
    fn outer(&self) -> Option<Lock> {
        match self.synchronization {
            Synchronization::Passive(way @ (Passive::Flush | Passive::FlushLocal)) if self.origin => {
                Some(lock(self.kind, way))
            }
            _ => None,
        }
    }

    /// Before the first iteration.
    pub fn begin(&self) {
        if let Some(lock) = self.outer() {
            self.window.lock(lock);
        }
    }

    /// After the last iteration.
    pub fn end(&self) {
        if self.outer().is_some() {
            self.window.unlock();
        }
    }

    /// Iterations of a passive way: `work` and its completion at the origin, nothing at the target.
    #[inline(always)]
    pub fn passively(&self, way: Passive, iterations: usize, work: impl Fn()) {
        if !self.origin {
            return;
        }
        let (window, mode) = (&self.window, lock(self.kind, way));
        match way {
            Passive::Lock => repeat(iterations, || {
                window.lock(mode);
                work();
                window.unlock();
            }),
            Passive::LockAll => repeat(iterations, || {
                window.lock_all();
                work();
                window.unlock_all();
            }),
            Passive::Flush => repeat(iterations, || {
                work();
                window.flush();
            }),
            Passive::FlushLocal => repeat(iterations, || {
                work();
                window.flush_local();
            }),
        }
    }

    /// Uses this rank's own memory between two iterations, which a barrier keeps apart.
    pub fn locally<R>(&mut self, work: impl FnOnce(&mut [u8]) -> R) -> R {
        let passive = self.synchronization.passive().is_some();
        if passive {
            self.window.lock_own();
        }
        // SAFETY: the callers' barriers: no rank is in an iteration.
        let result = work(unsafe { self.window.memory() });
        if passive {
            self.window.unlock_own();
        }
        result
    }
}

/// Does `work` so often.
#[inline(always)]
pub fn repeat(times: usize, work: impl Fn()) {
    for _ in 0..times {
        work();
    }
}
