//! Reads what the benchmarks print. A line that is not a row is skipped: launchers and libraries print warnings.

use std::collections::BTreeMap;

/// Values by message size in bytes.
pub type Points = BTreeMap<usize, f64>;

/// Rows of an OSU benchmark: the size and the first value after it.
pub fn osu(output: &str) -> Points {
    output.lines().filter_map(osu_row).collect()
}

fn osu_row(line: &str) -> Option<(usize, f64)> {
    let mut words = line.split_whitespace();
    let bytes = words.next()?.parse().ok()?;
    Some((bytes, value(words.next()?)?))
}

/// Rows of an OSU benchmark of a derived datatype, `SIZE VALUE TRANSMIT_SIZE`: the bytes that were sent and the value.
pub fn osu_transmitted(output: &str) -> Points {
    let row = |line: &str| {
        let (_, value) = osu_row(line)?;
        Some((line.split_whitespace().nth(2)?.parse().ok()?, value))
    };
    output.lines().filter_map(row).collect()
}

/// A line of nothing but numbers, of which the first counts: osu_barrier, which has no size. Its size is 0.
pub fn alone(output: &str) -> Points {
    let numbers = |line: &str| line.split_whitespace().map(value).collect::<Option<Vec<_>>>()?.first().copied();
    output.lines().find_map(numbers).map(|value| (0, value)).into_iter().collect()
}

/// The average of osu_init, `nprocs: 2, min: 99 ms, max: 111 ms, avg: 105 ms`, in milliseconds. Its size is 0.
pub fn average(output: &str) -> Points {
    let average = |line: &str| value(line.split_once("avg:")?.1.split_whitespace().next()?);
    output.lines().find_map(average).map(|value| (0, value)).into_iter().collect()
}

/// Rows of NetPIPE, `  0:       8 bytes 103206 times -->    160.50 Mbps in       0.38 usec`: the size and the microseconds.
pub fn netpipe(output: &str) -> Points {
    output.lines().filter_map(netpipe_row).collect()
}

fn netpipe_row(line: &str) -> Option<(usize, f64)> {
    let (_, row) = line.split_once(':')?;
    let words: Vec<&str> = row.split_whitespace().collect();
    match words[..] {
        [bytes, "bytes", _, "times", "-->", _, "Mbps", "in", time, "usec"] => Some((bytes.parse().ok()?, value(time)?)),
        _ => None,
    }
}

/// A measured value: a positive finite number. A zero or `inf` is no measurement and must not reach a ratio.
fn value(word: &str) -> Option<f64> {
    word.parse().ok().filter(|value: &f64| value.is_finite() && *value > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn osu_rows_are_read_and_the_rest_skipped() {
        let output = "\n# OSU MPI Latency Test v7.4\n# Size       Avg Latency(us)        Validation\n\
            warning: 3 things\n1                       0.47              Pass\n4194304               666.85\n8   inf\n16  0.00\n";
        assert_eq!(osu(output), Points::from([(1, 0.47), (4_194_304, 666.85)]));
    }

    #[test]
    fn rows_of_derived_datatypes_are_known_by_what_was_sent() {
        let output =
            "# Size       Avg Latency(us)     Transmit Size\n524288              64.25            262144\n8  1.0\n";
        assert_eq!(osu_transmitted(output), Points::from([(262_144, 64.25)]));
    }

    #[test]
    fn numbers_without_a_size_are_read() {
        assert_eq!(alone("# OSU MPI Barrier\nwarning 1\n       0.45   0.40  0.50\n9\n"), Points::from([(0, 0.45)]));
        assert_eq!(alone("0.00\n"), Points::new());
        let init = "\n# OSU MPI Init Test v0.1\nnprocs: 2, min: 99 ms, max: 111 ms, avg: 105 ms\n";
        assert_eq!(average(init), Points::from([(0, 105.0)]));
    }

    #[test]
    fn netpipe_rows_are_read_and_the_rest_skipped() {
        let output = "Using no perturbations\n0: vm\nNow starting the main loop\n\
            \x20 0:       8 bytes 103206 times -->    160.50 Mbps in       0.38 usec\n\
            \x2034: 1048576 bytes    436 times -->  77944.18 Mbps in     102.64 usec\n 35: broken\n";
        assert_eq!(netpipe(output), Points::from([(8, 0.38), (1_048_576, 102.64)]));
    }
}
