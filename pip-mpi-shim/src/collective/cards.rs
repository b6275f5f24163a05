//! What stands on a card: the operation, and the data itself or where it lies.

use super::call::{Table, Trouble};
use super::data::{Blocks, Side};
use super::meeting::Card;
use crate::layout::{View, copy};

/// Operations, as cards name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Barrier = 1,
    Bcast,
    Gather,
    Scatter,
    Allgather,
    Alltoall,
    Reduce,
    Allreduce,
    ReduceScatter,
    Scan,
    Exscan,
    Neighbors,
}

/// What all ranks of a call must agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Title {
    pub kind: Kind,
    pub root: u32,
    /// Reduction and type of its elements.
    pub what: u32,
}

impl Title {
    /// An operation without root and reduction.
    pub fn of(kind: Kind) -> Title {
        Title { kind, root: 0, what: 0 }
    }

    /// An operation with a root.
    pub fn rooted(kind: Kind, root: u32) -> Title {
        Title { kind, root, what: 0 }
    }

    /// Writes everything but the data.
    #[inline]
    pub fn write(&self, card: &mut Card, bytes: usize) {
        (card.kind, card.inline, card.root, card.what, card.bytes) = (self.kind as u8, 0, self.root, self.what, bytes as u64);
        card.enclosed = 0;
    }

    /// The card of rank `peer`, if it names the same operation.
    #[inline]
    pub fn card<'a>(&self, table: &Table<'a>, peer: u32) -> Result<&'a Card, Trouble> {
        let card = table.card(peer);
        let same = card.kind == self.kind as u8 && card.root == self.root && card.what == self.what;
        if same { Ok(card) } else { Err(Trouble::Differs { peer }) }
    }
}

/// Where a rank's data lies, and where its result may be put.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Lent {
    pub input: Blocks,
    pub output: Blocks,
}

/// Puts data that fits on a card there.
///
/// SAFETY of callers: the views can be read, and fit together.
#[inline]
pub unsafe fn enclose(card: &mut Card, views: impl Iterator<Item = View>) {
    card.inline = 1;
    let mut at = card.body.0.as_mut_ptr();
    for view in views {
        // SAFETY: the caller's promise.
        unsafe { copy(&view, &View::bytes(at, view.len()), view.len()) };
        at = at.wrapping_add(view.len());
        card.enclosed += view.len() as u32;
    }
}

/// Writes where the data lies.
#[inline]
pub fn lend(card: &mut Card, input: Option<&Side>, output: Option<&Side>) {
    let blocks = |side: Option<&Side>| side.map_or(Blocks::NONE, Side::blocks);
    let lent = Lent { input: blocks(input), output: blocks(output) };
    // SAFETY: the body is larger, and aligned for it.
    unsafe { card.body.0.as_mut_ptr().cast::<Lent>().write(lent) };
}

/// Whether the data is on the card.
#[inline]
pub fn is_enclosed(card: &Card) -> bool {
    card.inline != 0
}

/// What was lent.
#[inline]
pub fn lent(card: &Card) -> Lent {
    debug_assert!(!is_enclosed(card));
    // SAFETY: `lend` wrote it.
    unsafe { card.body.0.as_ptr().cast::<Lent>().read() }
}

/// Block `index` of a rank's data; blocks on a card are of equal lengths.
///
/// # Safety
/// There are more than `index` blocks.
#[inline]
pub unsafe fn block(card: &Card, index: u32) -> View {
    if is_enclosed(card) {
        let bytes = card.bytes as usize;
        View::bytes(card.body.0.as_ptr().wrapping_add(index as usize * bytes).cast_mut(), bytes)
    } else {
        // SAFETY: the caller's promise; the owner waits until this rank is done.
        unsafe { lent(card).input.block(index) }
    }
}

/// Copies `from`, which is rank `peer`'s, to `to`.
///
/// SAFETY of callers: both describe memory that may be used.
#[inline]
pub unsafe fn take(peer: u32, from: &View, to: &View) -> Result<(), Trouble> {
    let (bytes, room) = (from.len(), to.len());
    if bytes > room {
        return Err(Trouble::Length { peer, bytes, room });
    }
    // The same buffer may stand on both sides: memory that ranks share.
    if from.contiguous().is_none() || from.contiguous() != to.contiguous() {
        // SAFETY: the caller's promise.
        unsafe { copy(from, to, bytes) };
    }
    Ok(())
}
