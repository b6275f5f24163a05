//! MPI_Allreduce and MPI_Reduce of a few numbers, which many programs call once per step: the same calls as a
//! [`Reduction`](super::reducing) makes, as its peers see them, with nothing that longer or stranger data needs.

use super::call::{Table, Task, Trouble};
use super::cards::{Kind, Title};
use super::circle::{Circle, Whom};
use super::meeting::Card;
use super::operator::Operator;
use super::tasks::Operands;
use crate::abi::{self, IN_PLACE, Op};
use crate::layout::copy_bytes;
use crate::window::elements::{self, Number};
use core::ffi::{c_int, c_void};

/// The most bytes of data; they fit on a card.
const MOST: usize = 64;

/// A reduction of numbers by a predefined operation.
#[derive(Debug)]
pub struct Short {
    from: *const u8,
    /// Null at ranks that get no result.
    to: *mut u8,
    count: usize,
    bytes: usize,
    number: Number,
    op: Op,
    title: Title,
}

// SAFETY: the buffers are the program's, which leaves them to the call.
unsafe impl Send for Short {}

/// MPI_Allreduce; None if the call needs more.
#[inline]
pub fn allreduce(circle: &Circle, operands: &Operands) -> Option<Short> {
    short(circle, operands, operands.receive, Kind::Allreduce, 0)
}

/// MPI_Reduce; None if the call needs more.
#[inline]
pub fn reduce(circle: &Circle, operands: &Operands, root: c_int) -> Option<Short> {
    let root = u32::try_from(root).ok().filter(|&root| root < circle.size)?;
    if root == circle.rank {
        return short(circle, operands, operands.receive, Kind::Reduce, root);
    }
    if operands.send.cast_mut() == IN_PLACE {
        return None;
    }
    short(circle, operands, core::ptr::null_mut(), Kind::Reduce, root)
}

/// The result goes `to`, if that is not null.
#[inline]
fn short(circle: &Circle, operands: &Operands, to: *mut c_void, kind: Kind, root: u32) -> Option<Short> {
    let Operands { send, receive, count, datatype, op } = *operands;
    let gets = kind == Kind::Allreduce || !to.is_null();
    let is_wrong = to == IN_PLACE || to.is_null() || to == send.cast_mut();
    if count < 1 || count > MOST as abi::Count || send.is_null() || gets && is_wrong {
        return None;
    }
    let (number, size, what) = Operator::plain(op, datatype)?;
    let (count, bytes) = (count as usize, count as usize * size);
    let from = if send.cast_mut() == IN_PLACE { receive } else { send.cast_mut() };
    let title = Title { kind, root, what };
    (bytes <= MOST.min(circle.room) && circle.between.is_none()).then_some(Short { from: from.cast(), to: to.cast(), count, bytes, number, op, title })
}

impl Task for Short {
    #[inline]
    fn fill(&self, card: &mut Card) {
        self.title.write(card, self.bytes);
        card.inline = 1;
        // SAFETY: the program's buffer, and it fits.
        unsafe { copy_bytes(self.from, card.body.0.as_mut_ptr(), self.bytes) };
    }

    #[inline]
    fn awaiting(&self) -> Whom {
        if self.title.kind == Kind::Reduce { Whom::One(self.title.root) } else { Whom::All }
    }

    #[inline]
    fn needs(&self) -> Whom {
        if self.to.is_null() { Whom::Nobody } else { Whom::All }
    }

    #[inline]
    fn work(&mut self, table: &Table<'_>) -> Result<(), Trouble> {
        if self.to.is_null() {
            return Ok(());
        }
        let mut sum = [0u64; MOST / size_of::<u64>()];
        let sum = sum.as_mut_ptr().cast::<u8>();
        for peer in 0..table.size() {
            let card = self.title.card(table, peer)?;
            if card.bytes as usize != self.bytes {
                return Err(Trouble::Length { peer, bytes: card.bytes as usize, room: self.bytes });
            }
            let data = card.body.0.as_ptr();
            // SAFETY: the numbers are on the card, and the sum has room for as many.
            unsafe {
                match peer {
                    0 => copy_bytes(data, sum, self.bytes),
                    _ => elements::combine(self.number, self.op, sum, sum, data, self.count),
                }
            }
        }
        // SAFETY: the program's buffer.
        unsafe { copy_bytes(sum, self.to, self.bytes) };
        Ok(())
    }

    #[inline]
    fn lenders(&self) -> Whom {
        Whom::Nobody
    }

    #[inline]
    fn borrowers(&self) -> Whom {
        Whom::Nobody
    }
}
