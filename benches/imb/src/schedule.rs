//! Message sizes and repetitions.

use crate::benchmark::{Benchmark, Processes};
use crate::options::{Options, Policy};

/// Repetitions before the clock starts; they also tell how long one takes.
pub const WARMUP: usize = 2;

/// The sizes in bytes: those of `-msglen` or `-msgsize`; or 0 and the powers of two of `-msglog`.
pub fn sizes(options: &Options) -> Vec<usize> {
    let (min, max) = options.msglog;
    let listed = options.lengths.clone();
    let sizes = listed.unwrap_or_else(|| std::iter::once(0).chain((min..=max).map(|log| 1 << log)).collect());
    sizes.into_iter().filter(|&size| size > 0 || options.zero_size).collect()
}

/// Repetitions for messages of `size` bytes when one takes `seconds`, after `previous` of the size before: not more than
/// `-iter`'s first number, not more than its second number of megabytes (2^20, as the original counts), and by `-iter_policy` not
/// longer than `-time` and not more than before, or a multiple of the processes that shrinks with their messages.
pub fn repetitions(
    options: &Options,
    test: &Benchmark,
    size: usize,
    processes: usize,
    seconds: f64,
    previous: Option<usize>,
) -> usize {
    let by_volume = match size {
        0 => options.repetitions,
        size => (options.volume_mib << 20) / size,
    };
    let policy = match options.policy {
        Policy::Auto if test.has_root() => Policy::MultipleOfProcesses,
        Policy::Auto => Policy::Dynamic,
        policy => policy,
    };
    match policy {
        Policy::Off => options.repetitions,
        Policy::MultipleOfProcesses => {
            let longest = (1u64 << options.msglog.1) as f64;
            // At least an element of the original's check is allocated, four bytes.
            let all = (processes * size.max(4)) as f64;
            let times = (options.repetitions as f64 * longest / (all + longest) + 0.5) as usize;
            (times - times % processes).max(processes)
        }
        Policy::Dynamic | Policy::Auto => {
            let by_time = if seconds > 0.0 { (options.seconds / seconds) as usize } else { options.repetitions };
            options.repetitions.min(by_volume).min(by_time).min(previous.unwrap_or(usize::MAX)).max(1)
        }
    }
}

/// The numbers of processes a benchmark runs on: `npmin`, doubled up to all, and all.
pub fn process_counts(processes: Processes, npmin: i32, all: i32) -> Vec<i32> {
    let doubled = |all: i32| -> Vec<i32> {
        let counts = std::iter::successors(Some(npmin.min(all)), |count| count.checked_mul(2));
        counts.take_while(|&count| count < all).chain([all]).filter(|&count| count >= 1).collect()
    };
    match processes {
        Processes::Pair if all >= 2 => vec![2],
        Processes::Pair => Vec::new(),
        Processes::Any => doubled(all),
        Processes::Even => {
            let mut counts: Vec<i32> = doubled(all).into_iter().map(|count| count - count % 2).collect();
            counts.retain(|&count| count >= 2);
            counts.dedup();
            counts
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::{Benchmark, PLAIN, Space};
    use bench_harness::Operation;

    #[test]
    fn sizes_begin_with_zero() {
        let mut options = Options { msglog: (3, 5), ..Options::new(&crate::MPI1) };
        assert_eq!(sizes(&options), [0, 8, 16, 32]);
        options.zero_size = false;
        assert_eq!(sizes(&options), [8, 16, 32]);
        options.lengths = Some(vec![0, 5, 7]);
        assert_eq!(sizes(&options), [5, 7]);
        assert_eq!(sizes(&Options::new(&crate::MPI1)).len(), 24);
    }

    #[test]
    fn repetitions_are_those_of_the_original() {
        // From a run of IMB 2021.11: 1000 up to 32 KiB, then 640, 320, ... 10 at 4 MiB.
        let options = Options::new(&crate::MPI1);
        let of = |size, seconds| repetitions(&options, &PLAIN, size, 2, seconds, None);
        assert_eq!([0, 32_768, 65_536, 1 << 20, 1 << 22].map(|size| of(size, 1e-6)), [1000, 1000, 640, 40, 10]);
        assert_eq!(of(0, 1.0), 10);
        assert_eq!(of(1 << 29, 100.0), 1);
        assert_eq!(repetitions(&options, &PLAIN, 8, 2, 1e-6, Some(7)), 7);
    }

    #[test]
    fn policies_are_those_of_the_original() {
        // From a run of IMB 2021.11 with -iter_policy multiple_np -msglog 2:3 -iter 100 on two processes.
        let mut options = Options { repetitions: 100, msglog: (2, 3), ..Options::new(&crate::MPI1) };
        options.policy = Policy::MultipleOfProcesses;
        let of = |options: &Options, test: &Benchmark, size| repetitions(options, test, size, 2, 1.0, None);
        assert_eq!([0, 4, 8].map(|size| of(&options, &PLAIN, size)), [50, 50, 32]);
        options.policy = Policy::Auto;
        let rooted = Benchmark { space: Space::Collective(Operation::Bcast), ..PLAIN };
        assert_eq!([of(&options, &rooted, 8), of(&options, &PLAIN, 8)], [32, 10]);
        options.policy = Policy::Off;
        assert_eq!(of(&options, &PLAIN, 1 << 22), 100);
    }

    #[test]
    fn process_counts_double_up_to_all() {
        assert_eq!(process_counts(Processes::Any, 2, 6), [2, 4, 6]);
        assert_eq!(process_counts(Processes::Any, 2, 8), [2, 4, 8]);
        assert_eq!(process_counts(Processes::Any, 8, 4), [4]);
        assert_eq!(process_counts(Processes::Any, 2, 1), [1]);
        assert_eq!(process_counts(Processes::Pair, 2, 4), [2]);
        assert!(process_counts(Processes::Pair, 2, 1).is_empty());
        assert_eq!(process_counts(Processes::Even, 2, 5), [2, 4]);
        assert!(process_counts(Processes::Even, 2, 1).is_empty());
    }
}
