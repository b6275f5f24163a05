//! What a run of `compare scaling` leaves: its JSON.

use std::path::Path;

use anyhow::{Context, Result, bail};
use limits::{BUSY_ABOVE, Cores, Times};
use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::parse::Points;
use crate::rivals::Rival;
use crate::stats::Summary;

/// The first entry of the JSON.
pub const FORMAT: &str = "pip-scaling 1";

/// The size of the messages and buffers whose copy is measured, in bytes.
pub const COPIED: usize = 64 << 10;

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
    /// Whether it was ended before its time.
    pub interrupted: bool,
    /// The cores of the calibration.
    pub cores: Cores,
    /// Stock MPICH and PiP.
    pub rivals: Vec<Rival>,
    /// The numbers of ranks.
    pub ranks: Vec<usize>,
    /// Rounds that were begun.
    pub rounds: usize,
    /// Round trips of a cache line, before and after each run, in nanoseconds.
    pub round_trips_ns: Vec<f64>,
    /// How many cores other programs used, by run.
    #[serde(default)]
    pub others: Vec<f64>,
    /// Copies of [`COPIED`] bytes.
    pub copies: Vec<Times>,
    /// What was measured of ranks.
    pub samples: Vec<Sample>,
    /// What was measured of two ranks, by message size.
    pub messages: Vec<Message>,
    /// What was not measured.
    pub gaps: Vec<Gap>,
}

/// A value of so many ranks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sample {
    /// The rival's index.
    pub rival: usize,
    /// How many ranks.
    pub ranks: usize,
    /// What it is.
    pub what: What,
    /// In the unit of `what`.
    pub value: f64,
    /// How often it was done for this value.
    pub count: f64,
}

/// Values of two ranks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// The rival's index.
    pub rival: usize,
    /// Million messages a second in windows; else the latency in microseconds.
    pub is_rate: bool,
    /// By size in bytes.
    pub points: Points,
}

/// Something that was not measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// The rival's index.
    pub rival: usize,
    /// How many ranks.
    pub ranks: usize,
    /// What, and why.
    pub why: String,
}

/// What is measured of a number of ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// MPI_Barrier, in microseconds.
    Barrier,
    /// MPI_Allreduce of a double, in microseconds.
    Allreduce,
    /// MPI_Alltoall of 64 KiB, in microseconds.
    Alltoall,
    /// Half a round trip of 8 bytes while all others block in MPI_Recv, in microseconds.
    PingPong,
    /// From the start of the launcher to its end, in milliseconds.
    Launch,
    /// Page tables of all address spaces, in KiB.
    PageTables,
    /// Memory without a file of all address spaces, in KiB.
    Anonymous,
    /// How many there are.
    AddressSpaces,
}

impl What {
    /// In the order of the page.
    pub const ALL: [Self; 8] = [
        What::Barrier,
        What::Allreduce,
        What::Alltoall,
        What::PingPong,
        What::Launch,
        What::PageTables,
        What::Anonymous,
        What::AddressSpaces,
    ];

    /// The word that `scaling-ranks` prints.
    pub fn word(self) -> &'static str {
        match self {
            What::Barrier => "barrier",
            What::Allreduce => "allreduce",
            What::Alltoall => "alltoall",
            What::PingPong => "ping-pong",
            What::Launch => "launch",
            What::PageTables => "page-tables",
            What::Anonymous => "anonymous",
            What::AddressSpaces => "address-spaces",
        }
    }

    /// The title of its plot.
    pub fn title(self) -> &'static str {
        match self {
            What::Barrier => "MPI_Barrier",
            What::Allreduce => "MPI_Allreduce of 8 B",
            What::Alltoall => "MPI_Alltoall of 64 KiB for each pair",
            What::PingPong => "Ping-pong of 8 B of two ranks, all others in MPI_Recv",
            What::Launch => "Launcher, MPI_Init, MPI_Finalize",
            What::PageTables => "Page tables of the whole job after MPI_Init",
            What::Anonymous => "Memory of their own of all ranks after MPI_Init",
            What::AddressSpaces => "Address spaces",
        }
    }

    /// The unit.
    pub fn unit(self) -> &'static str {
        match self {
            What::Barrier | What::Allreduce | What::Alltoall | What::PingPong => "us",
            What::Launch => "ms",
            What::PageTables | What::Anonymous => "KiB",
            What::AddressSpaces => "",
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
        Self::parse(&text).with_context(|| format!("{name} is no record of compare scaling"))
    }

    fn parse(text: &str) -> Result<Self> {
        let value: serde_json::Value = serde_json::from_str(text)?;
        match value.get("format").and_then(serde_json::Value::as_str) {
            Some(FORMAT) => {}
            other => bail!("its entry 'format' is '{}', not '{FORMAT}'", other.unwrap_or("missing")),
        }
        let record: Self = serde_json::from_value(value)?;
        let rivals = record.samples.iter().map(|sample| sample.rival);
        let rivals = rivals
            .chain(record.messages.iter().map(|message| message.rival))
            .chain(record.gaps.iter().map(|gap| gap.rival));
        if record.rivals.len() != 2 || rivals.into_iter().any(|rival| rival > 1) {
            bail!("it is not of stock MPICH and PiP");
        }
        Ok(record)
    }

    /// The round trips that were measured while nobody else had the cores.
    pub fn round_trips(&self) -> Vec<f64> {
        self.round_trips_ns.iter().copied().filter(|ns| *ns < BUSY_ABOVE).collect()
    }

    /// What was measured of so many ranks under a rival.
    pub fn summary(&self, rival: usize, what: What, ranks: usize) -> Option<Summary> {
        let samples =
            self.samples.iter().filter(|sample| (sample.rival, sample.what, sample.ranks) == (rival, what, ranks));
        Summary::of(&samples.map(|sample| sample.value).collect::<Vec<_>>())
    }

    /// The medians of a rival by ranks.
    pub fn medians(&self, rival: usize, what: What) -> Vec<(f64, f64)> {
        let median = |&ranks: &usize| Some((ranks as f64, self.summary(rival, what, ranks)?.median));
        self.ranks.iter().filter_map(median).collect()
    }

    /// The medians of messages of two ranks by size.
    pub fn message_medians(&self, rival: usize, is_rate: bool) -> Vec<(f64, f64)> {
        let mut by_size = std::collections::BTreeMap::<usize, Vec<f64>>::new();
        for message in self.messages.iter().filter(|message| (message.rival, message.is_rate) == (rival, is_rate)) {
            for (size, value) in &message.points {
                by_size.entry(*size).or_default().push(*value);
            }
        }
        by_size.into_iter().filter_map(|(size, values)| Some((size as f64, crate::stats::median(&values)?))).collect()
    }
}
