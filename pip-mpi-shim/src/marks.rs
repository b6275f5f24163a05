//! Who has sent mail: one bit per sender, so that a receiver of very many need not look into every mailbox.
//!
//! A sender sets its bit after it has put the message into its mailbox; the receiver clears bits before it looks there.
//! Bits without mail are harmless. With more than 64 senders a second level says which words are not zero.
//!
//! This module knows neither MPI nor the operating system.

use crate::primitive::{AtomicU64, Ordering};

const BITS: u32 = u64::BITS;

/// The bits of one receiver, shared with its senders.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct Marks {
    /// Bit w % 64: some word w may not be zero. Unused with one word.
    summary: AtomicU64,
    words: *const AtomicU64,
    count: u32,
}

// SAFETY: the words are atomic and live for good.
unsafe impl Sync for Marks {}
// SAFETY: as above.
unsafe impl Send for Marks {}

impl Marks {
    /// No bit set, room for `senders`; allocated for good.
    pub fn new(senders: u32) -> Marks {
        let words: Box<[AtomicU64]> = (0..senders.div_ceil(BITS).max(1)).map(|_| AtomicU64::new(0)).collect();
        let count = words.len() as u32;
        Marks { summary: AtomicU64::new(0), words: Box::leak(words).as_ptr(), count }
    }

    fn word(&self, at: u32) -> &AtomicU64 {
        debug_assert!(at < self.count);
        // SAFETY: there are `count` words.
        unsafe { &*self.words.add(at as usize) }
    }

    /// Sender: there is mail. The bit is always written, never only looked at: a bit seen as set may be about to be cleared
    /// by a receiver that looked into the mailbox before.
    pub fn mark(&self, sender: u32) {
        let at = sender / BITS;
        self.word(at).fetch_or(1 << (sender % BITS), Ordering::AcqRel);
        if self.count > 1 {
            self.summary.fetch_or(1 << (at % BITS), Ordering::AcqRel);
        }
    }

    /// Receiver: clears all bits and calls `visit` for each that was set.
    pub fn take(&self, mut visit: impl FnMut(u32)) {
        if self.count == 1 {
            return each_bit(self.clear(0), visit);
        }
        if self.summary.load(Ordering::Relaxed) == 0 {
            return;
        }
        // Cleared before the words are: a sender that sets a bit meanwhile sets this one, too.
        each_bit(self.summary.swap(0, Ordering::AcqRel), |first| {
            for at in (first..self.count).step_by(BITS as usize) {
                each_bit(self.clear(at), |bit| visit(at * BITS + bit));
            }
        });
    }

    fn clear(&self, at: u32) -> u64 {
        let word = self.word(at);
        if word.load(Ordering::Relaxed) == 0 { 0 } else { word.swap(0, Ordering::AcqRel) }
    }
}

fn each_bit(mut word: u64, mut visit: impl FnMut(u32)) {
    while word != 0 {
        visit(word.trailing_zeros());
        word &= word - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(marks: &Marks) -> Vec<u32> {
        let mut all = Vec::new();
        marks.take(|sender| all.push(sender));
        all.sort_unstable();
        all
    }

    #[cfg(not(loom))]
    #[test]
    fn every_mark_is_taken_once() {
        for senders in [1, 64, 65, 1000, 10_000] {
            let marks = Marks::new(senders);
            let some: Vec<u32> = (0..senders).filter(|sender| sender % 7 == 0 || *sender + 1 == senders).collect();
            some.iter().for_each(|&sender| marks.mark(sender));
            some.iter().for_each(|&sender| marks.mark(sender));
            assert_eq!(taken(&marks), some);
            assert_eq!(taken(&marks), []);
        }
    }

    /// Two senders mark while the receiver takes: once it has all marks it has seen all mail.
    #[cfg(loom)]
    fn no_mail_is_overlooked(senders: [u32; 2], room: u32) {
        use loom::sync::Arc;
        use loom::sync::atomic::AtomicU32;
        loom::model(move || {
            let shared = Arc::new((Marks::new(room), [AtomicU32::new(0), AtomicU32::new(0)]));
            let threads: Vec<_> = (0..2)
                .map(|i| {
                    let shared = shared.clone();
                    loom::thread::spawn(move || {
                        shared.1[i].store(1, Ordering::Release);
                        shared.0.mark(senders[i]);
                    })
                })
                .collect();
            let mut seen = [0; 2];
            let mut look = || {
                shared.0.take(|sender| {
                    let i = usize::from(sender == senders[1]);
                    seen[i] = shared.1[i].load(Ordering::Acquire);
                    assert_eq!(seen[i], 1, "a mark comes after its mail");
                })
            };
            look();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            look();
            assert_eq!(seen, [1, 1]);
        });
    }

    #[cfg(loom)]
    #[test]
    fn loom_no_mail_is_overlooked() {
        no_mail_is_overlooked([3, 5], 64);
        no_mail_is_overlooked([3, 70], 128);
        no_mail_is_overlooked([3, 4], 128);
    }
}
