//! Output of a node's tasks that waits to be sent to the launcher, and how much of it may be on its way.

/// Chunks of output, by the stream they came from.
#[derive(Debug)]
pub struct Outbox {
    chunks: Vec<(usize, Vec<u8>)>,
    /// Messages of the agent itself.
    said: Vec<String>,
    /// Bytes that may still be sent; a chunk is not cut, so it may fall below zero by one.
    credit: isize,
    closed: bool,
}

impl Outbox {
    /// An empty one, for a launcher that takes so many bytes ahead.
    pub fn new(window: usize) -> Outbox {
        Outbox { chunks: Vec::new(), said: Vec::new(), credit: window as isize, closed: false }
    }

    /// Whether more output may be taken from the tasks.
    pub fn has_room(&self) -> bool {
        self.credit > 0
    }

    /// Adds output of a stream.
    pub fn push(&mut self, stream: usize, chunk: Vec<u8>) {
        self.credit -= chunk.len() as isize;
        self.chunks.push((stream, chunk));
    }

    /// Adds a message of the agent.
    pub fn say(&mut self, text: &str) {
        self.said.push(text.to_owned());
    }

    /// Takes the output to send.
    pub fn take(&mut self) -> Vec<(usize, Vec<u8>)> {
        std::mem::take(&mut self.chunks)
    }

    /// Takes the messages to send.
    pub fn take_said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    /// The launcher has written so many bytes.
    pub fn grant(&mut self, bytes: usize) {
        self.credit = self.credit.saturating_add_unsigned(bytes);
    }

    /// Nothing more will come.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// More will come after all.
    pub fn reopen(&mut self) {
        self.closed = false;
    }

    /// Whether nothing more will come.
    pub fn is_closed(&self) -> bool {
        self.closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_holds() {
        let mut outbox = Outbox::new(10);
        outbox.push(1, vec![0; 8]);
        assert!(outbox.has_room());
        outbox.push(0, vec![0; 8]);
        assert!(!outbox.has_room());
        assert_eq!(outbox.take().len(), 2);
        outbox.grant(6);
        assert!(!outbox.has_room());
        outbox.grant(1);
        assert!(outbox.has_room());
    }
}
