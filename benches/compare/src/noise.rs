//! How noisy the machine was: which states it was in, and how far the runs of one cell lie apart.

use limits::{BUSY_ABOVE, State};

use crate::record::Record;
use crate::stats::{Comparison, STATES, median};

/// The machine during a run.
#[derive(Debug)]
pub struct Noise {
    /// Runs by state: near, middle, far, mixed.
    pub runs: [(State, usize); 4],
    /// The median of how far the quartiles of a cell are apart, as a part of its median; cells of at least [`ENOUGH`] runs.
    pub typical: Option<f64>,
    /// Nine tenths of the cells spread less.
    pub high: Option<f64>,
    /// How often the state changed from one run to the next.
    pub changes: usize,
    /// Runs during which others had the cores.
    pub busy: usize,
}

/// Runs of a cell whose spread says something.
const ENOUGH: usize = 4;

impl Noise {
    /// Of a record and its comparisons.
    pub fn of(record: &Record, lines: &[Comparison]) -> Self {
        let runs = &record.results.runs;
        let count = |state| (state, runs.iter().filter(|run| run.state == state).count());
        let cells = lines.iter().flat_map(|line| line.summaries.iter().flatten());
        let mut spreads: Vec<f64> =
            cells.filter(|cell| cell.count >= ENOUGH).map(super::stats::Summary::spread).collect();
        spreads.sort_by(f64::total_cmp);
        Self {
            runs: [State::Near, State::Middle, State::Far, State::Mixed].map(count),
            typical: median(&spreads),
            high: spreads.get(spreads.len() * 9 / 10).copied(),
            busy: runs
                .iter()
                .filter(|run| run.others > crate::load::MOST || run.round_trip_ns.iter().any(|ns| *ns > BUSY_ABOVE))
                .count(),
            changes: runs.windows(2).filter(|pair| pair[0].state != pair[1].state).count(),
        }
    }

    /// `310 runs: 120 near, 0 middle, 170 far, 20 mixed (dropped); the state changed 14 times.` and what it means for cells.
    pub fn sentences(&self) -> String {
        let all: usize = self.runs.iter().map(|(_, count)| count).sum();
        let parts: Vec<String> = self.runs.iter().map(|(state, count)| format!("{count} {}", state.name())).collect();
        let mut text = format!("{all} runs: {} (dropped); the state changed {} times.", parts.join(", "), self.changes);
        if self.busy > 0 {
            let runs = crate::text::count(self.busy, "run");
            text +=
                &format!(" Other programs used the cores in {runs}, which were dropped: end them and measure again.");
        }
        if let (Some(typical), Some(high)) = (self.typical, self.high) {
            let word = match typical {
                part if part < 0.05 => "quiet",
                part if part < 0.15 => "somewhat noisy",
                _ => "noisy",
            };
            text += &format!(
                " The machine was {word}: the middle half of the runs of a cell spans {:.0} % of its median in half of all \
                 cells, and more than {:.0} % in a tenth of them.",
                typical * 100.0,
                high * 100.0
            );
        } else {
            text += " No cell has the four runs that its spread could be told from.";
        }
        text
    }
}

/// The states that have lines, the one with the most runs first.
pub fn states(record: &Record, lines: &[Comparison]) -> Vec<State> {
    let mut states: Vec<State> =
        STATES.into_iter().filter(|state| lines.iter().any(|line| line.state == *state)).collect();
    let count = |state: &State| record.results.runs.iter().filter(|run| run.state == *state).count();
    states.sort_by_key(|state| std::cmp::Reverse(count(state)));
    states
}

/// The median round trip of a cache line during the runs in `state`, in nanoseconds.
pub fn round_trip(record: &Record, state: State) -> Option<f64> {
    let runs = record.results.runs.iter().filter(|run| run.state == state);
    median(&runs.flat_map(|run| run.round_trip_ns).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made_up;
    use crate::stats::compare;

    #[test]
    fn states_and_spread_are_told() {
        let runs: Vec<(usize, f64, f64)> =
            [1.0, 1.0, 1.2, 1.4, 1.6, 1.8].into_iter().flat_map(|us| [(0, 60.0, us), (1, 400.0, us)]).collect();
        let record = made_up::record(2, &runs);
        let lines = compare(&record);
        let noise = Noise::of(&record, &lines);
        assert_eq!((noise.changes, noise.runs[0], noise.runs[2]), (11, (State::Near, 6), (State::Far, 6)));
        assert!(!noise.sentences().contains("Other programs"));
        let busy = made_up::record(2, &[(0, 1e6, 1.0)]);
        assert!(Noise::of(&busy, &[]).sentences().contains("Other programs used the cores in 1 run,"));
        assert!(noise.sentences().contains("was noisy"), "{}", noise.sentences());
        assert_eq!(states(&record, &lines), [State::Near, State::Far]);
        assert_eq!(round_trip(&record, State::Far), Some(400.0));
        assert!(Noise::of(&made_up::record(2, &[]), &[]).sentences().contains("No cell"));
    }
}
