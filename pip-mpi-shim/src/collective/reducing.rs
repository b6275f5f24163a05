//! Operations that combine data (MPI-4.0 sections 6.9 to 6.11). Short data is on every card, and who wants a result computes
//! it. Long data is cut into a slice per rank: each reads its slice in the buffers of all and writes the result to all who
//! want it.

use super::between::Far;
use super::call::{Table, Task, Trouble};
use super::cards::{self, Kind, Title};
use super::circle::Whom;
use super::data::Side;
use super::keeping::Kept;
use super::meeting::{Body, Card};
use super::operator::Operator;
use crate::abi::Op;
use crate::spaces::fingerprint;
use crate::layout::{View, copy_bytes};
use crate::window::elements::{self, Number};
use core::mem::MaybeUninit;

/// What becomes of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// At one rank.
    Root(u32),
    /// At all.
    All,
    /// Elements from the first to before the second number belong to this rank.
    Part(usize, usize),
    /// At each rank that of the ranks up to it.
    Prefix,
    /// At each rank but 0 that of the ranks before it.
    PrefixBefore,
}

/// MPI_Reduce, MPI_Allreduce, MPI_Reduce_scatter(_block), MPI_Scan, MPI_Exscan.
#[derive(Debug)]
pub struct Reduction {
    pub shape: Shape,
    pub operator: Operator,
    /// Elements of each rank's data.
    pub count: usize,
    pub input: Side,
    /// Where this rank's result goes; a scratch buffer if that is still being read.
    pub output: Option<Side>,
    /// Where the scratch buffer's contents go at the end.
    pub target: Option<Side>,
    pub rank: u32,
    /// What is wrong with the arguments.
    pub refused: Option<Trouble>,
    /// For a call in the background.
    pub kept: Option<Kept>,
    /// The most bytes that are put on a card.
    pub room: usize,
    /// Where the parts of all ranks begin, and the last one ends, if there are several address spaces.
    pub bounds: Option<Box<[usize]>>,
}

impl Reduction {
    fn title(&self) -> Title {
        let (kind, root) = match self.shape {
            Shape::Root(root) => (Kind::Reduce, root),
            Shape::All => (Kind::Allreduce, 0),
            Shape::Part(..) => (Kind::ReduceScatter, 0),
            Shape::Prefix => (Kind::Scan, 0),
            Shape::PrefixBefore => (Kind::Exscan, 0),
        };
        // How the result is distributed counts, too.
        let bounds = self.bounds.iter().flatten().map(|&bound| bound as u32);
        let distribution = if self.bounds.is_some() { fingerprint(bounds) as u32 & 0xffff } else { 0 };
        Title { kind, root, what: self.operator.signature() | distribution << 16 }
    }

    /// Whether the data is on the cards.
    #[inline]
    pub fn is_short(&self) -> bool {
        self.count * self.operator.size <= self.room
    }

    /// The elements that this rank computes.
    fn slice(&self, table: &Table<'_>) -> (usize, usize) {
        match self.shape {
            Shape::Part(first, end) => (first, end),
            _ if self.is_short() => (0, self.count),
            _ => {
                let line = (64 / self.operator.size.max(1)).max(1);
                let least = (table.slice_min() / self.operator.size.max(1)).max(1);
                let each = self.count.div_ceil(table.size() as usize).max(least).next_multiple_of(line);
                let first = (each * table.rank() as usize).min(self.count);
                (first, (first + each).min(self.count))
            }
        }
    }

    fn is_root(&self) -> bool {
        self.shape == Shape::Root(self.rank)
    }

    /// Computes short results from the cards of ranks up to `last`.
    fn compute_own(&mut self, table: &Table<'_>, last: u32) -> Result<(), Trouble> {
        if let (Some(numbers), Some(output)) = (self.operator.numbers(), &self.output)
            && let Some(target) = output.block(0).contiguous()
        {
            return self.compute_numbers(table, last, numbers, target);
        }
        let (inputs, _) = self.gather(table)?;
        let Some(output) = &self.output else { return Ok(()) };
        let (target, slice) = (output.block(0), self.slice(table));
        let inputs = &inputs.as_slice()[..=last as usize];
        // SAFETY: all have the same number of elements, and the output is the program's.
        unsafe { self.operator.fold(inputs, slice, last as usize, |_, partial| partial.store(&target, self.origin())) }
    }

    /// The same for numbers, with nothing that is not needed.
    fn compute_numbers(
        &self,
        table: &Table<'_>,
        last: u32,
        (number, op): (Number, Op),
        target: *mut u8,
    ) -> Result<(), Trouble> {
        let (title, (first, end), size) = (self.title(), self.slice(table), self.operator.size);
        let bytes = (end - first) * size;
        let mut sum = MaybeUninit::<Body>::uninit();
        let sum = sum.as_mut_ptr().cast::<u8>();
        for peer in 0..table.size() {
            let card = title.card(table, peer)?;
            if card.bytes as usize != self.count * size {
                return Err(Trouble::Length { peer, bytes: card.bytes as usize, room: self.count * size });
            }
            let data = card.body.0.as_ptr().wrapping_add(first * size);
            // SAFETY: the numbers are on the card, and the sum has room for as many.
            unsafe {
                match peer {
                    0 => copy_bytes(data, sum, bytes),
                    _ if peer <= last => elements::combine(number, op, sum, sum, data, end - first),
                    _ => {}
                }
            }
        }
        // SAFETY: the program's buffer.
        unsafe { copy_bytes(sum, target, bytes) };
        Ok(())
    }

    /// The element with which this rank's output begins.
    fn origin(&self) -> usize {
        if let Shape::Part(first, _) = self.shape { first } else { 0 }
    }

    /// The data of all ranks and where their results go, if all are in the same call.
    fn gather(&self, table: &Table<'_>) -> Result<(Few, Few), Trouble> {
        let (mut inputs, mut outputs) = (Few::new(), Few::new());
        let bytes = self.count * self.operator.size;
        for peer in 0..table.size() {
            let card = self.title().card(table, peer)?;
            if card.bytes as usize != bytes {
                return Err(Trouble::Length { peer, bytes: card.bytes as usize, room: bytes });
            }
            // SAFETY: one block each.
            unsafe {
                inputs.push(cards::block(card, 0));
                if !cards::is_enclosed(card) {
                    outputs.push(cards::lent(card).output.block(0));
                }
            }
        }
        Ok((inputs, outputs))
    }

    fn compute_slice(&mut self, table: &Table<'_>) -> Result<(), Trouble> {
        let (inputs, outputs) = self.gather(table)?;
        let (inputs, outputs) = (inputs.as_slice(), outputs.as_slice());
        let (slice, last) = (self.slice(table), inputs.len() - 1);
        // SAFETY: all have the same number of elements, and lend their outputs until this rank is done.
        unsafe {
            match self.shape {
                Shape::Root(root) => {
                    let target = outputs[root as usize];
                    self.operator.fold(inputs, slice, last, |_, partial| partial.store(&target, 0))
                }
                Shape::All => self.operator.fold(inputs, slice, last, |_, partial| {
                    outputs.iter().for_each(|target| partial.store(target, 0));
                }),
                Shape::Part(..) => {
                    let Some(target) = self.output.as_ref().map(|output| output.block(0)) else { return Ok(()) };
                    self.operator.fold(inputs, slice, last, |_, partial| partial.store(&target, slice.0))
                }
                Shape::Prefix => {
                    self.operator.fold(inputs, slice, 0, |i, partial| partial.store(&outputs[i], 0))
                }
                Shape::PrefixBefore => {
                    // The result goes to the next rank, whose own data may lie there: it is read first.
                    self.fold_before(inputs, outputs, slice)
                }
            }
        }
    }

    /// MPI_Exscan of a slice: output `i` gets what the inputs before input `i` yield, the first none. With MPI_IN_PLACE input and
    /// output of a rank are one.
    ///
    /// SAFETY of callers: as [`Operator::fold`]; the outputs may be written.
    pub unsafe fn fold_before(&self, inputs: &[View], outputs: &[View], slice: (usize, usize)) -> Result<(), Trouble> {
        let size = self.operator.size;
        let step = (PREFIX_PIECE / size.max(1)).max(1);
        let mut first = slice.0;
        while first < slice.1 {
            let end = (first + step).min(slice.1);
            // What the ranks before have yielded, kept until the rank's own data has been read.
            let mut held = vec![0u8; (end - first) * size];
            let kept = View::bytes(held.as_mut_ptr().wrapping_sub(first * size), end * size);
            // SAFETY: the caller's promise.
            unsafe {
                self.operator.fold(inputs, (first, end), 0, |i, partial| {
                    if i > 0 {
                        let (at, bytes) = partial.bytes();
                        crate::layout::copy_part(&kept, &outputs[i], at, bytes);
                    }
                    partial.store(&kept, 0);
                })?;
            }
            first = end;
        }
        Ok(())
    }
}

/// What MPI_Exscan keeps of a prefix at a time.
const PREFIX_PIECE: usize = 4 << 10;

impl Task for Reduction {
    #[inline]
    fn refused(&self) -> Option<Trouble> {
        self.refused
    }

    fn keep(&mut self) {
        self.kept = Some(self.operator.keep());
    }

    #[inline]
    fn fill(&self, card: &mut Card) {
        let view = self.input.block(0);
        self.title().write(card, view.len());
        if self.is_short() {
            // SAFETY: the program's buffer, and it fits.
            unsafe { cards::enclose(card, [view].into_iter()) };
        } else {
            cards::lend(card, Some(&self.input), self.output.as_ref());
        }
    }

    fn awaiting(&self) -> Whom {
        match self.shape {
            Shape::Root(root) if self.is_short() => Whom::One(root),
            _ => Whom::All,
        }
    }

    fn needs(&self) -> Whom {
        if matches!(self.shape, Shape::Root(_)) && self.is_short() && !self.is_root() { Whom::Nobody } else { Whom::All }
    }

    #[inline]
    fn work(&mut self, table: &Table<'_>) -> Result<(), Trouble> {
        if !self.is_short() {
            return self.compute_slice(table);
        }
        let (rank, last) = (self.rank, table.size() - 1);
        match self.shape {
            Shape::Root(root) if root != rank => Ok(()),
            Shape::Prefix => self.compute_own(table, rank),
            Shape::PrefixBefore if rank == 0 => Ok(()),
            Shape::PrefixBefore => self.compute_own(table, rank - 1),
            _ => self.compute_own(table, last),
        }
    }

    fn lenders(&self) -> Whom {
        if self.is_short() { Whom::Nobody } else { Whom::All }
    }

    fn far(&self) -> Far<'_> {
        Far::Reduction(self)
    }

    fn borrowers(&self) -> Whom {
        self.lenders()
    }

    fn conclude(&mut self) {
        if let (Some(from), Some(to)) = (&self.output, &self.target) {
            let (from, to) = (from.block(0), to.block(0));
            // SAFETY: both are this rank's, of the same length.
            unsafe { crate::layout::copy(&from, &to, from.len().min(to.len())) };
        }
    }
}

/// Views in a list that needs no memory while it is short.
struct Few {
    first: [MaybeUninit<View>; FEW],
    count: usize,
    /// All of them, once there are more.
    more: Vec<View>,
}

const FEW: usize = 8;

impl Few {
    fn new() -> Few {
        Few { first: [const { MaybeUninit::uninit() }; FEW], count: 0, more: Vec::new() }
    }

    #[inline]
    fn push(&mut self, view: View) {
        if self.count < FEW {
            self.first[self.count].write(view);
        } else {
            if self.count == FEW {
                // SAFETY: all of them were written.
                self.more.extend(self.first.iter().map(|view| unsafe { view.assume_init() }));
            }
            self.more.push(view);
        }
        self.count += 1;
    }

    #[inline]
    fn as_slice(&self) -> &[View] {
        if self.more.is_empty() {
            // SAFETY: so many were written.
            unsafe { core::slice::from_raw_parts(self.first.as_ptr().cast(), self.count) }
        } else {
            &self.more
        }
    }
}
