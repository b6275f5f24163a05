//! What `-verbose` says: which ranks of which program run where, and what they get.

use crate::plan::Plan;
use std::fmt::Write as _;

/// The plan as text.
pub fn describe(plan: &Plan) -> String {
    let mut text = format!("pip-mpiexec: launcher on {}\n", plan.hostname.display());
    for (index, node) in plan.placement.nodes().iter().enumerate() {
        let place = if node.is_local { "this machine" } else { "another machine" };
        let _ = writeln!(text, "pip-mpiexec: host {index}: {} ({place}), ranks {}", node.host, list(&node.ranks));
    }
    let mut first = 0;
    for segment in &plan.segments {
        let what = if segment.is_rank { "ranks" } else { "tasks beside the ranks" };
        let tasks: Vec<usize> = (first..first + segment.count).collect();
        first += segment.count;
        let words: Vec<String> = segment.args.iter().map(|word| format!("{:?}", word.to_string_lossy())).collect();
        let _ =
            writeln!(text, "pip-mpiexec: {what} {}: {} as {}", list(&tasks), segment.path.display(), words.join(" "));
        if let Some(cwd) = &segment.cwd {
            let _ = writeln!(text, "pip-mpiexec:   in {}", cwd.display());
        }
        if let Some(preloaded) = segment.env.get("LD_PRELOAD") {
            let _ = writeln!(text, "pip-mpiexec:   with {}", preloaded.display());
        }
    }
    for (rank, mask) in plan.masks.iter().enumerate() {
        if let Some(mask) = mask {
            let cpus: Vec<usize> = mask.iter().copied().collect();
            let _ = writeln!(text, "pip-mpiexec: rank {rank}: CPUs {}", list(&cpus));
        }
    }
    text
}

/// Ascending numbers as ranges: `0-3,6`.
fn list(numbers: &[usize]) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let text = |&(low, high): &(usize, usize)| if low == high { low.to_string() } else { format!("{low}-{high}") };
    ranges.iter().map(text).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_become_ranges() {
        assert_eq!(super::list(&[0, 1, 2, 5, 7, 8]), "0-2,5,7-8");
        assert_eq!(super::list(&[]), "");
    }
}
