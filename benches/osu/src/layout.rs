//! Where the data of a message lies in its buffer: `-T` and `-D`.

use bench_harness::{Datatype, Element};

use crate::options::Options;
use crate::validation::{count_errors, count_written};

/// `-D vect:STRIDE:BLOCK_LENGTH`, in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vector {
    /// From the start of a block to the start of the next.
    pub stride: usize,
    /// Elements of a block.
    pub length: usize,
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
    ELEMENTS.iter().find(|(option, ..)| *option == text).map(|&(.., element)| element)
}

/// Its name in MPI.
pub(crate) fn name(element: Element) -> &'static str {
    ELEMENTS.iter().find(|(.., known)| *known == element).map_or("MPI_CHAR", |&(_, name, _)| name)
}

/// A message of one size: blocks of bytes, at equal distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    element: Element,
    /// Contiguous messages are one block.
    blocks: usize,
    /// Elements of a block.
    length: usize,
    /// Elements from block to block.
    stride: usize,
}

impl Layout {
    /// The layout of messages of `size` bytes, gaps included. As in the original, what is left of the size behind the last
    /// whole element or stride is not sent. None when nothing is.
    pub fn of(options: &Options, size: usize) -> Option<Self> {
        let elements = size / options.element.size();
        let (blocks, length, stride) = match options.vector {
            None => (1, elements, elements),
            Some(Vector { stride, length }) => (elements / stride, length, stride),
        };
        (blocks * length > 0).then_some(Self { element: options.element, blocks, length, stride })
    }

    /// The bytes that are sent.
    pub fn transmitted(&self) -> usize {
        self.blocks * self.length * self.element.size()
    }

    /// MPI's datatype and how many of it are a message.
    pub fn datatype(&self) -> (Datatype, i32) {
        match self.blocks {
            1 => (Datatype::of(self.element), self.length as i32),
            _ => (Datatype::vector(self.element, self.blocks as i32, self.length as i32, self.stride as i32), 1),
        }
    }

    /// Counts the wrong bytes of a received message of `iteration`: data that is not the sender's, and gaps that were written.
    pub fn count_errors(&self, message: &[u8], iteration: usize) -> i32 {
        let (block, stride) = (self.length * self.element.size(), self.stride * self.element.size());
        let errors = (0..message.len()).step_by(stride).enumerate().map(|(number, start)| {
            let end = if number < self.blocks { (start + block).min(message.len()) } else { start };
            let next = (start + stride).min(message.len());
            let wrong = count_errors(&message[start..end], start, iteration);
            wrong.saturating_add(count_written(&message[end..next], end, iteration))
        });
        errors.fold(0, i32::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;
    use crate::validation::stamp;

    fn doubles(size: usize) -> Layout {
        let mut options = Options::new(Kind::Latency);
        (options.element, options.vector) = (Element::Double, Some(Vector { stride: 2, length: 1 }));
        Layout::of(&options, size).expect("something to send")
    }

    #[test]
    fn every_second_double_is_half_of_the_extent() {
        assert_eq!(doubles(512 << 10).transmitted(), 256 << 10);
        assert_eq!(doubles(39).transmitted(), 16);
        let mut options = Options::new(Kind::Latency);
        assert_eq!(Layout::of(&options, 7).expect("bytes").transmitted(), 7);
        options.element = Element::Int;
        assert_eq!(Layout::of(&options, 3), None);
    }

    #[test]
    fn wrong_data_and_written_gaps_are_errors() {
        let (mut out, mut inc) = (vec![0; 64], vec![0; 64]);
        stamp(&mut out, &mut inc, 5);
        for block in [0..8, 16..24, 32..40, 48..56] {
            inc[block.clone()].copy_from_slice(&out[block]);
        }
        assert_eq!(doubles(64).count_errors(&inc, 5), 0);
        inc[17] ^= 1;
        inc[63] ^= 1;
        assert_eq!(doubles(64).count_errors(&inc, 5), 2);
        assert_eq!(doubles(64).count_errors(&out, 5), 32);
    }
}
