//! Send and receive buffers: one of each, or one per message of the window (`-b multiple`).

use bench_harness::Buffer;

use crate::layout::Message;
use crate::options::{BufferCount, Options};
use crate::validation::stamp;

/// The buffers of one rank, each of the largest message size, page-aligned, touched and filled as in the originals:
/// outgoing with 'a', incoming with 'b'.
pub struct Buffers {
    outgoing: Vec<Buffer>,
    incoming: Vec<Buffer>,
}

impl Buffers {
    /// Allocates for windows of up to `window` messages.
    ///
    /// # Errors
    /// A sentence when memory is short.
    pub fn new(options: &Options, window: usize) -> Result<Self, String> {
        let count = match options.buffers {
            BufferCount::Single => 1,
            BufferCount::Multiple => window,
        };
        let many = |fill| (0..count).map(|_| Buffer::filled(options.max_size, fill)).collect::<Result<Vec<_>, _>>();
        Ok(Self { outgoing: many(b'a')?, incoming: many(b'b')? })
    }

    /// The two buffers of message `slot` of a window.
    pub fn pair(&mut self, slot: usize) -> (&mut [u8], &mut [u8]) {
        // No remainder here: a division per message would show in the message rate.
        let slot = if self.outgoing.len() == 1 { 0 } else { slot };
        (&mut self.outgoing[slot], &mut self.incoming[slot])
    }

    /// Stamps the messages of `size` bytes of one window for `iteration`.
    pub fn stamp(&mut self, size: usize, window: usize, iteration: usize) {
        for (slot, (outgoing, incoming)) in self.outgoing.iter_mut().zip(&mut self.incoming).enumerate().take(window) {
            stamp(&mut outgoing[..size], &mut incoming[..size], iteration + slot);
        }
    }

    /// Counts the wrong bytes of the received messages of one window of `iteration`.
    pub fn count_errors(&self, message: &Message, window: usize, iteration: usize) -> i32 {
        let received = self.incoming.iter().enumerate().take(window);
        let wrong =
            received.map(|(slot, buffer)| message.layout.count_errors(&buffer[..message.size], iteration + slot));
        wrong.fold(0, i32::saturating_add)
    }
}
