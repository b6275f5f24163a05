//! Where the elements of an array are in its buffer.

use super::FieldError;
use core::ops::Range;

/// The most dimensions of an array.
pub const MAX_DIMS: usize = 8;

/// Shape, strides and offset of an array in a buffer, all counted in elements. A solver's grid with ghost cells is a
/// [`Layout::window`] of a [`Layout::dense`] one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    shape: Vec<usize>,
    strides: Vec<usize>,
    offset: usize,
    len: usize,
}

impl Layout {
    /// An array without gaps, the last index running fastest.
    pub fn dense(shape: &[usize]) -> Result<Layout, FieldError> {
        let bad = || FieldError::BadShape(shape.to_vec());
        if shape.is_empty() || shape.len() > MAX_DIMS || shape.contains(&0) {
            return Err(bad());
        }
        let mut strides = vec![1; shape.len()];
        for dim in (1..shape.len()).rev() {
            strides[dim - 1] = shape[dim].checked_mul(strides[dim]).ok_or_else(bad)?;
        }
        let len = shape[0].checked_mul(strides[0]).filter(|len| *len <= isize::MAX as usize / 16).ok_or_else(bad)?;
        Ok(Layout { shape: shape.to_vec(), strides, offset: 0, len })
    }

    /// The part of the array whose indices lie in `ranges`, one per dimension; the buffer stays the same.
    pub fn window(&self, ranges: &[Range<usize>]) -> Result<Layout, FieldError> {
        let fits = |(range, size): (&Range<usize>, &usize)| range.start < range.end && range.end <= *size;
        if ranges.len() != self.shape.len() || !ranges.iter().zip(&self.shape).all(fits) {
            return Err(FieldError::BadWindow(ranges.to_vec(), self.shape.clone()));
        }
        let skipped: usize = ranges.iter().zip(&self.strides).map(|(range, stride)| range.start * stride).sum();
        let shape = ranges.iter().map(|range| range.end - range.start).collect();
        Ok(Layout { shape, offset: self.offset + skipped, ..self.clone() })
    }

    /// As another task wrote it: numbers that contradict each other are no layout.
    pub(super) fn checked(shape: Vec<usize>, strides: Vec<usize>, offset: usize, len: usize) -> Option<Layout> {
        if shape.is_empty() || shape.contains(&0) || shape.len() != strides.len() {
            return None;
        }
        let far = shape
            .iter()
            .zip(&strides)
            .try_fold(offset, |far, (size, stride)| far.checked_add((size - 1).checked_mul(*stride)?))?;
        (far < len).then_some(Layout { shape, strides, offset, len })
    }

    /// Elements along each dimension.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Distances between neighbours along each dimension.
    pub fn strides(&self) -> &[usize] {
        &self.strides
    }

    /// Where the first element is.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Elements of the buffer, those outside the array too; at least 1.
    #[allow(clippy::len_without_is_empty)] // never empty
    pub fn len(&self) -> usize {
        self.len
    }

    /// Elements of the array.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// Where in the buffer the run of neighbours along the last dimension is that the other indices name: a row of a matrix.
    ///
    /// # Panics
    /// If the indices are not one less than the dimensions or beyond the shape, or the last dimension has gaps.
    pub fn row(&self, indices: &[usize]) -> Range<usize> {
        let (leading, last) = (self.shape.len() - 1, self.shape[self.shape.len() - 1]);
        let inside = indices.len() == leading && indices.iter().zip(&self.shape).all(|(index, size)| index < size);
        assert!(inside && self.strides[leading] == 1, "no row {indices:?} in an array of shape {:?}", self.shape);
        let start: usize = indices.iter().zip(&self.strides).map(|(index, stride)| index * stride).sum();
        self.offset + start..self.offset + start + last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_where_they_should_be() {
        let all = Layout::dense(&[4, 6]).unwrap();
        let inner = all.window(&[1..3, 1..5]).unwrap();
        assert_eq!((inner.shape(), inner.strides(), inner.offset(), inner.len()), (&[2, 4][..], &[6, 1][..], 7, 24));
        assert_eq!((inner.row(&[0]), inner.row(&[1]), inner.count()), (7..11, 13..17, 8));
        let again = inner.window(&[1..2, 0..1]).unwrap();
        assert_eq!((again.offset(), again.row(&[0])), (13, 13..14));
        assert_eq!(Layout::dense(&[7]).unwrap().row(&[]), 0..7);
    }

    #[test]
    fn impossible_shapes_are_refused() {
        for shape in [&[][..], &[0], &[3, 0], &[1; 9], &[usize::MAX, 2], &[usize::MAX / 2]] {
            assert!(Layout::dense(shape).is_err(), "{shape:?}");
        }
        let all = Layout::dense(&[4, 6]).unwrap();
        for window in [&[0..4, 0..6, 0..1][..], &[0..4, 0..7], &[2..2, 0..1]] {
            assert!(all.window(window).is_err(), "{window:?}");
        }
        assert!(Layout::checked(vec![2, 3], vec![3, 1], 0, 6).is_some());
        assert!(Layout::checked(vec![2, 3], vec![3, 1], 1, 6).is_none());
        assert!(Layout::checked(vec![2, 3], vec![usize::MAX, 1], 1, 6).is_none());
    }
}
