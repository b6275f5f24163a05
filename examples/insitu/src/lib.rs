//! What the simulation and the analysis agree on: the names and shapes of what is shared ([`meeting`]), the segment of shared
//! memory that the coupling for separate address spaces uses ([`segment`]), and how rows are dealt out ([`rows`]).

pub mod command_line;
pub mod meeting;
pub mod segment;

use std::ops::Range;

/// The two substances, in the order in which everything lists them.
pub const SPECIES: [&str; 2] = ["u", "v"];

/// The rows of `part` when `total` rows are dealt to `parts`; the first ones get the rest.
pub fn rows(total: usize, parts: usize, part: usize) -> Range<usize> {
    let start = |part: usize| total / parts * part + (total % parts).min(part);
    start(part)..start(part + 1)
}

/// How the analysis gets at the arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Coupling {
    /// Not at all.
    Off = 0,
    /// The solver computes in the buffers of a field, the analysis reads there.
    ZeroCopy = 1,
    /// The solver copies its arrays into a field, the analysis reads there.
    OneCopy = 2,
    /// The solver copies into shared memory, the analysis copies out of it.
    Shm = 3,
}

impl Coupling {
    /// All.
    pub const ALL: [Coupling; 4] = [Coupling::Off, Coupling::ZeroCopy, Coupling::OneCopy, Coupling::Shm];

    /// As on the command line.
    pub fn name(self) -> &'static str {
        ["off", "zero-copy", "one-copy", "shm"][self as usize]
    }

    /// The coupling of this number.
    pub fn of(number: u64) -> Option<Coupling> {
        Coupling::ALL.into_iter().find(|coupling| *coupling as u64 == number)
    }

    /// The name of the field that holds a substance.
    pub fn field(self, species: &str) -> String {
        if self == Coupling::ZeroCopy { species.to_owned() } else { format!("{species}.copy") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_somebodys() {
        for (total, parts) in [(10, 3), (4, 4), (512, 7)] {
            let all: Vec<usize> = (0..parts).flat_map(|part| rows(total, parts, part)).collect();
            assert_eq!(all, (0..total).collect::<Vec<_>>());
        }
    }

    #[test]
    fn couplings_have_numbers() {
        assert!(Coupling::ALL.into_iter().all(|coupling| Coupling::of(coupling as u64) == Some(coupling)));
        assert_eq!(Coupling::of(4), None);
    }
}
