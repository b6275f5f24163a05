//! What other programs, and the host of a virtual machine, took of the cores during a run. Two calibrations may find the cores
//! near while everything between them was disturbed.

use std::time::Instant;

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// Cores' worth of others during a run from which it counts for nothing.
pub const MOST: f64 = 0.15;

/// The kernel counts in hundredths of a second (USER_HZ), on each core: so much is nothing.
const COARSE: f64 = 0.03;

/// A moment from which on load is counted.
pub struct Load {
    all: Option<f64>,
    own: f64,
    at: Instant,
}

impl Load {
    /// From now on.
    pub fn now() -> Self {
        let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
        Self { all: seconds(&stat), own: own(), at: Instant::now() }
    }

    /// How many cores others used since then, on average. Processes of a run count as our own when they have been waited for.
    /// 0 where /proc does not tell.
    pub fn others(&self) -> f64 {
        let now = Self::now();
        let Some((before, after)) = self.all.zip(now.all) else { return 0.0 };
        let others = (after - before) - (now.own - self.own) - COARSE;
        (others / self.at.elapsed().as_secs_f64().max(1e-3)).max(0.0)
    }
}

/// Seconds of all cores that were not idle, by /proc/stat: user, nice, system, irq, softirq, steal.
fn seconds(stat: &str) -> Option<f64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Vec<f64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let hundredths: f64 = [0, 1, 2, 5, 6, 7].iter().filter_map(|&at| fields.get(at)).sum();
    (fields.len() > 7).then_some(hundredths / 100.0)
}

/// Seconds of this process and of what it has waited for.
fn own() -> f64 {
    let seconds =
        |usage: Usage| (usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64 / 1e6;
    [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN]
        .into_iter()
        .filter_map(|who| getrusage(who).ok())
        .map(seconds)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_is_no_load() {
        let stat = "cpu  100 10 50 9000 70 5 15 20 0 0\ncpu0 1 2 3\n";
        assert_eq!(seconds(stat), Some(2.0));
        assert_eq!(seconds("cpu 1 2"), None);
    }

    #[test]
    fn what_we_do_ourselves_is_not_others() {
        let load = Load { all: Some(own()), own: own(), at: Instant::now() };
        let mut sum = 0_u64;
        while load.at.elapsed().as_millis() < 60 {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(own() - load.own > 0.0 && Load::now().others() < 100.0, "{sum}");
    }
}
