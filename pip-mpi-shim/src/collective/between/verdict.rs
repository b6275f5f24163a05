//! What follows from the cards of all ranks. All ranks see the same cards, so that they come to the same conclusion.

use crate::collective::call::Trouble;
use crate::collective::cards::Kind;
use crate::collective::meeting::Card;

/// How a call goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All data that is needed is on the cards.
    Short,
    /// Some must be fetched.
    Long,
    /// Ranks disagree: nothing more is done.
    Wrong(Trouble),
}

/// Whether data is on its owner's card.
pub fn is_enclosed(card: &Card) -> bool {
    card.inline == 1
}

/// The verdict of rank `rank` of `size` on the cards that `card` gives.
pub fn verdict<'a>(rank: u32, size: u32, card: impl Fn(u32) -> &'a Card) -> Verdict {
    let own = card(rank);
    let all = || (0..size).map(|peer| (peer, card(peer)));
    let differs = |other: &Card| (other.kind, other.root, other.what) != (own.kind, own.root, own.what);
    if let Some((peer, _)) = all().find(|(_, other)| differs(other)) {
        return Verdict::Wrong(Trouble::Differs { peer });
    }
    let is = |kind: Kind| own.kind == kind as u8;
    if is(Kind::Bcast) || is_reduction(own.kind) {
        // A rank that gives another length than the root blames the root; the others blame that rank.
        let first = if is(Kind::Bcast) { own.root } else { rank };
        let odd = |peer: &u32| card(*peer).bytes != own.bytes;
        if let Some(peer) = [first].into_iter().chain(0..size).find(odd) {
            let (bytes, room) = (card(peer).bytes as usize, own.bytes as usize);
            return Verdict::Wrong(Trouble::Length { peer, bytes, room });
        }
    }
    let lends =
        |(peer, other): (u32, &Card)| !is_enclosed(other) && (other.bytes > 0 || is(Kind::Alltoall)) && peer < size;
    let long = match () {
        () if is(Kind::Barrier) => false,
        () if is(Kind::Neighbors) => true,
        () if is(Kind::Bcast) || is(Kind::Scatter) => !is_enclosed(card(own.root)),
        () if is(Kind::Gather) => all().any(|(peer, other)| peer != own.root && lends((peer, other))),
        () => all().any(lends),
    };
    if long { Verdict::Long } else { Verdict::Short }
}

fn is_reduction(kind: u8) -> bool {
    use Kind::{Allreduce, Exscan, Reduce, ReduceScatter, Scan};
    [Reduce, Allreduce, ReduceScatter, Scan, Exscan].iter().any(|&reduction| reduction as u8 == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cards<const N: usize>(kind: Kind, all: [(u8, u64); N]) -> [Card; N] {
        all.map(|(inline, bytes)| Card { kind: kind as u8, inline, bytes, ..Card::BLANK })
    }

    fn verdicts<const N: usize>(cards: &[Card; N]) -> Vec<Verdict> {
        (0..N as u32).map(|rank| verdict(rank, N as u32, |peer| &cards[peer as usize])).collect()
    }

    #[test]
    fn all_come_to_one_conclusion() {
        use Verdict::{Long, Short};
        assert_eq!(verdicts(&cards(Kind::Barrier, [(0, 0); 3])), [Short; 3]);
        assert_eq!(verdicts(&cards(Kind::Bcast, [(1, 8), (0, 8)])), [Short; 2]);
        assert_eq!(verdicts(&cards(Kind::Bcast, [(0, 900), (0, 900)])), [Long; 2]);
        assert_eq!(verdicts(&cards(Kind::Gather, [(0, 0), (1, 8), (1, 400)])), [Short; 3]);
        assert_eq!(verdicts(&cards(Kind::Gather, [(0, 0), (1, 8), (0, 4000)])), [Long; 3]);
        assert_eq!(verdicts(&cards(Kind::Scatter, [(0, 0), (2, 0)])), [Long; 2]);
        assert_eq!(verdicts(&cards(Kind::Allgather, [(1, 8), (1, 0), (0, 5000)])), [Long; 3]);
        assert_eq!(verdicts(&cards(Kind::Alltoall, [(1, 8), (0, 0)])), [Long; 2]);
        assert_eq!(verdicts(&cards(Kind::Scan, [(1, 8), (1, 8)])), [Short; 2]);
    }

    #[test]
    fn who_disagrees_is_blamed() {
        let lengths = cards(Kind::Bcast, [(1, 8), (0, 4), (0, 8)]);
        let length = |peer, bytes, room| Verdict::Wrong(Trouble::Length { peer, bytes, room });
        assert_eq!(verdicts(&lengths), [length(1, 4, 8), length(0, 8, 4), length(1, 4, 8)]);
        let mut kinds = cards(Kind::Scan, [(1, 8); 3]);
        kinds[2].what = 7;
        let differs = |peer| Verdict::Wrong(Trouble::Differs { peer });
        assert_eq!(verdicts(&kinds), [differs(2), differs(2), differs(0)]);
    }
}
