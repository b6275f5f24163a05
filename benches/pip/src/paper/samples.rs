//! Everything that was measured, and its medians.

use super::participants;
use crate::report::quantile;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The measures of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// At a number of bytes.
    SetUp,
    /// At a number of bytes.
    FirstTouch,
    /// At a number of participants.
    PageTables,
    /// At a number of pages.
    HandOver,
}

impl Measure {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Measure::SetUp => "set-up",
            Measure::FirstTouch => "first-touch",
            Measure::PageTables => "page-tables",
            Measure::HandOver => "hand-over",
        }
    }
}

/// What a sample is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Of which measure.
    pub measure: Measure,
    /// Of whom, a place in [`participants::ALL`].
    pub who: usize,
    /// Of what, with its unit in brackets.
    pub what: String,
    /// At which point of the measure's axis.
    pub at: u64,
}

/// A median with its quartiles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// The middle.
    pub median: f64,
    /// A quarter is below.
    pub lower: f64,
    /// A quarter is above.
    pub upper: f64,
    /// Samples.
    pub count: usize,
}

impl Summary {
    /// In another unit.
    pub fn times(self, factor: f64) -> Summary {
        let Summary { median, lower, upper, count } = self;
        Summary { median: median * factor, lower: lower * factor, upper: upper * factor, count }
    }
}

/// The samples.
#[derive(Debug, Default)]
pub struct Samples(BTreeMap<Key, Vec<f64>>);

impl Samples {
    /// One more.
    pub fn add(&mut self, measure: Measure, who: usize, what: &str, at: u64, value: f64) {
        self.0.entry(Key { measure, who, what: what.to_owned(), at }).or_default().push(value);
    }

    /// The summary of what was measured, if it was.
    pub fn summary(&self, measure: Measure, who: usize, what: &str, at: u64) -> Option<Summary> {
        summary(self.0.get(&Key { measure, who, what: what.to_owned(), at })?)
    }

    /// Who was measured.
    pub fn participants(&self, measure: Measure) -> Vec<usize> {
        let measured = |who: &usize| self.0.keys().any(|key| key.measure == measure && key.who == *who);
        (0..participants::ALL.len()).filter(measured).collect()
    }

    /// Points of the measure's axis.
    pub fn points(&self, measure: Measure) -> Vec<u64> {
        let mut points: Vec<u64> = self.0.keys().filter(|key| key.measure == measure).map(|key| key.at).collect();
        points.sort_unstable();
        points.dedup();
        points
    }

    /// All medians.
    pub fn to_json(&self) -> Value {
        let entry = |(key, samples): (&Key, &Vec<f64>)| {
            let Summary { median, lower, upper, count } = summary(samples)?;
            Some(json!({
                "measure": key.measure.name(), "participants": participants::ALL[key.who].name, "what": key.what,
                "at": key.at, "median": median, "lower_quartile": lower, "upper_quartile": upper, "samples": count,
            }))
        };
        self.0.iter().filter_map(entry).collect()
    }
}

fn summary(samples: &[f64]) -> Option<Summary> {
    let part = |part| quantile(samples, part);
    Some(Summary { median: part(0.5)?, lower: part(0.25)?, upper: part(0.75)?, count: samples.len() })
}
