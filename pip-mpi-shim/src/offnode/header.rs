//! What travels ahead of, or instead of, a message to another address space: a header of fixed size, in front of the payload
//! where that is short, and the numbers that show that none was lost or overtaken.
//!
//! This module knows neither MPI nor the operating system.

use crate::recent::RecentMap;

/// Bytes of a header.
pub const BYTES: usize = 40;
/// Also tells other versions and other byte orders apart.
const MAGIC: u32 = 0x5069_5031;

/// What a header announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// A message, whose data follow the header.
    Inline = 1,
    /// A message, whose data come under the tag `data_tag` once its receive was found.
    Long = 2,
    /// The context (`data_tag`, 0 for none) of the communicator that call number `tag` of MPI_Comm_idup on `context` makes.
    Context = 3,
    /// The sender wants the message with `data_tag` back.
    Cancel = 4,
    /// Answer: it has been taken out of the queue, and its data are being thrown away.
    Cancelled = 5,
    /// Answer: it has been received.
    Kept = 6,
    /// About the window with number `context` of the receiver: what `tag` says, with the rest behind the header.
    Window = 7,
}

impl Kind {
    fn of(number: u32) -> Option<Kind> {
        use Kind::{Cancel, Cancelled, Context, Inline, Kept, Long, Window};
        [Inline, Long, Context, Cancel, Cancelled, Kept, Window].into_iter().find(|&kind| kind as u32 == number)
    }
}

/// A header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub kind: Kind,
    pub context: u32,
    /// The sender's rank in the communicator.
    pub source: u32,
    pub tag: i32,
    pub data_tag: u32,
    /// Headers from this sender in this lane before it, modulo 2^32.
    pub sequence: u32,
    /// Bytes of the message.
    pub bytes: u64,
}

impl Header {
    /// Whether its payload follows it.
    fn has_payload(kind: Kind) -> bool {
        matches!(kind, Kind::Inline | Kind::Window)
    }

    /// As it travels.
    pub fn encode(&self) -> [u8; BYTES] {
        let words =
            [MAGIC, self.kind as u32, self.context, self.source, self.tag as u32, self.data_tag, self.sequence, 0];
        let mut bytes = [0; BYTES];
        for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes[32..].copy_from_slice(&self.bytes.to_le_bytes());
        bytes
    }

    /// The header and the payload in what arrived; None if it is none of ours, or not whole.
    pub fn decode(message: &[u8]) -> Option<(Header, &[u8])> {
        let (head, payload) = message.split_at_checked(BYTES)?;
        let word = |i: usize| Some(u32::from_le_bytes(head.get(4 * i..4 * i + 4)?.try_into().ok()?));
        let bytes = u64::from_le_bytes(head.get(32..)?.try_into().ok()?);
        let header = Header {
            kind: Kind::of(word(1)?)?,
            context: word(2)?,
            source: word(3)?,
            tag: word(4)? as i32,
            data_tag: word(5)?,
            sequence: word(6)?,
            bytes,
        };
        let expected = if Header::has_payload(header.kind) { bytes } else { 0 };
        (word(0)? == MAGIC && payload.len() as u64 == expected).then_some((header, payload))
    }
}

/// Numbers of headers, by peer.
#[derive(Debug, Default)]
pub struct Sequences {
    sent: RecentMap<u32>,
    received: RecentMap<u32>,
}

impl Sequences {
    /// The number of the next header to a rank.
    pub fn next_to(&mut self, rank: u32) -> u32 {
        next(self.sent.entry(rank))
    }

    /// Whether a header from a rank is the next one.
    pub fn is_next_from(&mut self, rank: u32, sequence: u32) -> bool {
        next(self.received.entry(rank)) == sequence
    }
}

fn next(number: &mut u32) -> u32 {
    let this = *number;
    *number = this.wrapping_add(1);
    this
}

/// Numbers for second messages. One is used again only after the message it named has found its receiver.
#[derive(Debug, Default)]
pub struct Tags {
    free: Vec<u32>,
    next: u32,
}

impl Tags {
    /// A number that is not in use; None if `limit` are.
    pub fn draw(&mut self, limit: u32) -> Option<u32> {
        if let Some(number) = self.free.pop() {
            return Some(number);
        }
        let number = self.next;
        (number < limit).then(|| {
            self.next += 1;
            number
        })
    }

    /// The message has found its receiver.
    pub fn give_back(&mut self, number: u32) {
        self.free.push(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn headers_survive_the_way(
            kind in 1u32..=7, context: u32, source: u32, tag: i32, data_tag: u32, sequence: u32,
            payload in prop::collection::vec(any::<u8>(), 0..100), cut in 0usize..140,
        ) {
            let kind = Kind::of(kind).unwrap();
            let payload = if Header::has_payload(kind) { payload } else { vec![] };
            let header = Header { kind, context, source, tag, data_tag, sequence, bytes: payload.len() as u64 };
            let mut message = header.encode().to_vec();
            message.extend(&payload);
            prop_assert_eq!(Header::decode(&message), Some((header, &payload[..])));
            if cut < message.len() {
                prop_assert_eq!(Header::decode(&message[..cut]), None, "not whole");
            }
            message[0] ^= 1;
            prop_assert_eq!(Header::decode(&message), None, "not ours");
        }

        #[test]
        fn tags_in_use_differ(steps in prop::collection::vec((any::<bool>(), 0usize..50), 0..300)) {
            let (mut tags, mut used) = (Tags::default(), Vec::new());
            for (draw, which) in steps {
                if draw {
                    match tags.draw(40) {
                        Some(tag) => {
                            prop_assert!(tag < 40 && !used.contains(&tag));
                            used.push(tag);
                        }
                        None => prop_assert_eq!(used.len(), 40),
                    }
                } else if which < used.len() {
                    tags.give_back(used.swap_remove(which));
                }
            }
        }

        #[test]
        fn a_lost_or_overtaken_header_is_noticed(ranks in prop::collection::vec(0u32..4, 1..60), at in 0usize..60) {
            let (mut sender, mut receiver) = (Sequences::default(), Sequences::default());
            let mut sent: Vec<(u32, u32)> = ranks.iter().map(|&rank| (rank, sender.next_to(rank))).collect();
            let lost = at < sent.len() && sent[at + 1..].iter().any(|(rank, _)| *rank == sent[at].0);
            if lost {
                sent.remove(at);
            }
            let noticed = !sent.iter().all(|&(rank, sequence)| receiver.is_next_from(rank, sequence));
            prop_assert_eq!(noticed, lost);
        }
    }

    #[test]
    fn numbers_wrap_around() {
        let mut sequences = Sequences::default();
        *sequences.sent.entry(3) = u32::MAX;
        assert_eq!([sequences.next_to(3), sequences.next_to(3)], [u32::MAX, 0]);
    }
}
