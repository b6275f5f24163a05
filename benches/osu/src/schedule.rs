//! Which sizes are measured, and how often.

use crate::options::Options;

/// Messages above this many bytes use the short schedule.
pub const LARGE_MESSAGE: usize = 8192;

/// The window sizes of `osu_mbw_mr -V`.
pub const VARIED_WINDOWS: [usize; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

/// How often one message size is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Iterations before the clock starts.
    pub warmup: usize,
    /// Iterations that are timed.
    pub iterations: usize,
}

impl Schedule {
    /// The schedule for messages of `size` bytes.
    pub fn of(options: &Options, size: usize) -> Self {
        if size > LARGE_MESSAGE { options.large } else { options.small }
    }

    /// All iterations in order; those below `warmup` are not timed.
    pub fn all(self) -> std::ops::Range<usize> {
        0..self.warmup + self.iterations
    }
}

/// The message sizes in bytes: doubling from the minimum to the maximum. The point-to-point originals skip size 0.
pub fn sizes(options: &Options) -> impl Iterator<Item = usize> + use<> {
    let max = options.max_size;
    std::iter::successors(Some(options.min_size.max(1)), |size| size.checked_mul(2))
        .take_while(move |&size| size <= max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;

    #[test]
    fn sizes_double_from_the_minimum_and_skip_zero() {
        let mut options = Options::new(Kind::Latency);
        (options.min_size, options.max_size) = (0, 5);
        assert_eq!(sizes(&options).collect::<Vec<_>>(), [1, 2, 4]);
        (options.min_size, options.max_size) = (3, 20);
        assert_eq!(sizes(&options).collect::<Vec<_>>(), [3, 6, 12]);
        (options.min_size, options.max_size) = (8, 4);
        assert_eq!(sizes(&options).count(), 0);
    }

    #[test]
    fn large_messages_begin_above_8192_bytes() {
        let options = Options::new(Kind::Latency);
        assert_eq!(Schedule::of(&options, 8192), Schedule { warmup: 200, iterations: 10_000 });
        assert_eq!(Schedule::of(&options, 8193), Schedule { warmup: 10, iterations: 1000 });
    }
}
