//! Where the data of a message lies in its buffer: `-T` and `-D`.

use bench_harness::{Datatype, Element};

use crate::options::Options;
use crate::validation::{count_errors, count_written};

/// `-D`. Lengths are in elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `cont`: one block, with a datatype of its own.
    Contiguous,
    /// `vect:STRIDE:BLOCK_LENGTH`
    Vector {
        /// From the start of a block to the start of the next.
        stride: usize,
        /// Elements of a block.
        length: usize,
    },
    /// `indx:FILE`: where blocks start, and their lengths.
    Indexed(Vec<(usize, usize)>),
}

/// The types that `-T` and the header name.
const ELEMENTS: [(&str, &str, Element); 4] = [
    ("mpi_char", "MPI_CHAR", Element::Char),
    ("mpi_int", "MPI_INT", Element::Int),
    ("mpi_float", "MPI_FLOAT", Element::Float),
    ("mpi_double", "MPI_DOUBLE", Element::Double),
];

/// The type that `-T` means by `text`.
pub(crate) fn element(text: &str) -> Option<Element> {
    ELEMENTS.iter().find(|(option, ..)| option.eq_ignore_ascii_case(text)).map(|&(.., element)| element)
}

/// Its name in MPI.
pub(crate) fn name(element: Element) -> &'static str {
    ELEMENTS.iter().find(|(.., known)| *known == element).map_or("MPI_CHAR", |&(_, name, _)| name)
}

/// A message of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    element: Element,
    blocks: Blocks,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Blocks {
    /// So many elements of the element's own type.
    Plain(usize),
    /// The same, with a datatype.
    Contiguous(usize),
    /// `count` blocks of `length` elements, at equal distances.
    Regular { count: usize, length: usize, stride: usize },
    /// Blocks in ascending order.
    Listed(Vec<(usize, usize)>),
}

impl Layout {
    /// The layout of messages of `size` bytes, gaps included. As in the original, what is left of the size behind the last
    /// whole element or stride is not sent. None when nothing is, or when a list of blocks does not fit.
    pub fn of(options: &Options, size: usize) -> Option<Self> {
        let elements = size / options.element.size();
        let blocks = match &options.shape {
            None => Blocks::Plain(elements),
            Some(Shape::Contiguous) => Blocks::Contiguous(elements),
            Some(Shape::Vector { stride, length }) => {
                Blocks::Regular { count: elements / stride, length: *length, stride: *stride }
            }
            Some(Shape::Indexed(list)) => {
                let mut list = list.clone();
                list.sort_unstable();
                let apart = list.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0);
                let fits = list.last().is_some_and(|&(start, length)| start + length <= elements);
                (apart && fits).then_some(Blocks::Listed(list))?
            }
        };
        let layout = Self { element: options.element, blocks };
        (layout.transmitted() > 0).then_some(layout)
    }

    /// The bytes that are sent.
    pub fn transmitted(&self) -> usize {
        let elements = match &self.blocks {
            Blocks::Plain(elements) | Blocks::Contiguous(elements) => *elements,
            Blocks::Regular { count, length, .. } => count * length,
            Blocks::Listed(list) => list.iter().map(|&(_, length)| length).sum(),
        };
        elements * self.element.size()
    }

    /// MPI's datatype and how many of it are a message.
    pub fn datatype(&self) -> (Datatype, usize) {
        let int = |value: usize| value as i32;
        match &self.blocks {
            Blocks::Plain(elements) => (Datatype::of(self.element), *elements),
            Blocks::Contiguous(elements) => (Datatype::contiguous(self.element, int(*elements)), 1),
            &Blocks::Regular { count, length, stride } => {
                (Datatype::vector(self.element, int(count), int(length), int(stride)), 1)
            }
            Blocks::Listed(list) => {
                let (starts, lengths): (Vec<_>, Vec<_>) = list.iter().map(|&(at, len)| (int(at), int(len))).unzip();
                (Datatype::indexed(self.element, &lengths, &starts), 1)
            }
        }
    }

    /// Counts the wrong bytes of a received message of `iteration`: data that is not the sender's, and gaps that were written.
    pub fn count_errors(&self, message: &[u8], iteration: usize) -> i32 {
        let size = self.element.size();
        let (mut errors, mut seen) = (0i32, 0);
        let mut block = |start: usize, length: usize| {
            let (start, end) = (start * size, (start + length) * size);
            let gap = count_written(&message[seen..start], seen, iteration);
            errors = errors.saturating_add(gap).saturating_add(count_errors(&message[start..end], start, iteration));
            seen = end;
        };
        match &self.blocks {
            Blocks::Plain(elements) | Blocks::Contiguous(elements) => block(0, *elements),
            &Blocks::Regular { count, length, stride } => (0..count).for_each(|number| block(number * stride, length)),
            Blocks::Listed(list) => list.iter().for_each(|&(start, length)| block(start, length)),
        }
        errors.saturating_add(count_written(&message[seen..], seen, iteration))
    }
}

/// What every call with a message is given. The datatype must be dropped before MPI ends.
pub struct Message {
    /// Where its data lies.
    pub layout: Layout,
    /// Its datatype.
    pub datatype: Datatype,
    /// How many of it.
    pub count: i32,
    /// The bytes of its buffer, gaps included.
    pub size: usize,
}

impl Message {
    /// The message of `size` bytes. None when nothing would be sent.
    pub fn of(options: &Options, size: usize) -> Option<Self> {
        let layout = Layout::of(options, size)?;
        let (datatype, count) = layout.datatype();
        Some(Self { layout, datatype, count: count as i32, size })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;
    use crate::validation::stamp;

    fn shaped(element: Element, shape: Option<Shape>, size: usize) -> Option<Layout> {
        let mut options = Options::new(Kind::Latency);
        (options.element, options.shape) = (element, shape);
        Layout::of(&options, size)
    }

    fn doubles(size: usize) -> Layout {
        shaped(Element::Double, Some(Shape::Vector { stride: 2, length: 1 }), size).expect("something to send")
    }

    #[test]
    fn every_second_double_is_half_of_the_extent() {
        assert_eq!(doubles(512 << 10).transmitted(), 256 << 10);
        assert_eq!(doubles(39).transmitted(), 16);
        assert_eq!(shaped(Element::Char, None, 7).expect("bytes").transmitted(), 7);
        assert_eq!(shaped(Element::Int, None, 3), None);
        assert_eq!(shaped(Element::Int, Some(Shape::Contiguous), 9).expect("two").transmitted(), 8);
    }

    #[test]
    fn wrong_data_and_written_gaps_are_errors() {
        let (mut out, mut inc) = (vec![0; 64], vec![0; 64]);
        stamp(&mut out, &mut inc, 5);
        for block in [0..8, 16..24, 32..40, 48..56] {
            inc[block.clone()].copy_from_slice(&out[block]);
        }
        assert_eq!(doubles(64).count_errors(&inc, 5), 0);
        let listed = shaped(Element::Int, Some(Shape::Indexed(vec![(12, 2), (0, 2), (4, 2), (8, 2)])), 64);
        let listed = listed.expect("it fits");
        assert_eq!((listed.count_errors(&inc, 5), listed.transmitted()), (0, 32));
        inc[17] ^= 1;
        inc[63] ^= 1;
        assert_eq!((doubles(64).count_errors(&inc, 5), listed.count_errors(&inc, 5)), (2, 2));
        assert_eq!(doubles(64).count_errors(&out, 5), 32);
    }

    #[test]
    fn a_list_must_fit_and_not_overlap() {
        let listed = |list: &[(usize, usize)], size| shaped(Element::Char, Some(Shape::Indexed(list.to_vec())), size);
        assert!(listed(&[(0, 2), (4, 4)], 7).is_none() && listed(&[(0, 2), (4, 4)], 8).is_some());
        assert!(listed(&[(0, 5), (4, 4)], 64).is_none());
    }
}
