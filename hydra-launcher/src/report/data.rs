//! What is known of one rank: from the launcher, and from the report that the rank's shim sent at MPI_Finalize.

use std::collections::BTreeMap;
use std::time::Duration;

/// Names of the classes of message sizes, as `pip-mpi-shim/src/report.rs` counts them.
pub const CLASSES: [&str; 7] = ["to 64 B", "to 528 B", "to 4 KiB", "to 16 KiB", "to 64 KiB", "to 1 MiB", "longer"];

/// Messages and bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Number of messages.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Tally {
    /// Adds others.
    pub fn add(&mut self, other: Tally) {
        self.messages = self.messages.saturating_add(other.messages);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// What was sent to one peer on one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The way's name.
    pub way: String,
    /// The peer's rank in MPI_COMM_WORLD.
    pub peer: usize,
    /// All of it.
    pub all: Tally,
    /// Messages by class of size.
    pub classes: [u64; CLASSES.len()],
}

/// What a rank's shim counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// From MPI_Init to MPI_Finalize.
    pub time: Duration,
    /// By MPI function: calls, and time in them.
    pub calls: BTreeMap<String, (u64, Duration)>,
    /// By peer and way.
    pub sent: Vec<Sent>,
    /// What is not counted by peer, by name.
    pub tallies: BTreeMap<String, Tally>,
}

/// One rank, or task beside the ranks.
#[derive(Debug, Default)]
pub struct RankData {
    /// What messages call it.
    pub name: String,
    /// Its host.
    pub host: String,
    /// Its PID there.
    pub pid: i32,
    /// Its program.
    pub program: String,
    /// Whether it was a task, an ordinary process, ...
    pub kind: &'static str,
    /// How it ended, in words.
    pub end: String,
    /// What its shim counted, if it told.
    pub counted: Option<Counted>,
}

impl Counted {
    /// Reads the text of a report. What it does not know, or what makes no sense, is left out: it comes from a program that may
    /// do anything.
    pub fn read(text: &str, size: usize) -> Counted {
        let mut counted = Counted::default();
        for record in text.split(';') {
            let fields: Vec<&str> = record.split(',').collect();
            let number = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok());
            let time = |index: usize| number(index).map(Duration::from_nanos);
            match fields[0] {
                "time" => counted.time = time(1).unwrap_or_default(),
                "call" => {
                    if let (Some(name), Some(count), Some(time)) = (fields.get(1), number(2), time(3)) {
                        counted.calls.insert((*name).to_owned(), (count, time));
                    }
                }
                "sent" => {
                    let classes: Option<Vec<u64>> = (4..4 + CLASSES.len()).map(number).collect();
                    if let (Some(peer), Some(bytes), Some(classes)) = (number(2), number(3), classes)
                        && (peer as usize) < size
                    {
                        let messages = classes.iter().fold(0, |sum: u64, &count| sum.saturating_add(count));
                        let classes = classes.try_into().unwrap_or_default();
                        let (way, peer) = (fields[1].to_owned(), peer as usize);
                        counted.sent.push(Sent { way, peer, all: Tally { messages, bytes }, classes });
                    }
                }
                "tally" => {
                    if let (Some(name), Some(messages), Some(bytes)) = (fields.get(1), number(2), number(3)) {
                        counted.tallies.insert((*name).to_owned(), Tally { messages, bytes });
                    }
                }
                _ => {}
            }
        }
        counted
    }

    /// Time between MPI_Init and MPI_Finalize spent in MPI functions.
    pub fn in_mpi(&self) -> Duration {
        let after_init = self.calls.iter().filter(|(name, _)| !name.starts_with("MPI_Init"));
        after_init.map(|(_, (_, time))| *time).sum()
    }

    /// That as a part of all time between them, from 0 to 1.
    pub fn share_in_mpi(&self) -> f64 {
        let start: Duration =
            self.calls.iter().filter(|(name, _)| name.starts_with("MPI_Init")).map(|(_, (_, time))| *time).sum();
        let time = self.time.saturating_sub(start).as_secs_f64();
        if time > 0.0 { (self.in_mpi().as_secs_f64() / time).min(1.0) } else { 0.0 }
    }

    /// All that was sent.
    pub fn all_sent(&self) -> Tally {
        let mut all = Tally::default();
        self.sent.iter().for_each(|sent| all.add(sent.all));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_report_is_read() {
        let text = "time,1000;call,MPI_Init,1,200;call,MPI_Send,5,400;sent,mailbox,1,77,5,0,0,0,0,0,0;\
            sent,offered,9,1,1,0,0,0,0,0,0;sent,mailbox,0,1;tally,received,3,30;what,ever;";
        let counted = Counted::read(text, 2);
        assert_eq!(counted.time, Duration::from_nanos(1000));
        assert_eq!((counted.in_mpi(), counted.share_in_mpi()), (Duration::from_nanos(400), 0.5));
        assert_eq!(counted.sent.len(), 1, "rank 9 of 2 is left out, and so is what is not complete");
        assert_eq!(counted.all_sent(), Tally { messages: 5, bytes: 77 });
        assert_eq!(counted.tallies["received"], Tally { messages: 3, bytes: 30 });
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "((time|call|sent|tally|[a-z]{0,3})(,([0-9]{1,21}|[a-z<&]{0,4})){0,12};){0,9}") {
            let counted = Counted::read(&text, 4);
            prop_assert!(counted.sent.iter().all(|sent| sent.peer < 4));
            prop_assert!((0.0..=1.0).contains(&counted.share_in_mpi()));
        }
    }
}
