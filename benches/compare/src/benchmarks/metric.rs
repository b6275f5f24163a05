//! What numbers mean, and what belongs together.

use serde::{Deserialize, Serialize};

use crate::ratio::Ratio;

/// What a number means, and which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Half a round trip, or one operation, in microseconds.
    LatencyUs,
    /// GB/s, 10^9 bytes.
    BandwidthGbs,
    /// Million messages per second.
    MillionMessages,
    /// What happens once, in milliseconds.
    Milliseconds,
}

impl Metric {
    /// The unit's text.
    pub fn unit(self) -> &'static str {
        match self {
            Metric::LatencyUs => "us",
            Metric::BandwidthGbs => "GB/s",
            Metric::MillionMessages => "M/s",
            Metric::Milliseconds => "ms",
        }
    }

    /// The unit on the axis of a plot.
    pub fn axis(self) -> &'static str {
        match self {
            Metric::LatencyUs => "microseconds",
            Metric::BandwidthGbs => "GB/s (10⁹ bytes)",
            Metric::MillionMessages => "million messages per second",
            Metric::Milliseconds => "milliseconds",
        }
    }

    /// Whether less is better.
    pub fn is_time(self) -> bool {
        matches!(self, Metric::LatencyUs | Metric::Milliseconds)
    }

    /// Whether `value` is better than `other`.
    pub fn is_better(self, value: f64, other: f64) -> bool {
        if self.is_time() { value < other } else { value > other }
    }

    /// How many times better `ours` are than `theirs`: above 1 is better, whatever the metric.
    pub fn gain(self, ours: &[f64], theirs: &[f64], chance: f64) -> Ratio {
        let ratio = Ratio::of(ours, theirs, chance);
        if self.is_time() { ratio.inverse() } else { ratio }
    }
}

/// Benchmarks that belong together: a section of the page, a word of `--only`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// Ping-pong.
    Latency,
    /// Windows of long messages, one way and both.
    Bandwidth,
    /// Windows of short messages.
    Rate,
    /// Windows in the other sense.
    OneSided,
    /// What all ranks do together.
    Collectives,
    /// Launcher and MPI_Init.
    Startup,
    /// Datatypes, and a program that is not this project's.
    Programs,
}

impl Group {
    /// In the order of the page.
    pub const ALL: [Self; 7] = [
        Group::Latency,
        Group::Bandwidth,
        Group::Rate,
        Group::OneSided,
        Group::Collectives,
        Group::Startup,
        Group::Programs,
    ];

    /// The word for `--only`.
    pub fn name(self) -> &'static str {
        match self {
            Group::Latency => "latency",
            Group::Bandwidth => "bandwidth",
            Group::Rate => "rate",
            Group::OneSided => "one-sided",
            Group::Collectives => "collectives",
            Group::Startup => "startup",
            Group::Programs => "programs",
        }
    }

    /// The section's heading.
    pub fn title(self) -> &'static str {
        match self {
            Group::Latency => "Latency",
            Group::Bandwidth => "Bandwidth",
            Group::Rate => "Message rate",
            Group::OneSided => "One-sided operations",
            Group::Collectives => "Collectives",
            Group::Startup => "Startup",
            Group::Programs => "A vector, and NetPIPE",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratio::CHANCE;

    #[test]
    fn a_gain_above_one_is_better() {
        let gain = |metric: Metric, ours: f64, theirs: f64| metric.gain(&[ours; 5], &[theirs; 5], CHANCE).value();
        assert_eq!(gain(Metric::LatencyUs, 2.0, 6.0), Some(3.0));
        assert_eq!(gain(Metric::BandwidthGbs, 30.0, 10.0), Some(3.0));
        assert!(Metric::LatencyUs.is_better(1.0, 2.0) && Metric::MillionMessages.is_better(2.0, 1.0));
    }
}
