//! Message sizes and repetitions.

use crate::options::Options;

/// The sizes in bytes: 0, then the powers of two of `-msglog`.
pub fn sizes(options: &Options) -> Vec<usize> {
    let (min, max) = options.msglog;
    std::iter::once(0).chain((min..=max).map(|log| 1 << log)).collect()
}

/// Repetitions for messages of `size` bytes when one takes `seconds`: not more than `-iter`'s first number, not more than its
/// second number of megabytes (2^20, as the original counts), not longer than `-time`, and at least one.
pub fn repetitions(options: &Options, size: usize, seconds: f64) -> usize {
    let by_volume = match size {
        0 => options.repetitions,
        size => (options.volume_mib << 20) / size,
    };
    let by_time = if seconds > 0.0 { (options.seconds / seconds) as usize } else { options.repetitions };
    options.repetitions.min(by_volume).min(by_time).max(1)
}

/// The numbers of processes a benchmark runs on: `npmin`, doubled up to all, and all.
pub fn process_counts(pair_only: bool, npmin: i32, all: i32) -> Vec<i32> {
    if pair_only {
        return if all >= 2 { vec![2] } else { Vec::new() };
    }
    let doubled =
        std::iter::successors(Some(npmin.min(all)), |count| count.checked_mul(2)).take_while(|&count| count < all);
    doubled.chain([all]).filter(|&count| count >= 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_begin_with_zero() {
        let options = Options { msglog: (3, 5), ..Options::default() };
        assert_eq!(sizes(&options), [0, 8, 16, 32]);
        assert_eq!(sizes(&Options::default()).len(), 24);
    }

    #[test]
    fn repetitions_are_those_of_the_original() {
        // From a run of IMB 2021.11: 1000 up to 32 KiB, then 640, 320, ... 10 at 4 MiB.
        let of = |size| repetitions(&Options::default(), size, 1e-6);
        assert_eq!([0, 32_768, 65_536, 1 << 20, 1 << 22].map(of), [1000, 1000, 640, 40, 10]);
        assert_eq!(repetitions(&Options::default(), 0, 1.0), 10);
        assert_eq!(repetitions(&Options::default(), 1 << 29, 100.0), 1);
    }

    #[test]
    fn process_counts_double_up_to_all() {
        assert_eq!(process_counts(false, 2, 6), [2, 4, 6]);
        assert_eq!(process_counts(false, 2, 8), [2, 4, 8]);
        assert_eq!(process_counts(false, 8, 4), [4]);
        assert_eq!(process_counts(false, 2, 1), [1]);
        assert_eq!(process_counts(true, 2, 4), [2]);
        assert!(process_counts(true, 2, 1).is_empty());
    }
}
