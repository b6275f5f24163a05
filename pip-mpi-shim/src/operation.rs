//! From the arguments of an MPI call to an [`Operation`], or to whose affair the call is.

use crate::abi::{self, Comm, Count, Datatype};
use crate::communicator::{self, Communicator};
use crate::datatype;
use crate::layout::{Layout, View};
use crate::matching::Pattern;
use crate::request::Operation;
use core::ffi::{c_int, c_void};
use std::sync::Arc;

/// The arguments that all message operations have.
#[derive(Debug, Clone, Copy)]
pub struct Arguments {
    pub buffer: *mut c_void,
    pub count: Count,
    pub datatype: Datatype,
    /// Destination or source.
    pub peer: c_int,
    pub tag: c_int,
    pub comm: Comm,
}

/// Whose affair a call is.
#[derive(Debug)]
pub enum Checked {
    /// The shim's.
    Ours(Operation),
    /// Nobody's: the peer is MPI_PROC_NULL.
    ProcNull,
    /// The MPI library's: a communicator with processes of other jobs, or arguments that it shall report as wrong.
    Library,
}

/// Data of `count` elements; None if the MPI library must judge the arguments.
#[inline(always)]
pub fn data(buffer: *mut c_void, count: Count, datatype: Datatype) -> Option<(View, Option<Arc<Layout>>)> {
    if count < 0 {
        return None;
    }
    if let Some(size) = abi::builtin_size(datatype) {
        let bytes = size * count as usize;
        return (bytes == 0 || !buffer.is_null()).then(|| (View::bytes(buffer.cast(), bytes), None));
    }
    let layout = datatype::layout(datatype)?;
    // From NULL, which is MPI_BOTTOM, only types with absolute addresses go.
    if buffer.is_null() && count > 0 && layout.size() > 0 && layout.true_lb() == 0 {
        return None;
    }
    Some((layout.view(buffer.cast(), count as usize), Some(layout)))
}

impl Arguments {
    /// The data, if it is of a predefined type and nothing is wrong with it.
    #[inline(always)]
    pub fn plain(&self) -> Option<View> {
        let bytes = abi::builtin_size(self.datatype)?.checked_mul(usize::try_from(self.count).ok()?)?;
        (bytes == 0 || !self.buffer.is_null()).then(|| View::bytes(self.buffer.cast(), bytes))
    }

    /// What a receive with these arguments matches, if they are right.
    #[inline(always)]
    pub fn pattern(&self, communicator: &Communicator) -> Option<Pattern> {
        let (any_source, any_tag) = (self.peer == abi::ANY_SOURCE, self.tag == abi::ANY_TAG);
        let right = (any_source || (self.peer as u32) < communicator.size)
            && (any_tag || (0..=abi::TAG_UB).contains(&self.tag));
        right.then(|| Pattern {
            source: (!any_source).then_some(self.peer as u32),
            tag: (!any_tag).then_some(self.tag),
        })
    }

    /// Checks the arguments of a send.
    #[inline(always)]
    pub fn check_send(&self) -> Checked {
        self.check(self.peer >= 0, (0..=abi::TAG_UB).contains(&self.tag))
    }

    /// Checks the arguments of a receive.
    #[inline(always)]
    pub fn check_receive(&self) -> Checked {
        let peer = self.peer >= 0 || self.peer == abi::ANY_SOURCE;
        self.check(peer, (0..=abi::TAG_UB).contains(&self.tag) || self.tag == abi::ANY_TAG)
    }

    // Inlined: handed over in memory, arguments just stored would be loaded again in other pieces, which stalls.
    #[inline(always)]
    fn check(&self, peer_fits: bool, tag_fits: bool) -> Checked {
        if !tag_fits || !(peer_fits || self.peer == abi::PROC_NULL) {
            return Checked::Library;
        }
        let Some((view, layout)) = data(self.buffer, self.count, self.datatype) else { return Checked::Library };
        let Some(communicator) = communicator::get(self.comm) else { return Checked::Library };
        if self.peer >= communicator.size as c_int {
            return Checked::Library;
        }
        if self.peer == abi::PROC_NULL {
            return Checked::ProcNull;
        }
        let peer = (self.peer >= 0).then_some(self.peer as u32);
        Checked::Ours(Operation {
            comm: self.comm,
            context: communicator.context,
            lane: communicator.lane,
            own_rank: communicator.rank,
            peer,
            peer_world: peer.map_or(0, |peer| communicator.world_rank(peer)),
            tag: (self.tag != abi::ANY_TAG).then_some(self.tag),
            view,
            layout,
        })
    }
}

/// Source and tag of a probe, checked like a receive without data.
pub fn probe(peer: c_int, tag: c_int, comm: Comm) -> Checked {
    let arguments = Arguments { buffer: core::ptr::null_mut(), count: 0, datatype: abi::BYTE, peer, tag, comm };
    arguments.check_receive()
}
