//! What each rank writes before a collective operation, and what it must find afterwards.
//!
//! Copied data differs by sender, receiver, place and iteration. What is added up are small whole numbers, which every type
//! adds without rounding (bytes wrap around).

use super::{Neighborhood, Operation, share};
use crate::datatype::Element;

/// One iteration of an operation, as one rank sees it.
pub struct Pattern<'a> {
    /// The operation.
    pub operation: Operation,
    /// The type of the elements.
    pub element: Element,
    /// Elements of a message.
    pub count: usize,
    /// This rank.
    pub rank: usize,
    /// All ranks.
    pub ranks: usize,
    /// The root, where there is one.
    pub root: usize,
    /// Who the neighbours are, where there are.
    pub neighbors: Option<&'a Neighborhood>,
    /// The iteration.
    pub iteration: usize,
}

/// What differs from rank to rank in numbers that are added up; not a multiple of the rank, so that ranks are not confused.
fn weight(rank: usize) -> usize {
    (rank * rank + 3 * rank) % 31
}

impl Pattern<'_> {
    /// The byte at `position` of the message that rank `from` sends to rank `to`. The period 251 is prime.
    fn byte(&self, position: usize, from: usize, to: usize) -> u8 {
        ((position + 7 * self.iteration + 31 * from + 57 * to) % 251) as u8
    }

    /// The number in element `position` that a rank adds, without its weight.
    fn number(&self, position: usize) -> usize {
        (3 * position + 7 * self.iteration) % 23
    }

    /// The sender and the receiver of message `block` of the send buffer.
    fn sent(&self, block: usize) -> (usize, usize) {
        use Operation::*;
        let to = match self.operation {
            Alltoall | Alltoallv | Alltoallw | Scatter | Scatterv => block,
            NeighborAlltoall | NeighborAlltoallv | NeighborAlltoallw => {
                self.neighbors.and_then(|graph| graph.destinations.get(block)).map_or(0, |&rank| rank as usize)
            }
            _ => 0,
        };
        (self.rank, to)
    }

    /// The sender and the receiver of message `block` of the receive buffer.
    fn received(&self, block: usize) -> (usize, usize) {
        use Operation::*;
        let source = || self.neighbors.and_then(|graph| graph.sources.get(block)).map_or(0, |&rank| rank as usize);
        match self.operation {
            Alltoall | Alltoallv | Alltoallw => (block, self.rank),
            NeighborAlltoall | NeighborAlltoallv | NeighborAlltoallw => (source(), self.rank),
            NeighborAllgather | NeighborAllgatherv => (source(), 0),
            Scatter | Scatterv => (self.root, self.rank),
            Bcast => (self.root, 0),
            _ => (block, 0),
        }
    }

    fn bytes(&self) -> usize {
        self.count * self.element.size()
    }

    /// The first element and the number of elements of a reduction's result on this rank.
    fn result(&self) -> (usize, usize) {
        match self.operation {
            Operation::ReduceScatter | Operation::ReduceScatterBlock => {
                let share = |rank| share(self.operation, self.count, rank, self.ranks);
                ((0..self.rank).map(share).sum(), share(self.rank))
            }
            Operation::Reduce if self.rank != self.root => (0, 0),
            _ => (0, self.count),
        }
    }

    /// Whether anything arrives in the receive buffer.
    fn receives(&self) -> bool {
        use Operation::*;
        match self.operation {
            Barrier => false,
            Gather | Gatherv => self.rank == self.root,
            Bcast => self.rank != self.root,
            _ => true,
        }
    }

    /// Writes both buffers before the iteration.
    pub fn prepare(&self, send: &mut [u8], recv: &mut [u8]) {
        if self.operation == Operation::Barrier {
            return;
        }
        if self.operation.is_reduction() {
            let mine = weight(self.rank);
            for position in 0..self.count {
                self.element.write(send, position, (self.number(position) + mine) as i64);
            }
        } else if self.bytes() > 0 {
            for (block, message) in send.chunks_exact_mut(self.bytes()).enumerate() {
                let (from, to) = self.sent(block);
                for (position, byte) in message.iter_mut().enumerate() {
                    *byte = self.byte(position, from, to);
                }
            }
        }
        // Nothing that is expected anywhere is the complement of itself.
        self.expect(recv, |found, expected| *found = !expected);
    }

    /// Counts the wrong bytes or, of a reduction, elements after the iteration.
    pub fn count_errors(&self, recv: &mut [u8]) -> i32 {
        let mut wrong = 0usize;
        self.expect(recv, |found, expected| wrong += usize::from(*found != expected));
        i32::try_from(wrong).unwrap_or(i32::MAX)
    }

    /// Visits every byte of the receive buffer that the operation writes, with what it must be.
    fn expect(&self, recv: &mut [u8], mut visit: impl FnMut(&mut u8, u8)) {
        if !self.receives() || self.bytes() == 0 {
            return;
        }
        if self.operation.is_reduction() {
            let (first, count) = self.result();
            let weights: usize = (0..self.ranks).map(weight).sum();
            let size = self.element.size();
            for (place, found) in recv.chunks_exact_mut(size).take(count).enumerate() {
                let sum = self.ranks * self.number(first + place) + weights;
                let expected = self.element.encoded(sum as i64);
                found.iter_mut().zip(&expected).for_each(|(found, &expected)| visit(found, expected));
            }
            return;
        }
        for (block, message) in recv.chunks_exact_mut(self.bytes()).enumerate() {
            let (from, to) = self.received(block);
            for (position, found) in message.iter_mut().enumerate() {
                visit(found, self.byte(position, from, to));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(operation: Operation, rank: usize, iteration: usize) -> Pattern<'static> {
        let element = if operation.is_reduction() { Element::Float } else { Element::Char };
        Pattern { operation, element, count: 5, rank, ranks: 3, root: 1, neighbors: None, iteration }
    }

    /// All ranks' buffers before the operation.
    fn prepared(operation: Operation) -> Vec<(Vec<u8>, Vec<u8>)> {
        (0..3)
            .map(|rank| {
                let pattern = pattern(operation, rank, 4);
                let (send, recv) = operation.blocks(rank == 1, 3, 3);
                let (mut send, mut recv) = (vec![0; send * pattern.bytes()], vec![0; recv * pattern.bytes()]);
                pattern.prepare(&mut send, &mut recv);
                (send, recv)
            })
            .collect()
    }

    #[test]
    fn an_exchange_is_right_and_a_transposed_or_missing_one_wrong() {
        let mut all = prepared(Operation::Alltoall);
        let sent: Vec<Vec<u8>> = all.iter().map(|(send, _)| send.clone()).collect();
        assert_eq!(pattern(Operation::Alltoall, 0, 4).count_errors(&mut all[0].1), 15);
        for (rank, (_, recv)) in all.iter_mut().enumerate() {
            for from in 0..3 {
                recv[5 * from..5 * from + 5].copy_from_slice(&sent[from][5 * rank..5 * rank + 5]);
            }
            assert_eq!(pattern(Operation::Alltoall, rank, 4).count_errors(recv), 0);
            assert_eq!(pattern(Operation::Alltoall, rank, 5).count_errors(recv), 15);
            recv.swap(0, 5);
            assert_eq!(pattern(Operation::Alltoall, rank, 4).count_errors(recv), 2);
        }
    }

    #[test]
    fn a_sum_is_right_only_with_every_rank_once() {
        let all = prepared(Operation::Allreduce);
        let value =
            |bytes: &[u8], at: usize| f32::from_ne_bytes(bytes[4 * at..4 * at + 4].try_into().expect("4 bytes"));
        let sum = |ranks: [usize; 3]| -> Vec<u8> {
            (0..5).flat_map(|at| ranks.iter().map(|&rank| value(&all[rank].0, at)).sum::<f32>().to_ne_bytes()).collect()
        };
        let check = |mut sum: Vec<u8>| pattern(Operation::Allreduce, 2, 4).count_errors(&mut sum);
        assert_eq!(check(sum([0, 1, 2])), 0);
        assert!(check(sum([1, 1, 1])) > 0 && check(sum([0, 0, 2])) > 0 && check(all[2].1.clone()) > 0);
        let mut whole = sum([0, 1, 2]);
        let mut shares: Vec<Vec<u8>> = vec![whole.drain(..8).collect(), whole.drain(..8).collect(), whole];
        for (rank, share) in shares.iter_mut().enumerate() {
            assert_eq!(pattern(Operation::ReduceScatter, rank, 4).count_errors(share), 0);
        }
    }

    #[test]
    fn nothing_is_expected_where_nothing_arrives() {
        for operation in [Operation::Gather, Operation::Reduce, Operation::Barrier] {
            assert_eq!(pattern(operation, 0, 4).count_errors(&mut [0; 20]), 0);
        }
        assert!(pattern(Operation::Gather, 1, 4).count_errors(&mut [0; 15]) > 0);
        assert_eq!(pattern(Operation::Bcast, 1, 4).count_errors(&mut [0; 5]), 0);
    }
}
