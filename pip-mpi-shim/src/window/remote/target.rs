//! The target's side of operations from other address spaces: carried out as by a rank of this one.

use super::wire::{Action, Order, Strip, Work};
use super::{Remote, Window};
use crate::abi;
use crate::layout::copy_bytes;
use crate::offnode::{Channel, fatal};
use crate::window::accumulating::{self, Operation};

/// Copies between the blocks of strips and as many bytes in a row, of which `to_row` gets address and place.
fn each(strips: &[Strip], mut f: impl FnMut(*mut u8, usize, usize)) {
    let mut done = 0;
    strips.iter().for_each(|strip| {
        strip.each_block(|at, len| {
            f(at, done, len);
            done += len;
        });
    });
}

impl Window {
    /// Carries out what rank `source` asks for. True if there is no answer to it: the sender only wants to know that it has
    /// been done.
    pub fn carry_out(&self, remote: &Remote, channel: &mut Channel, source: u32, action: Action, message: &[u8]) -> bool {
        let Some((order, data)) = Order::read(message).filter(|(order, data)| is_whole(action, order, data)) else {
            fatal(&format!("rank {source} of a window sent an operation that is not whole"));
        };
        let Work { op, leaf, span } = order.work;
        let operation = Operation { window: self, rank: self.rank, op, leaf, span: span as usize, alone: false };
        // SAFETY, here and below: the origin has checked the target's memory against this rank's part, or it is attached to a
        // dynamic window; data and answers have the lengths looked at.
        match action {
            Action::Put => each(&order.strips, |at, done, len| unsafe { copy_bytes(data[done..].as_ptr(), at, len) }),
            Action::Accumulate => each(&order.strips, |at, done, len| unsafe {
                operation.apply(at, data[done..].as_ptr(), core::ptr::null_mut(), len);
            }),
            Action::Get => {
                self.answer(remote, channel, source, &order, |answer| {
                    each(&order.strips, |at, done, len| unsafe { copy_bytes(at, answer[done..].as_mut_ptr(), len) });
                });
                return false;
            }
            Action::Fetch => {
                self.answer(remote, channel, source, &order, |answer| {
                    each(&order.strips, |at, done, len| unsafe {
                        let operand = if data.is_empty() { core::ptr::null() } else { data[done..].as_ptr() };
                        operation.apply(at, operand, answer[done..].as_mut_ptr(), len);
                    });
                });
                return false;
            }
            _ => {
                let (compare, new) = data.split_at(data.len() / 2);
                self.answer(remote, channel, source, &order, |answer| {
                    each(&order.strips, |at, _, len| unsafe {
                        let (new, compare) = (new.as_ptr(), compare.as_ptr());
                        accumulating::swap(self, self.rank, len, at, (new, compare), answer.as_mut_ptr());
                    });
                });
                return false;
            }
        }
        true
    }

    /// Sends data as long as the order's, which `fill` writes.
    fn answer(&self, remote: &Remote, channel: &mut Channel, source: u32, order: &Order, fill: impl FnOnce(&mut [u8])) {
        let head = Order { strips: Vec::new(), ..*order };
        let len = head.len() + order.bytes();
        self.tell_filled(remote, channel, source, (Action::Data, 0), len, |memory| fill(head.write(memory)));
    }
}

/// Whether as much data came along as the action takes.
fn is_whole(action: Action, order: &Order, data: &[u8]) -> bool {
    let expected = match action {
        Action::Get => 0,
        Action::Fetch if order.work.op == abi::NO_OP => 0,
        Action::Swap => 2 * order.bytes(),
        _ => order.bytes(),
    };
    data.len() == expected
}
