//! Long data of reductions. It is cut into *jobs*, each a range of elements that one rank of every node works on: it combines
//! its node's data by loads, and sends the results to the node where they are combined with those of the others, or to all.
//! All is combined in one order, whoever comes first: that of the nodes, or of the ranks where that matters.

use super::haul::{Block, Haul, Next, Site};
use super::messages::Piece;
use super::nodes::{Part, cut};
use crate::collective::reducing::{Reduction, Shape};
use crate::layout::View;
use crate::tunables;

/// A range of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Names the ranks that work on it.
    pub column: u32,
    pub range: (usize, usize),
    /// The node that combines the results of all; None if each does.
    pub at: Option<u32>,
}

impl Job {
    /// Whether node `node` combines the results of all.
    fn is_at(&self, node: u32) -> bool {
        self.at.is_none_or(|at| at == node)
    }

    /// Bytes of the results of `parts` parts.
    fn bytes(&self, reduction: &Reduction, parts: usize) -> usize {
        (self.range.1 - self.range.0) * reduction.operator.size * parts
    }
}

/// All jobs, with their numbers.
fn jobs(site: &Site<'_>, reduction: &Reduction) -> Vec<Job> {
    let (nodes, settings, count) = (&site.between.nodes, tunables::get(), reduction.count);
    if let Some(bounds) = &reduction.bounds {
        let job = |rank: u32| {
            let range = (bounds[rank as usize], bounds[rank as usize + 1]);
            Job { column: nodes.slot(rank), range, at: Some(nodes.of(rank)) }
        };
        return (0..nodes.size()).map(job).collect();
    }
    let bytes = count * reduction.operator.size;
    let columns = nodes.columns(bytes, settings.node_slice);
    let splits = nodes.count() > 2 && bytes / nodes.count() as usize >= settings.node_split;
    let column = |column: u32| {
        let (from, to) = cut(count, columns, column);
        let pieces = if splits && !is_prefix(reduction) { nodes.count() } else { 1 };
        (0..pieces).map(move |piece| {
            let (first, end) = cut(to - from, pieces, piece);
            let at = match reduction.shape {
                _ if pieces > 1 => Some(piece),
                Shape::Root(root) => Some(nodes.of(root)),
                _ => None,
            };
            Job { column, range: (from + first, from + end), at }
        })
    };
    (0..columns).flat_map(column).collect()
}

fn is_prefix(reduction: &Reduction) -> bool {
    matches!(reduction.shape, Shape::Prefix | Shape::PrefixBefore)
}

/// The parts in which the ranks' data is combined.
pub fn parts<'a>(site: &Site<'a>, reduction: &Reduction) -> &'a [Part] {
    site.between.nodes.parts(reduction.operator.is_ordered() || is_prefix(reduction))
}

/// The jobs of this rank.
pub fn own_jobs(site: &Site<'_>, reduction: &Reduction) -> impl Iterator<Item = (usize, Job)> {
    let (nodes, me) = (&site.between.nodes, site.rank());
    let is_own =
        move |&(_, job): &(usize, Job)| job.range.0 < job.range.1 && nodes.helper(nodes.own(), job.column) == me;
    jobs(site, reduction).into_iter().enumerate().filter(is_own)
}

/// Elements of a range in a row at `data`, as a part of all elements.
pub fn elements(data: *const u8, reduction: &Reduction, range: (usize, usize)) -> View {
    let size = reduction.operator.size;
    View::bytes(data.cast_mut().wrapping_sub(range.0 * size), range.1 * size)
}

/// Combines the data of this node's ranks, and lets those who need it have it.
pub fn combine(site: &Site<'_>, haul: &mut Haul, reduction: &Reduction) {
    let (between, nodes, here) = (site.between, &site.between.nodes, site.between.nodes.own());
    let parts = parts(site, reduction);
    let parts_of = |node: u32| parts.iter().filter(move |part| part.node == node);
    for (number, job) in own_jobs(site, reduction) {
        let own = parts_of(here).count();
        let mut data = vec![0u8; job.bytes(reduction, own)].into_boxed_slice();
        for (part, place) in parts_of(here).zip(data.chunks_exact_mut(job.bytes(reduction, 1))) {
            let target = elements(place.as_ptr(), reduction, job.range);
            // SAFETY: the ranks of this node lend their data of equal lengths until this rank is done.
            haul.note(unsafe {
                let inputs: Vec<View> = part.ranks.iter().map(|&rank| site.block(rank, 0)).collect();
                reduction.operator.fold(&inputs, job.range, inputs.len() - 1, |_, partial| partial.store(&target, 0))
            });
        }
        // SAFETY: memory of ours, which stays until the call is over.
        unsafe {
            for node in nodes.others() {
                let peer = nodes.helper(node, job.column);
                if job.is_at(here) {
                    let heard = vec![0u8; job.bytes(reduction, parts_of(node).count())].into_boxed_slice();
                    let view = View::bytes(heard.as_ptr().cast_mut(), heard.len());
                    haul.messages.receive(between, peer, site.messages_of(1), Piece::whole(view), true);
                    haul.parts.push(Block { job: number, node, data: heard });
                }
                if job.is_at(node) {
                    let view = View::bytes(data.as_mut_ptr(), data.len());
                    haul.messages.send(between, peer, site.messages_of(1), Piece::whole(view));
                }
            }
        }
        haul.parts.push(Block { job: number, node: here, data });
    }
}

/// What the parts of all nodes have yielded in a job, in their order.
pub fn totals(site: &Site<'_>, haul: &Haul, reduction: &Reduction, number: usize, job: &Job) -> Vec<View> {
    let parts = parts(site, reduction);
    let bytes = job.bytes(reduction, 1);
    let mut next = vec![0; site.between.nodes.count() as usize];
    let view = |part: &Part| {
        let block = haul.parts.iter().find(|block| block.job == number && block.node == part.node)?;
        let index = &mut next[part.node as usize];
        *index += 1;
        Some(elements(block.data[(*index - 1) * bytes..].as_ptr(), reduction, job.range))
    };
    parts.iter().filter_map(view).collect()
}

/// Where results go on this node, and the element with which these begin.
fn outputs(site: &Site<'_>, reduction: &Reduction) -> (Vec<View>, usize) {
    // SAFETY: long outputs are lent, one block each, until this rank is done.
    let lent = |rank: u32| unsafe { site.lent(rank).output.block(0) };
    match reduction.shape {
        Shape::Root(root) if site.between.nodes.is_here(root) => (vec![lent(root)], 0),
        Shape::Root(_) => (Vec::new(), 0),
        Shape::Part(first, _) => (reduction.output.iter().map(|output| output.block(0)).collect(), first),
        _ => (site.between.here().iter().map(|&rank| lent(rank)).collect(), 0),
    }
}

/// MPI_Reduce, MPI_Allreduce, MPI_Reduce_scatter and MPI_Reduce_scatter_block.
pub fn reduce(site: &Site<'_>, haul: &mut Haul, reduction: &Reduction, round: u32) -> Next {
    match round {
        0 => combine(site, haul, reduction),
        1 => conclude(site, haul, reduction),
        _ => {
            for Block { job, data, .. } in std::mem::take(&mut haul.results) {
                let range = jobs(site, reduction)[job].range;
                // SAFETY: as many elements have arrived, or it is an error that was noted.
                unsafe { store(site, reduction, &elements(data.as_ptr(), reduction, range), range) };
            }
            return Next::Over;
        }
    }
    Next::Round
}

/// Copies results of this node's to all that want them there.
///
/// SAFETY of callers: the result can be read; the outputs are lent.
unsafe fn store(site: &Site<'_>, reduction: &Reduction, result: &View, (from, to): (usize, usize)) {
    let (outputs, _) = outputs(site, reduction);
    let size = reduction.operator.size;
    for output in outputs {
        // SAFETY: the caller's promise.
        unsafe { crate::layout::copy_part(result, &output, from * size, (to - from) * size) };
    }
}

/// Combines the results of all nodes, and lets those who want them have them.
fn conclude(site: &Site<'_>, haul: &mut Haul, reduction: &Reduction) {
    let (between, nodes, here) = (site.between, &site.between.nodes, site.between.nodes.own());
    let (outputs, origin) = outputs(site, reduction);
    // Nodes that want the results of others.
    let wants = |node: u32| match reduction.shape {
        Shape::Root(root) => nodes.of(root) == node,
        Shape::Part(..) => false,
        _ => true,
    };
    for (number, job) in own_jobs(site, reduction) {
        let Some(at) = job.at.filter(|&at| at != here) else {
            let totals = totals(site, haul, reduction, number, &job);
            let passes = job.at.is_some() && nodes.others().any(wants);
            let result = vec![0u8; if passes { job.bytes(reduction, 1) } else { 0 }].into_boxed_slice();
            let passed = elements(result.as_ptr(), reduction, job.range);
            // SAFETY: memory of ours, and outputs that are lent until this rank is done.
            haul.note(unsafe {
                reduction.operator.fold(&totals, job.range, totals.len() - 1, |_, partial| {
                    outputs.iter().for_each(|output| partial.store(output, origin));
                    if passes {
                        partial.store(&passed, 0);
                    }
                })
            });
            if passes {
                let piece = Piece::whole(View::bytes(result.as_ptr().cast_mut(), result.len()));
                for node in nodes.others().filter(|&node| wants(node)) {
                    // SAFETY: it stays until the call is over.
                    unsafe { haul.messages.send(between, nodes.helper(node, job.column), site.messages_of(2), piece) };
                }
                haul.parts.push(Block { job: usize::MAX, node: here, data: result });
            }
            continue;
        };
        if wants(here) {
            let data = vec![0u8; job.bytes(reduction, 1)].into_boxed_slice();
            let piece = Piece::whole(View::bytes(data.as_ptr().cast_mut(), data.len()));
            // SAFETY: memory of ours that stays until the call is over.
            unsafe { haul.messages.receive(between, nodes.helper(at, job.column), site.messages_of(2), piece, true) };
            haul.results.push(Block { job: number, node: at, data });
        }
    }
}
