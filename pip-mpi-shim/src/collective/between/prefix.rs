//! Long data of MPI_Scan and MPI_Exscan. All nodes learn what the ranks that follow each other on the others have yielded; so each
//! knows what comes before its own.

use super::haul::{Haul, Next, Site};
use super::reducing::{Job, combine, elements, own_jobs, parts, totals};
use crate::collective::call::Trouble;
use crate::collective::reducing::{Reduction, Shape};
use crate::layout::View;

/// Both.
pub fn scan(site: &Site<'_>, haul: &mut Haul, reduction: &Reduction, round: u32) -> Next {
    if round == 0 {
        combine(site, haul, reduction);
        return Next::Round;
    }
    for (number, job) in own_jobs(site, reduction) {
        let totals = totals(site, haul, reduction, number, &job);
        haul.note(conclude(site, reduction, &totals, &job));
    }
    Next::Over
}

/// Writes the results of this node's ranks, where `totals` are those of all parts.
fn conclude(site: &Site<'_>, reduction: &Reduction, totals: &[View], job: &Job) -> Result<(), Trouble> {
    let parts = parts(site, reduction);
    let is_here = |part: usize| parts[part].node == site.between.nodes.own();
    let Some(last) = (0..parts.len()).rfind(|&part| is_here(part)) else { return Ok(()) };
    // What comes before each of this node's parts.
    let bytes = (job.range.1 - job.range.0) * reduction.operator.size;
    let before: Vec<Box<[u8]>> =
        (0..=last).map(|part| vec![0; if is_here(part) && part > 0 { bytes } else { 0 }].into()).collect();
    let carried = |part: usize| elements(before[part].as_ptr(), reduction, job.range);
    if last > 0 {
        // SAFETY: memory of ours for so many elements.
        unsafe {
            reduction.operator.fold(&totals[..last], job.range, 0, |part, partial| {
                if is_here(part + 1) {
                    partial.store(&carried(part + 1), 0);
                }
            })?;
        }
    }
    for part in (0..=last).filter(|&part| is_here(part)) {
        let carry = (part > 0).then(|| carried(part));
        let (mut inputs, mut outputs) = (Vec::from_iter(carry), Vec::from_iter(carry));
        for &rank in &parts[part].ranks {
            // SAFETY: long data is lent, one block each, until this rank is done.
            unsafe {
                inputs.push(site.block(rank, 0));
                outputs.push(site.lent(rank).output.block(0));
            }
        }
        // SAFETY: as above; all have the same number of elements. Only this rank works on these.
        unsafe {
            match reduction.shape {
                Shape::PrefixBefore => reduction.fold_before(&inputs, &outputs, job.range)?,
                _ => {
                    let first = usize::from(carry.is_some());
                    reduction.operator.fold(&inputs, job.range, first, |i, partial| partial.store(&outputs[i], 0))?;
                }
            }
        }
    }
    Ok(())
}
