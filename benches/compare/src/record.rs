//! What a run leaves: its JSON, which is also what pages are made of and what later runs are compared with.

use std::path::Path;

use anyhow::{Context, Result, bail};
use limits::Cores;
use serde::{Deserialize, Serialize};

use crate::benchmarks::{Benchmark, Bound, Group, Metric};
use crate::campaign::Results;
use crate::machine::Machine;
use crate::rivals::Rival;
use crate::stats::Comparison;

/// The first entry of the JSON. The number changes with the meaning of any other.
pub const FORMAT: &str = "pip-compare 2";

/// Everything about a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// [`FORMAT`].
    pub format: String,
    /// This project's version.
    pub version: String,
    /// Where it ran.
    pub machine: Machine,
    /// The command line.
    pub command: String,
    /// When it began, in UTC.
    pub began: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The order's seed.
    pub seed: u64,
    /// The cores of the calibration.
    pub cores: Cores,
    /// Who was measured: stock MPICH, PiP, the others.
    pub rivals: Vec<Rival>,
    /// Who was not.
    pub absent: Vec<Absent>,
    /// What was measured.
    pub benchmarks: Vec<Test>,
    /// Benchmarks whose programs were not found.
    pub missing: Vec<String>,
    /// The measurements.
    pub results: Results,
}

/// A rival that was asked for and not measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Absent {
    /// The rival's name.
    pub name: String,
    /// What it is.
    pub title: String,
    /// Why it was not measured.
    pub why: String,
}

/// A benchmark as the record knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// The first column.
    pub name: String,
    /// The program.
    pub program: String,
    /// Its arguments.
    pub arguments: String,
    /// Where it belongs.
    pub group: Group,
    /// What its numbers mean.
    pub metric: Metric,
    /// Its limit.
    pub bound: Bound,
    /// The sizes that are compared, in bytes.
    pub sizes: Vec<usize>,
}

impl From<&Benchmark> for Test {
    fn from(test: &Benchmark) -> Self {
        Self {
            name: test.name.to_owned(),
            program: test.program.name().to_owned(),
            arguments: test.arguments.to_owned(),
            group: test.group,
            metric: test.metric,
            bound: test.bound,
            sizes: test.sizes.to_vec(),
        }
    }
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// A sentence when there is none, or it is something else.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display();
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        Self::parse(&text).with_context(|| format!("{name} is no record of this program"))
    }

    /// Reads the text of a record.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(text: &str) -> Result<Self> {
        let value: serde_json::Value = serde_json::from_str(text)?;
        match value.get("format").and_then(serde_json::Value::as_str) {
            Some(FORMAT) => {}
            Some(other) => bail!("its format is '{other}', not '{FORMAT}'; measure again with this version"),
            None => bail!("it has no entry 'format' that says '{FORMAT}'"),
        }
        let record: Self = serde_json::from_value(value)?;
        record.check()?;
        Ok(record)
    }

    /// Indices that lead nowhere would be found late.
    fn check(&self) -> Result<()> {
        let (benchmarks, rivals) = (self.benchmarks.len(), self.rivals.len());
        let pairs = self.results.runs.iter().map(|run| (run.benchmark, run.rival));
        let pairs = pairs.chain(self.results.failures.iter().map(|failed| (failed.benchmark, failed.rival)));
        if rivals < 2 || pairs.into_iter().any(|(benchmark, rival)| benchmark >= benchmarks || rival >= rivals) {
            bail!("its runs belong to benchmarks or rivals that it does not list");
        }
        let copies = crate::campaign::COPY_SIZES.len();
        if self.results.limits.iter().any(|limits| limits.copies.len() != copies) {
            bail!("its limits are not those of {copies} sizes");
        }
        Ok(())
    }

    /// Its text, with what it says about each line in `table`.
    ///
    /// # Errors
    /// When a number cannot be written.
    pub fn text(&self, lines: &[Comparison]) -> Result<String> {
        #[derive(Serialize)]
        struct Text<'a> {
            #[serde(flatten)]
            record: &'a Record,
            table: &'a [Comparison],
        }
        Ok(serde_json::to_string_pretty(&Text { record: self, table: lines }).context("cannot form JSON")? + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made_up;
    use crate::stats::compare;

    #[test]
    fn a_record_is_read_back() {
        let record = made_up::record(3, &[(0, 60.0, 1.0), (2, 400.0, 0.5)]);
        let text = record.text(&compare(&record)).expect("JSON");
        let again = Record::parse(&text).expect("its own text");
        assert_eq!(again.text(&compare(&again)).expect("JSON"), text);
        let broken = text.replace("\"rival\": 2", "\"rival\": 7");
        assert!(Record::parse(&broken).is_err_and(|why| why.to_string().contains("does not list")));
    }

    #[test]
    fn what_is_no_record_is_refused_with_a_reason() {
        let why = |text: &str| format!("{:#}", Record::parse(text).expect_err(text));
        assert!(why("{}").contains("no entry 'format'"));
        assert!(why(r#"{"format": "pip-compare 1"}"#).contains("'pip-compare 1'"));
        assert!(why(r#"{"format": "pip-compare 2"}"#).contains("missing field"));
        assert!(why("junk").contains("expected value"));
    }
}
