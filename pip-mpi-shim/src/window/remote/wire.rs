//! What ranks of different address spaces tell each other about a window, as it travels. It knows neither MPI's functions nor who
//! sends it.

use crate::abi::{Datatype, Op};

/// What a message is about; the tag of its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Action {
    /// Data for the target's memory.
    Put = 1,
    /// Asks for data of the target's memory.
    Get = 2,
    /// Operands for the target's memory.
    Accumulate = 3,
    /// The same; what was there is asked for.
    Fetch = 4,
    /// What to compare with, and what to put there.
    Swap = 5,
    /// Answer: the data that were asked for.
    Data = 6,
    /// Answer: so many messages have been worked on.
    Done = 7,
    /// Asks for the target's lock: 1 exclusive, 0 shared.
    Lock = 8,
    /// Answer: it is held.
    Granted = 9,
    /// Gives the lock back, which was held as the epoch says.
    Unlock = 10,
    /// Asks for the lock of all ranks of a space, of its first one: 1 waits for it.
    LockSpace = 11,
    /// Answer: 1 if it is held, 0 if somebody else holds a lock that excludes it.
    SpaceLocked = 12,
    /// Gives it back.
    UnlockSpace = 13,
    /// Memory is exposed to the receiver (MPI_Win_post).
    Post = 14,
    /// The sender's epoch on the receiver is over (MPI_Win_complete).
    Complete = 15,
    /// The sender's space has come to this round of a barrier.
    Round = 16,
    /// As Put, of data that follow under the number.
    PutLong = 17,
    /// As Get, of much data.
    GetLong = 18,
    /// Answer: the data come under the number.
    Coming = 19,
}

impl Action {
    /// The action of a number.
    pub fn of(number: i32) -> Option<Action> {
        use Action::*;
        let all = [
            Put, Get, Accumulate, Fetch, Swap, Data, Done, Lock, Granted, Unlock, LockSpace, SpaceLocked, UnlockSpace, Post,
            Complete, Round, PutLong, GetLong, Coming,
        ];
        all.into_iter().find(|&action| action as i32 == number)
    }
}

/// `count` blocks of `len` bytes in the target's address space, `stride` bytes apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strip {
    /// Address of the first.
    pub at: u64,
    pub len: u64,
    pub count: u64,
    pub stride: i64,
}

impl Strip {
    /// Bytes of all blocks.
    pub fn bytes(&self) -> usize {
        (self.len * self.count) as usize
    }

    /// Gives address and length of each block to `f`.
    pub fn each_block(&self, mut f: impl FnMut(*mut u8, usize)) {
        let first: *mut u8 = core::ptr::with_exposed_provenance_mut(self.at as usize);
        (0..self.count as isize).for_each(|i| f(first.wrapping_offset(i * self.stride as isize), self.len as usize));
    }
}

/// What an operation does to its elements; without meaning for copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    pub op: Op,
    /// The predefined type, and the bytes from one element to the next.
    pub leaf: Datatype,
    pub span: u32,
}

/// The beginning of a message about data. These follow it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Order {
    /// By which the origin knows what an answer belongs to.
    pub number: u64,
    /// From which byte of the operation's data on.
    pub offset: u64,
    pub work: Work,
    pub strips: Vec<Strip>,
}

/// Bytes of an order without strips, and of a strip. With the header in front, data begin at a multiple of 16.
const FIXED: usize = 40;
const STRIP: usize = 32;

impl Order {
    /// Bytes on the way.
    pub fn len(&self) -> usize {
        FIXED + STRIP * self.strips.len()
    }

    /// Bytes of all strips.
    pub fn bytes(&self) -> usize {
        self.strips.iter().map(Strip::bytes).sum()
    }

    /// Writes the order to the front of `memory`, and returns the rest.
    pub fn write<'a>(&self, memory: &'a mut [u8]) -> &'a mut [u8] {
        let Work { op, leaf, span } = self.work;
        let pair = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
        let fixed = [self.number, self.offset, pair(op as u32, leaf as u32), pair(span, self.strips.len() as u32), 0];
        let strips = self.strips.iter().flat_map(|strip| [strip.at, strip.len, strip.count, strip.stride as u64]);
        let (front, rest) = memory.split_at_mut(self.len());
        for (place, word) in front.chunks_exact_mut(8).zip(fixed.into_iter().chain(strips)) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        rest
    }

    /// The order and the data behind it; None if it is not whole.
    pub fn read(message: &[u8]) -> Option<(Order, &[u8])> {
        let word = |at: usize| Some(u64::from_le_bytes(message.get(at..at + 8)?.try_into().ok()?));
        let (first, second, count) = (word(16)?, word(24)?, word(24)? >> 32);
        let end = FIXED.checked_add(STRIP.checked_mul(count as usize)?)?;
        let data = message.get(end..)?;
        let strip = |i: usize| {
            let at = FIXED + STRIP * i;
            Some(Strip { at: word(at)?, len: word(at + 8)?, count: word(at + 16)?, stride: word(at + 24)? as i64 })
        };
        let work = Work { op: first as u32 as Op, leaf: (first >> 32) as u32 as Datatype, span: second as u32 };
        let strips = (0..count as usize).map(strip).collect::<Option<_>>()?;
        Some((Order { number: word(0)?, offset: word(8)?, work, strips }, data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn orders_survive_the_way(
            number: u64, offset: u64, op: i32, leaf: i32, span: u32,
            strips in prop::collection::vec((any::<u64>(), 0u64..1 << 30, 0u64..1 << 30, any::<i64>()), 0..5),
            data in prop::collection::vec(any::<u8>(), 0..50), cut in 0usize..200,
        ) {
            let strips = strips.into_iter().map(|(at, len, count, stride)| Strip { at, len, count, stride }).collect();
            let order = Order { number, offset, work: Work { op, leaf, span }, strips };
            let mut message = vec![0; order.len() + data.len()];
            order.write(&mut message).copy_from_slice(&data);
            prop_assert_eq!(Order::read(&message), Some((order.clone(), &data[..])));
            if cut < order.len() {
                prop_assert_eq!(Order::read(&message[..cut]), None, "not whole");
            }
        }
    }

    #[test]
    fn actions_have_numbers() {
        assert_eq!((0..30).filter_map(Action::of).map(|action| action as i32).collect::<Vec<_>>(), (1..=19).collect::<Vec<_>>());
    }
}
