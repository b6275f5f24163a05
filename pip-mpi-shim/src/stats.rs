//! Counts of messages and bytes by the way they went; printed at MPI_Finalize with PIP_MPI_STATS=1.

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
    /// Sent by MPI_X calls that the MPI library carried (intercommunicators).
    pub library: Tally,
    /// Received, by whichever way.
    pub received: Tally,
    /// Received before the receive was posted.
    pub unexpected: Tally,
    /// Transfers of this rank's buffers in which it copied along.
    pub shared: Tally,
}

impl Stats {
    /// One line for standard error.
    pub fn line(&self, rank: u32) -> String {
        let Stats { eager, rendezvous, library, received, unexpected, shared } = self;
        format!(
            "PIP_MPI_STATS rank {rank}: sent eager {eager}, rendezvous {rendezvous} (of these copied by both sides \
             {shared}), MPICH {library}; received {received} (of these unexpected {unexpected})\n"
        )
    }
}
