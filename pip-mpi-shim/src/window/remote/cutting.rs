//! A target's data cut into pieces that fit into messages. It knows neither MPI nor messages.

use super::wire::Strip;
use crate::layout::{Run, Shape, View};

/// Strips of one piece.
const MOST_STRIPS: usize = 256;

/// How far a view has been cut.
#[derive(Debug, Default)]
pub struct Cutter {
    element: usize,
    run: usize,
    block: usize,
    /// Bytes of the block.
    within: usize,
}

impl Cutter {
    /// Adds the next strips of `view`, always the same one, of at most `room` bytes together; blocks are cut at multiples of
    /// `grain` only, which `room` has room for. Returns the bytes.
    pub fn cut(&mut self, view: &View, room: usize, grain: usize, strips: &mut Vec<Strip>) -> usize {
        if view.len() == 0 {
            return 0;
        }
        let whole;
        let (base, runs, stride, elements): (*mut u8, &[Run], isize, usize) = match view.shape() {
            Shape::Row(base) => {
                whole = [Run { offset: 0, len: view.len(), count: 1, stride: 0 }];
                (base, &whole, 0, 1)
            }
            Shape::Blocks { base, len, stride, count } => {
                whole = [Run { offset: 0, len, count, stride }];
                (base, &whole, 0, 1)
            }
            Shape::Elements { base, runs, stride, count } => (base, runs, stride, count),
        };
        let mut left = room;
        while self.element < elements && strips.len() < MOST_STRIPS {
            let Run { offset, len, count, stride: apart } = runs[self.run];
            let at = base.addr() as isize + self.element as isize * stride + offset + self.block as isize * apart;
            let strip = |at: isize, len: usize, count: usize| Strip {
                at: at as u64,
                len: len as u64,
                count: count as u64,
                stride: apart as i64,
            };
            if self.within > 0 || left < len {
                let take = (len - self.within).min(left / grain * grain);
                if take == 0 {
                    break;
                }
                strips.push(strip(at + self.within as isize, take, 1));
                left -= take;
                self.within += take;
                if self.within < len {
                    break;
                }
                (self.within, self.block) = (0, self.block + 1);
            } else {
                let blocks = (count - self.block).min(left / len);
                strips.push(strip(at, len, blocks));
                left -= blocks * len;
                self.block += blocks;
            }
            if self.block == count {
                (self.block, self.run) = (0, self.run + 1);
            }
            if self.run == runs.len() {
                (self.run, self.element) = (0, self.element + 1);
            }
        }
        room - left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Layout;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_are_the_whole_in_order(
            blocks in prop::collection::vec((0isize..40, 1usize..6), 1..6), count in 1usize..7, extra in 0isize..9,
            room in 4usize..60, grain in 1usize..5,
        ) {
            let mut layout = Layout::empty();
            let mut end = 0;
            for (gap, len) in blocks {
                layout.append_block(end + gap, len * grain);
                end += gap + (len * grain) as isize;
            }
            let layout = layout.with_extent(end + extra);
            let base: *mut u8 = core::ptr::without_provenance_mut(1 << 20);
            let view = layout.view(base, count);
            let mut expected = Vec::new();
            view.each_block(|at, len| expected.extend(at.addr()..at.addr() + len));
            let (mut cutter, mut found, mut done) = (Cutter::default(), Vec::new(), 0);
            while done < view.len() {
                let mut strips = Vec::new();
                let bytes = cutter.cut(&view, room, grain, &mut strips);
                prop_assert!(bytes > 0 && bytes <= room && bytes % grain == 0);
                prop_assert_eq!(bytes, strips.iter().map(Strip::bytes).sum::<usize>());
                strips.iter().for_each(|strip| strip.each_block(|at, len| found.extend(at.addr()..at.addr() + len)));
                done += bytes;
            }
            prop_assert_eq!(found, expected);
        }
    }
}
