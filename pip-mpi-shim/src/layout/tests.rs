//! Layouts against a list of byte offsets, the type map itself.

use super::*;
use proptest::prelude::*;

/// A datatype constructor, small enough to expand byte by byte.
#[derive(Debug, Clone)]
enum Type {
    Bytes(usize),
    Vector { count: usize, block: usize, stride: isize, child: Box<Type> },
    Indexed { blocks: Vec<(isize, usize)>, child: Box<Type> },
    Resized { extent: isize, child: Box<Type> },
}

impl Type {
    fn layout(&self) -> Layout {
        match self {
            Type::Bytes(size) => Layout::contiguous(*size),
            Type::Vector { count, block, stride, child } => {
                let child = child.layout();
                let mut layout = Layout::empty();
                (0..*count as isize).for_each(|i| layout.append(&child, i * stride * child.extent(), *block));
                layout.with_extent(child.extent() * 3)
            }
            Type::Indexed { blocks, child } => {
                let child = child.layout();
                let mut layout = Layout::empty();
                blocks.iter().for_each(|&(at, count)| layout.append(&child, at * child.extent(), count));
                layout.with_extent(child.extent() * 5)
            }
            Type::Resized { extent, child } => child.layout().with_extent(*extent),
        }
    }

    /// Offsets of the element's bytes in order, and its extent.
    fn map(&self) -> (Vec<isize>, isize) {
        let place = |child: &(Vec<isize>, isize), at: isize, count: usize| -> Vec<isize> {
            (0..count as isize).flat_map(|i| child.0.iter().map(move |o| o + at + i * child.1)).collect()
        };
        match self {
            Type::Bytes(size) => ((0..*size as isize).collect(), *size as isize),
            Type::Vector { count, block, stride, child } => {
                let child = child.map();
                ((0..*count as isize).flat_map(|i| place(&child, i * stride * child.1, *block)).collect(), child.1 * 3)
            }
            Type::Indexed { blocks, child } => {
                let child = child.map();
                (blocks.iter().flat_map(|&(at, n)| place(&child, at * child.1, n)).collect(), child.1 * 5)
            }
            Type::Resized { extent, child } => (child.map().0, *extent),
        }
    }
}

fn any_type() -> impl Strategy<Value = Type> {
    (0usize..9).prop_map(Type::Bytes).prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            (0usize..4, 0usize..3, -4isize..5, inner.clone()).prop_map(|(count, block, stride, child)| Type::Vector {
                count,
                block,
                stride,
                child: Box::new(child)
            }),
            (prop::collection::vec((-4isize..5, 0usize..3), 0..4), inner.clone())
                .prop_map(|(blocks, child)| Type::Indexed { blocks, child: Box::new(child) }),
            (-20isize..40, inner).prop_map(|(extent, child)| Type::Resized { extent, child: Box::new(child) }),
        ]
    })
}

const HALF: usize = 1 << 14;

proptest! {
    #[test]
    fn copies_move_the_bytes_of_the_type_maps(from in any_type(), to in any_type(), n in 0usize..4, m in 0usize..4, cut in 0usize..100, skip in 0usize..50) {
        let mut source: Vec<u8> = (0..2 * HALF).map(|i| (i % 251) as u8).collect();
        let mut target = vec![0u8; 2 * HALF];
        let (source_layout, target_layout) = (from.layout(), to.layout());
        let source_view = source_layout.view(source.as_mut_ptr().wrapping_add(HALF), n);
        let target_view = target_layout.view(target.as_mut_ptr().wrapping_add(HALF), m);

        let expand = |(map, extent): (Vec<isize>, isize), count: usize| -> Vec<usize> {
            (0..count as isize).flat_map(|i| map.iter().map(move |o| (HALF as isize + o + i * extent) as usize)).collect()
        };
        let (reads, writes) = (expand(from.map(), n), expand(to.map(), m));
        prop_assert_eq!(source_view.len(), reads.len());
        prop_assert_eq!(target_view.len(), writes.len());
        let length = reads.len().min(writes.len()).saturating_sub(cut);
        let skip = skip.min(length);

        let mut expected = target.clone();
        reads.iter().zip(&writes).take(length).skip(skip).for_each(|(&r, &w)| expected[w] = source[r]);
        // SAFETY: both views lie within the two vectors.
        unsafe { copy_part(&source_view, &target_view, skip, length - skip) };
        prop_assert!(target == expected);
    }
}

#[test]
fn a_regular_pattern_is_one_run_and_neighbours_merge() {
    let mut vector = Layout::empty();
    (0..1000).for_each(|i| vector.append(&Layout::contiguous(8), i * 16, 1));
    assert_eq!(vector.runs.len(), 1);
    let mut row = Layout::empty();
    (0..10).for_each(|i| row.append(&Layout::contiguous(8), i * 8, 1));
    assert_eq!(row.runs, Layout::contiguous(80).runs);
}
