//! From the arguments of an MPI call to a [`Task`]. None leaves the call to the MPI library: it reports what is wrong with the
//! arguments, and none of it would get as far as communicating. What decides here is equal on all ranks, or wrong on this one.

use super::cards::Kind;
use super::call::Trouble;
use super::circle::Circle;
use super::data::{Array, Side};
use super::exchanging::Exchange;
use super::moving::{Bcast, Gather, Scatter};
use super::operator::Operator;
use super::reducing::{Reduction, Shape};
use crate::abi::{Count, Datatype, IN_PLACE, Op};
use core::ffi::{c_int, c_void};

/// The arguments of one buffer with blocks of equal or varying lengths.
#[derive(Debug, Clone, Copy)]
pub struct Buffer {
    pub address: *mut c_void,
    pub blocks: Lengths,
}

/// How the blocks lie in it.
#[derive(Debug, Clone, Copy)]
pub enum Lengths {
    Equal(Count, Datatype),
    /// Counts, displacements in extents.
    Varying(Array, Array, Datatype),
    /// Counts, displacements in bytes, types.
    Typed(Array, Array, *const Datatype),
}

impl Buffer {
    /// `count` elements, once or for each peer.
    pub fn equal(address: *const c_void, count: impl Into<Count>, datatype: Datatype) -> Buffer {
        Buffer { address: address.cast_mut(), blocks: Lengths::Equal(count.into(), datatype) }
    }

    /// Whether all blocks are of one length.
    pub fn is_equal(&self) -> bool {
        matches!(self.blocks, Lengths::Equal(..))
    }

    fn is_in_place(&self) -> bool {
        self.address == IN_PLACE
    }

    /// One block for all peers.
    #[inline]
    pub fn one(&self) -> Option<Side> {
        match self.blocks {
            Lengths::Equal(count, datatype) if !self.is_in_place() => Side::one(self.address, count, datatype),
            _ => None,
        }
    }

    /// A block per peer.
    pub fn all(&self, peers: u32) -> Option<Side> {
        if self.is_in_place() {
            return None;
        }
        // SAFETY: MPI asks for a number per rank in arrays.
        unsafe {
            match self.blocks {
                Lengths::Equal(count, datatype) => Side::rows(self.address, count, datatype, peers),
                Lengths::Varying(counts, displacements, datatype) => {
                    Side::varying(self.address, counts, displacements, datatype, peers)
                }
                Lengths::Typed(counts, displacements, types) => {
                    Side::typed(self.address, counts, displacements, types, peers)
                }
            }
        }
    }

    /// Whether data would be sent from where it is received, which MPI forbids.
    fn is_alias(&self, other: &Buffer, data: &Side) -> bool {
        self.address == other.address && !self.address.is_null() && data.count() > 0 && data.block(0).len() > 0
    }
}

fn rank_of(circle: &Circle, root: c_int) -> Option<u32> {
    u32::try_from(root).ok().filter(|&root| root < circle.size)
}

/// MPI_Bcast.
#[inline]
pub fn bcast(circle: &Circle, data: Buffer, root: c_int) -> Option<Bcast> {
    let root = rank_of(circle, root)?;
    Some(Bcast { root, is_root: circle.rank == root, data: data.one()?, room: circle.room })
}

/// MPI_Gather and MPI_Gatherv.
pub fn gather(circle: &Circle, send: Buffer, receive: Buffer, root: c_int) -> Option<Gather> {
    let (root, room) = (rank_of(circle, root)?, circle.room);
    if circle.rank != root {
        return Some(Gather { root, own: Some(send.one()?), all: None, borrowed: false, room });
    }
    let all = receive.all(circle.size)?;
    let own = if send.is_in_place() { None } else { Some(send.one()?) };
    if own.as_ref().is_some_and(|own| own.block(0).len() > 0 && own.block(0).is_at(&all.block(circle.rank))) {
        return None;
    }
    Some(Gather { root, own, all: Some(all), borrowed: false, room })
}

/// MPI_Scatter and MPI_Scatterv.
pub fn scatter(circle: &Circle, send: Buffer, receive: Buffer, root: c_int) -> Option<Scatter> {
    let root = rank_of(circle, root)?;
    if circle.rank != root {
        return Some(Scatter { root, own: Some(receive.one()?), all: None, short: false });
    }
    let all = send.all(circle.size)?;
    let own = if receive.is_in_place() { None } else { Some(receive.one()?) };
    if own.as_ref().is_some_and(|own| own.block(0).len() > 0 && own.block(0).is_at(&all.block(circle.rank))) {
        return None;
    }
    let short = all.is_short(circle.room);
    Some(Scatter { root, own, all: Some(all), short })
}

/// MPI_Allgather and MPI_Allgatherv.
pub fn allgather(circle: &Circle, send: Buffer, receive: Buffer) -> Option<Exchange> {
    let receive_side = receive.all(circle.size)?;
    let in_place = send.is_in_place();
    let own = if in_place { Side::part_of(&receive_side, circle.rank) } else { send.one()? };
    if !in_place && own.block(0).len() > 0 && own.block(0).is_at(&receive_side.block(circle.rank)) {
        return None;
    }
    let short = own.block(0).len() <= circle.room;
    Some(Exchange { kind: Kind::Allgather, send: Some(own), receive: receive_side, short, equal: receive.is_equal(), in_place, lent: false, copied: None })
}

/// MPI_Alltoall, MPI_Alltoallv and MPI_Alltoallw.
pub fn alltoall(circle: &Circle, send: Buffer, receive: Buffer) -> Option<Exchange> {
    let receive_side = receive.all(circle.size)?;
    let send_side = if send.is_in_place() { None } else { Some(send.all(circle.size)?) };
    if send_side.as_ref().is_some_and(|side| send.is_alias(&receive, side)) {
        return None;
    }
    let short = send_side.as_ref().is_some_and(|side| side.is_short(circle.room));
    let kind = Kind::Alltoall;
    let equal = receive.is_equal();
    Some(Exchange { kind, send: send_side, receive: receive_side, short, equal, in_place: false, lent: false, copied: None })
}

/// The buffers of a reduction.
#[derive(Debug, Clone, Copy)]
pub struct Operands {
    pub send: *const c_void,
    pub receive: *mut c_void,
    pub count: Count,
    pub datatype: Datatype,
    pub op: Op,
}

impl Operands {
    fn side(&self, address: *mut c_void, count: Count) -> Option<Side> {
        if address == IN_PLACE { None } else { Side::one(address, count, self.datatype) }
    }

    /// The input, which lies in the receive buffer if it is in place.
    #[inline]
    fn input(&self) -> Option<Side> {
        let send = self.send.cast_mut();
        if send == IN_PLACE {
            return self.side(self.receive, self.count);
        }
        if send == self.receive && self.count > 0 && !send.is_null() {
            return None;
        }
        self.side(send, self.count)
    }

    fn reduction(&self, circle: &Circle, shape: Shape, input: Side, output: Option<Side>) -> Option<Reduction> {
        let operator = Operator::of(self.op, self.datatype)?;
        let count = usize::try_from(self.count).ok()?;
        Some(Reduction { shape, operator, count, input, output, target: None, rank: circle.rank, refused: None, kept: None, room: circle.room, bounds: None })
    }

    /// A reduction that is not done: a count is negative. The MPI library would not notice.
    fn refuse(&self, circle: &Circle) -> Option<Reduction> {
        let none = Operands { count: 0, ..*self }.reduction(circle, Shape::All, Side::scratch(0), None)?;
        Some(Reduction { refused: Some(Trouble::Count), ..none })
    }
}

/// MPI_Reduce.
pub fn reduce(circle: &Circle, operands: Operands, root: c_int) -> Option<Reduction> {
    let root = rank_of(circle, root)?;
    if operands.count < 0 {
        return operands.refuse(circle);
    }
    let shape = Shape::Root(root);
    if circle.rank == root {
        let output = operands.side(operands.receive, operands.count)?;
        return operands.reduction(circle, shape, operands.input()?, Some(output));
    }
    let input = operands.side(operands.send.cast_mut(), operands.count)?;
    operands.reduction(circle, shape, input, None)
}

/// MPI_Allreduce and MPI_Scan.
#[inline]
pub fn all(circle: &Circle, operands: Operands, shape: Shape) -> Option<Reduction> {
    if operands.count < 0 {
        return operands.refuse(circle);
    }
    let output = operands.side(operands.receive, operands.count)?;
    operands.reduction(circle, shape, operands.input()?, Some(output))
}

/// MPI_Exscan. The receive buffer means nothing at rank 0, unless the operation is in place.
pub fn exscan(circle: &Circle, operands: Operands) -> Option<Reduction> {
    if operands.count < 0 || circle.rank > 0 || operands.send.cast_mut() == IN_PLACE {
        return all(circle, operands, Shape::PrefixBefore);
    }
    operands.reduction(circle, Shape::PrefixBefore, operands.input()?, None)
}

/// MPI_Reduce_scatter, with the `counts` of all ranks; `operands.count` is not looked at.
pub fn reduce_scatter(circle: &Circle, operands: Operands, counts: Array) -> Option<Reduction> {
    // SAFETY: MPI asks for a number per rank.
    let counts = unsafe { counts.read(circle.size) }?;
    if counts.iter().any(|&count| count < 0) {
        return operands.refuse(circle);
    }
    let before: Count = counts[..circle.rank as usize].iter().sum();
    let (own, total) = (counts[circle.rank as usize], counts.iter().sum());
    part(circle, Operands { count: total, ..operands }, before, own, |rank| counts[rank])
}

/// MPI_Reduce_scatter_block.
pub fn reduce_scatter_block(circle: &Circle, operands: Operands) -> Option<Reduction> {
    if operands.count < 0 {
        return operands.refuse(circle);
    }
    let (own, size, rank) = (operands.count, Count::from(circle.size), Count::from(circle.rank));
    part(circle, Operands { count: own * size, ..operands }, own * rank, own, |_| own)
}

fn part(
    circle: &Circle,
    operands: Operands,
    before: Count,
    own: Count,
    count: impl Fn(usize) -> Count,
) -> Option<Reduction> {
    let target = if own > 0 { operands.side(operands.receive, own)? } else { Side::scratch(0) };
    let shape = Shape::Part(before as usize, (before + own) as usize);
    let mut reduction = operands.reduction(circle, shape, operands.input()?, None)?;
    if circle.between.is_some() {
        let ends = (0..circle.size as usize).scan(0, |end, rank| {
            *end += count(rank) as usize;
            Some(*end)
        });
        reduction.bounds = Some([0].into_iter().chain(ends).collect());
    }
    if operands.send.cast_mut() == IN_PLACE && !reduction.is_short() {
        // Peers read the buffer until the end.
        let bytes = own as usize * reduction.operator.size;
        (reduction.output, reduction.target) = (Some(Side::scratch(bytes)), Some(target));
    } else {
        reduction.output = Some(target);
    }
    Some(reduction)
}
