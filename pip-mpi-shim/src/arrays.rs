//! The array constructors MPI_Type_create_subarray and MPI_Type_create_darray (MPI-4.0 sections 5.1.3 and 5.1.4): each
//! picks, per dimension, some indices of a global array.

use crate::layout::Layout;
use core::ffi::c_int;

const ORDER_FORTRAN: c_int = 57;
const DISTRIBUTE_BLOCK: c_int = 121;
const DISTRIBUTE_NONE: c_int = 123;
const DISTRIBUTE_DEFAULT: c_int = -49767;

/// `integers` as MPI_Type_get_contents gives them: ndims, sizes, subsizes, starts, order; from the large-count
/// constructor ndims and order only, with the rest in `counts`.
pub fn subarray(child: &Layout, integers: &[c_int], counts: &[isize]) -> Layout {
    let n = integers[0] as usize;
    let arrays = if counts.len() == integers.len() { &counts[1..] } else { counts };
    let order = integers[integers.len() - 1];
    let picked = |d: usize| vec![(arrays[2 * n + d], arrays[n + d])];
    pick(child, &arrays[..n], (0..n).map(picked).collect(), order)
}

/// `integers`: size, rank, ndims, gsizes, distribs, dargs, psizes, order; from the large-count constructor without
/// gsizes, which are `counts` then.
pub fn darray(child: &Layout, integers: &[c_int], counts: &[isize]) -> Layout {
    let n = integers[2] as usize;
    let (gsizes, rest) = if counts.len() == integers.len() {
        (&counts[3..3 + n], &integers[3 + n..])
    } else {
        (counts, &integers[3..])
    };
    let (distributions, arguments, processes, order) = (&rest[..n], &rest[n..2 * n], &rest[2 * n..3 * n], rest[3 * n]);

    // The process grid is in row-major order whatever the array's order is.
    let mut rank = integers[1];
    let mut coordinates = vec![0; n];
    for d in (0..n).rev() {
        coordinates[d] = rank % processes[d];
        rank /= processes[d];
    }
    let owned = |d: usize| -> Vec<Range> {
        let (size, p, coordinate) = (gsizes[d], processes[d] as isize, coordinates[d] as isize);
        let argument = (arguments[d] != DISTRIBUTE_DEFAULT).then_some(arguments[d] as isize);
        let block = match distributions[d] {
            DISTRIBUTE_NONE => return vec![(0, size)],
            DISTRIBUTE_BLOCK => argument.unwrap_or((size + p - 1) / p),
            _ => argument.unwrap_or(1),
        };
        let starts = (coordinate * block..size).step_by((p * block) as usize);
        starts.map(|start| (start, block.min(size - start))).collect()
    };
    pick(child, gsizes, (0..n).map(owned).collect(), order)
}

/// First index and number of indices.
type Range = (isize, isize);

/// The elements at all combinations of the indices in `picked`, in the order of the array in memory.
fn pick(child: &Layout, sizes: &[isize], mut picked: Vec<Vec<Range>>, order: c_int) -> Layout {
    let mut sizes = sizes.to_vec();
    if order == ORDER_FORTRAN {
        sizes.reverse();
        picked.reverse();
    }
    let mut layout = Layout::empty();
    add_dimension(&mut layout, child, &sizes, &picked, 0);
    layout
}

fn add_dimension(layout: &mut Layout, child: &Layout, sizes: &[isize], picked: &[Vec<Range>], origin: isize) {
    let ([_, inner @ ..], [ranges, deeper @ ..]) = (sizes, picked) else { return };
    for &(start, count) in ranges {
        if inner.is_empty() {
            layout.append(child, (origin + start) * child.extent(), count as usize);
        } else {
            let weight: isize = inner.iter().product();
            (start..start + count).for_each(|i| add_dimension(layout, child, inner, deeper, origin + i * weight));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offsets of the bytes in order, read off by copying numbered bytes.
    fn offsets(layout: &Layout, span: usize) -> Vec<u8> {
        let mut source: Vec<u8> = (0..span as u8).collect();
        let mut target = vec![0; layout.size()];
        let view = layout.view(source.as_mut_ptr(), 1);
        let whole = crate::layout::View::bytes(target.as_mut_ptr(), target.len());
        // SAFETY: the layout stays within `span` bytes.
        unsafe { crate::layout::copy(&view, &whole, target.len()) };
        target
    }

    #[test]
    fn a_subarray_in_both_orders() {
        let byte = Layout::contiguous(1);
        let c = subarray(&byte, &[2, 4, 5, 2, 3, 1, 1, 56], &[2, 4, 5, 2, 3, 1, 1, 56]);
        assert_eq!(offsets(&c, 20), [6, 7, 8, 11, 12, 13]);
        let fortran = subarray(&byte, &[2, 5, 4, 3, 2, 1, 1, 57], &[2, 5, 4, 3, 2, 1, 1, 57]);
        assert_eq!(offsets(&fortran, 20), [6, 7, 8, 11, 12, 13]);
        let large = subarray(&byte, &[2, 56], &[4, 5, 2, 3, 1, 1]);
        assert_eq!(offsets(&large, 20), [6, 7, 8, 11, 12, 13]);
    }

    #[test]
    fn a_block_cyclic_array() {
        // 7 elements, cyclic(2) over 2 processes; the second owns 2, 3 and 6.
        let integers = [2, 1, 1, 7, 122, 2, 2, 56];
        let counts: Vec<isize> = integers.iter().map(|&i| i as isize).collect();
        assert_eq!(offsets(&darray(&Layout::contiguous(1), &integers, &counts), 7), [2, 3, 6]);
    }
}
