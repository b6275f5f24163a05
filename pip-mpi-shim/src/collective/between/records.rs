//! Cards as they travel between address spaces: a record each, the data behind it where that is on the card. Where a buffer
//! lies does not travel: nobody could use it there.
//!
//! This module knows neither MPI nor the operating system.

use crate::collective::meeting::{BODY, Card};

/// Bytes of a record without data.
pub const HEAD: usize = 24;

/// Appends a card.
pub fn encode(card: &Card, to: &mut Vec<u8>) {
    let enclosed = if card.inline == 1 { card.enclosed as usize } else { 0 };
    to.extend([card.kind, card.inline]);
    to.extend((enclosed as u16).to_le_bytes());
    to.extend(card.root.to_le_bytes());
    to.extend(card.what.to_le_bytes());
    to.extend([0; 4]);
    to.extend(card.bytes.to_le_bytes());
    to.extend(&card.body.0[..enclosed]);
    to.resize(to.len().next_multiple_of(8), 0);
}

/// Writes the first card of some records, and returns what is behind it; None if there is none.
pub fn decode<'a>(records: &'a [u8], card: &mut Card) -> Option<&'a [u8]> {
    let (head, rest) = records.split_at_checked(HEAD)?;
    let word = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
    let enclosed = u16::from_le_bytes([head[2], head[3]]) as usize;
    (card.kind, card.inline) = (head[0], head[1]);
    (card.root, card.what, card.enclosed) = (word(4)?, word(8)?, enclosed as u32);
    card.bytes = u64::from_le_bytes(head.get(16..)?.try_into().ok()?);
    card.body.0.get_mut(..enclosed)?.copy_from_slice(rest.get(..enclosed)?);
    rest.get(enclosed.next_multiple_of(8)..)
}

/// Bytes of the first `cards` records; of those that are there, if there are less.
pub fn length(records: &[u8], cards: usize) -> usize {
    let mut left = records;
    for _ in 0..cards {
        let enclosed = left.get(2..4).map_or(0, |two| u16::from_le_bytes([two[0], two[1]]) as usize);
        let Some(rest) = left.get(HEAD + enclosed.next_multiple_of(8)..) else { break };
        left = rest;
    }
    records.len() - left.len()
}

/// The most bytes that the records of `cards` cards with `room` bytes each take.
pub fn most(cards: usize, room: usize) -> usize {
    cards * (HEAD + room.min(BODY).next_multiple_of(8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collective::meeting::Body;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cards_survive_the_way(
            cards in prop::collection::vec((any::<[u8; 2]>(), any::<[u32; 2]>(), any::<u64>(), 0usize..=BODY), 1..6), cut in 0usize..3000,
        ) {
            let card = |&([kind, fill], [root, what], bytes, enclosed): &([u8; 2], [u32; 2], u64, usize)| {
                let inline = u8::from(enclosed > 0);
                Card { kind, inline, root, what, bytes, enclosed: enclosed as u32, body: Body([fill; BODY]), ..Card::BLANK }
            };
            let mut records = Vec::new();
            cards.iter().for_each(|drawn| encode(&card(drawn), &mut records));
            prop_assert!(records.len() <= most(cards.len(), BODY));
            let mut left = &records[..];
            for drawn in &cards {
                let (sent, mut got) = (card(drawn), Card::BLANK);
                left = decode(left, &mut got).unwrap();
                prop_assert_eq!((got.kind, got.inline, got.root, got.what, got.bytes), (sent.kind, sent.inline, sent.root, sent.what, sent.bytes));
                prop_assert_eq!(&got.body.0[..drawn.3], &sent.body.0[..drawn.3]);
            }
            prop_assert!(left.is_empty());
            let padded = [&records[..], &[0; 100]].concat();
            prop_assert_eq!(length(&padded, cards.len()), records.len());
            let (mut left, mut whole) = (&records[..cut.min(records.len())], 0);
            while let Some(rest) = decode(left, &mut Card::BLANK.clone()) {
                (left, whole) = (rest, whole + 1);
            }
            prop_assert!(whole <= cards.len(), "cut records are none");
        }
    }
}
