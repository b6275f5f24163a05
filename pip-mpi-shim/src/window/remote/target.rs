//! The target's side of operations from other address spaces: carried out as by a rank of this one.

use super::wire::{Action, Order, Work};
use super::{Remote, Window};
use crate::abi;
use crate::layout::copy_bytes;
use crate::offnode::{Channel, fatal};
use crate::window::accumulating::{Operation, swap};
use core::ptr;

impl Window {
    /// Carries out what rank `source` asks for, and answers with the data, if it asks for some. False if it only wants to know that
    /// it has been done.
    pub fn carry_out(&self, remote: &Remote, channel: &mut Channel, source: u32, action: Action, message: &[u8]) -> bool {
        let Some((order, data)) = Order::read(message).filter(|(order, data)| is_whole(action, order, data)) else {
            fatal(&format!("rank {source} of a window sent an operation that is not whole"));
        };
        if matches!(action, Action::Put | Action::Accumulate) {
            self.work_on(action, &order, data, &mut []);
            return false;
        }
        let head = Order { strips: Vec::new(), ..order };
        let len = head.len() + order.bytes();
        self.tell_filled(remote, channel, source, (Action::Data, 0), len, |memory| {
            self.work_on(action, &order, data, head.write(memory));
        });
        true
    }

    /// Does the work on the blocks of an order, with what came along, and leaves what was there in `answer`, if it is asked for.
    fn work_on(&self, action: Action, order: &Order, data: &[u8], answer: &mut [u8]) {
        let Work { op, leaf, span } = order.work;
        let operation = Operation { window: self, rank: self.rank, op, leaf, span: span as usize, alone: false };
        let mut done = 0;
        let mut block = |at: *mut u8, len: usize| {
            let operand = data.get(done..).filter(|rest| !rest.is_empty()).map_or(ptr::null(), <[u8]>::as_ptr);
            let result = answer.get_mut(done..).filter(|rest| !rest.is_empty()).map_or(ptr::null_mut(), <[u8]>::as_mut_ptr);
            // SAFETY: the origin has checked the target's memory against this rank's part, or it is attached to a dynamic window;
            // data and answer are as long as the action takes.
            unsafe {
                match action {
                    Action::Put => copy_bytes(operand, at, len),
                    Action::Get => copy_bytes(at, result, len),
                    Action::Swap => swap(self, self.rank, len, at, (data[len..].as_ptr(), operand), result),
                    _ => operation.apply(at, operand, result, len),
                }
            }
            done += len;
        };
        order.strips.iter().for_each(|strip| strip.each_block(&mut block));
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
