//! Counts of messages and bytes by the way they went; printed at MPI_Finalize with PIP_MPI_STATS=1.

use crate::{engine, job};
use core::sync::atomic::{AtomicU64, Ordering};

/// Messages and bytes.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    messages: u64,
    bytes: u64,
}

impl Tally {
    /// One more message.
    #[inline]
    pub fn add(&mut self, bytes: usize) {
        self.messages += 1;
        self.bytes += bytes as u64;
    }
}

impl core::fmt::Display for Tally {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} messages {} bytes", self.messages, self.bytes)
    }
}

/// What one rank has sent and received.
#[derive(Debug, Default)]
pub struct Stats {
    /// Sent through the mailbox.
    pub eager: Tally,
    /// Sent by letting the receiver copy from the buffer.
    pub rendezvous: Tally,
    /// Sent by MPI_X calls that the MPI library carried (communicators with processes of other jobs).
    pub library: Tally,
    /// Sent to other address spaces: with the data behind the header, and with the data in a message of their own.
    pub away_inline: Tally,
    pub away_long: Tally,
    /// Received, by whichever way.
    pub received: Tally,
    /// Received before the receive was posted.
    pub unexpected: Tally,
    /// Transfers of this rank's buffers in which it copied along.
    pub shared: Tally,
}

/// One-sided and collective operations, which have no lane.
#[derive(Debug, Default)]
pub struct Operations(AtomicU64);

/// Done by this rank itself, or by targets in other address spaces.
pub static ONE_SIDED: Operations = Operations(AtomicU64::new(0));
/// Of these, on targets in other address spaces.
pub static ONE_SIDED_AWAY: Operations = Operations(AtomicU64::new(0));
/// Collective calls done here.
pub static COLLECTIVES: Operations = Operations(AtomicU64::new(0));
/// Collective calls left to the MPI library.
pub static COLLECTIVES_PASSED: Operations = Operations(AtomicU64::new(0));

impl Operations {
    /// One more operation.
    #[inline]
    pub fn add(&self) {
        if engine::is_shared() {
            self.0.fetch_add(1, Ordering::Relaxed);
        } else {
            self.0.store(self.0.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
    }
}

/// Prints the line of this rank if the user asked for it.
pub fn print() {
    let (mut all, mut rank) = (Stats::default(), None);
    engine::each(|engine| {
        all.add(&engine.stats);
        rank = (engine.tunables.stats != 0).then_some(engine.job.rank);
    });
    if let Some(rank) = rank {
        eprint!("{}", all.line(rank));
    }
}

impl Stats {
    /// For the report: what is not counted by peer, as name, messages and bytes.
    pub fn tallies(&self) -> [(&'static str, u64, u64); 7] {
        let [one_sided, collectives, passed] =
            [&ONE_SIDED, &COLLECTIVES, &COLLECTIVES_PASSED].map(|operations| operations.0.load(Ordering::Relaxed));
        let of = |name, tally: &Tally| (name, tally.messages, tally.bytes);
        [
            of("library", &self.library),
            of("received", &self.received),
            of("unexpected", &self.unexpected),
            of("shared", &self.shared),
            ("one-sided", one_sided, 0),
            ("collective", collectives, 0),
            ("collective-passed", passed, 0),
        ]
    }

    /// Adds another lane's counts.
    pub fn add(&mut self, other: &Stats) {
        let Stats { eager, rendezvous, library, away_inline, away_long, received, unexpected, shared } = self;
        let pairs = [
            (eager, other.eager),
            (rendezvous, other.rendezvous),
            (library, other.library),
            (away_inline, other.away_inline),
            (away_long, other.away_long),
            (received, other.received),
            (unexpected, other.unexpected),
            (shared, other.shared),
        ];
        for (own, other) in pairs {
            (own.messages, own.bytes) = (own.messages + other.messages, own.bytes + other.bytes);
        }
    }

    /// One line for standard error.
    pub fn line(&self, rank: u32) -> String {
        let Stats { eager, rendezvous, library, away_inline, away_long, received, unexpected, shared } = self;
        let [one_sided, collectives, passed] =
            [&ONE_SIDED, &COLLECTIVES, &COLLECTIVES_PASSED].map(|operations| operations.0.load(Ordering::Relaxed));
        let away = if job::current().is_some_and(|job| job.is_spread()) {
            let one_sided = ONE_SIDED_AWAY.0.load(Ordering::Relaxed);
            format!(
                " to other address spaces with their headers {away_inline}, behind headers {away_long}, one-sided {one_sided} \
                 operations,"
            )
        } else {
            String::new()
        };
        format!(
            "PIP_MPI_STATS rank {rank}: sent eager {eager}, rendezvous {rendezvous} (of these copied by both sides \
             {shared}),{away} MPICH {library}; received {received} (of these unexpected {unexpected}); one-sided \
             {one_sided} operations; collective {collectives}, through MPICH {passed}\n"
        )
    }
}
