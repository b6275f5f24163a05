//! Progress on standard error: a bar with the time left on a terminal, a line per round elsewhere.

use std::cell::Cell;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The progress of a known number of runs within a time budget.
pub struct Progress {
    bar: ProgressBar,
    runs: usize,
    budget: Duration,
    start: Instant,
    round: Cell<usize>,
    terminal: bool,
}

impl Progress {
    /// Begins `runs` runs.
    pub fn new(runs: usize, budget: Duration) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(runs as u64), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len}  {msg}") {
            bar.set_style(style);
        }
        Self { bar, runs, budget, start: Instant::now(), round: Cell::new(0), terminal }
    }

    /// Seconds left: by the pace so far, and never more than the budget leaves.
    fn left(&self) -> Option<u64> {
        let done = self.bar.position();
        if done == 0 {
            return None;
        }
        let spent = self.start.elapsed();
        let by_pace = spent.mul_f64((self.runs as f64 - done as f64).max(0.0) / done as f64);
        Some(by_pace.min(self.budget.saturating_sub(spent)).as_secs())
    }

    /// Shows what is running.
    pub fn begin(&self, round: usize, benchmark: &str, rival: &str) {
        let left = self.left().map_or_else(String::new, |seconds| format!(", {seconds} s left"));
        self.bar.set_message(format!("round {round}: {benchmark} under {rival}{left}"));
        if !self.terminal && self.round.replace(round) != round {
            eprintln!("compare: round {round}{left}");
        }
    }

    /// One run is over.
    pub fn step(&self) {
        self.bar.inc(1);
    }

    /// Prints a line above the bar.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| eprintln!("compare: {line}"));
    }

    /// Removes the bar.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
